//! Records with very many fields, and stores with very many names of fields and sets of attributes.

use std::fmt::Write;

use gastrolog_engine::{Cancel, QueryRequest, Service};
use gastrolog_server::Client;
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::meter::{peak_mb, row, serve, size};
use crate::support::Place;

/// Every field costs a column of a row group; see `Caps` of the builder of row groups.
const SERVER_MB: u64 = 700;

const BATCH: u64 = 5_000;

fn client(serving: &crate::support::Serving) -> Client {
    Client::connect_tcp(serving.address).unwrap()
}

fn count(client: &Client, query: &str) -> String {
    let mut rows = String::new();
    let request = QueryRequest { query: query.to_owned(), ..QueryRequest::default() };
    let end = client.query(&request, &Cancel::default(), &mut |answer| {
        let _ = write!(rows, "{answer:?}");
        true
    });
    end.unwrap_or_else(|e| panic!("{query}: {e}"));
    rows
}

#[test]
fn a_hundred_thousand_keys_in_one_record() {
    let place = Place::new();
    let serving = serve(&place, "");
    let json = |n: u32| (0..n).map(|i| format!("\"k{i:05}\":1")).collect::<Vec<_>>().join(",");
    let pairs: String = (0..100_000).map(|i| format!("k{i:05}={i} ")).collect();
    let lines = format!("{{{}}}\n{{{}}}\n{}\n", json(80_000), json(100_000), pairs);
    let file = place.beside("keys", lines.as_bytes());
    place.ok(&["ingest", "-q", file.to_str().unwrap()]);
    place.ok(&["seal"]);
    assert_eq!(place.everything(), lines.as_bytes());
    place.ok(&["query", "--limit", "1", "k99999"]);
    place.ok(&["fields", "--output", "json"]);
    row("100000 keys in one record (JSON, key=value)", "stored", peak_mb(serving.id()), SERVER_MB);
}

/// Each value's name has the key above it: a record of a megabyte would have names of half a gigabyte.
#[test]
fn a_key_of_half_a_megabyte_above_a_thousand_others() {
    let place = Place::new();
    let serving = serve(&place, "");
    let members = (0..1000).map(|i| format!("\"k{i}\":{i}")).collect::<Vec<_>>().join(",");
    let json =
        |c: &str, bytes: usize| format!("{{\"{}\":{{{members}}},\"level\":\"info\"}}\n", c.repeat(bytes));
    let element =
        |c: &str| format!("<165>1 - - - - - [{}{}] x\n", c.repeat(1000), " a=\"1\"".repeat(100_000));
    let long: String = ["a", "b", "c", "d"].iter().map(|c| json(c, 500_000) + &element(c)).collect();
    let lines = long + &json("e", 4000);
    let file = place.beside("keys", lines.as_bytes());
    place.ok(&["ingest", "-q", file.to_str().unwrap()]);
    let client = client(&serving);
    for _ in 0..2 {
        assert!(count(&client, "level=info | stats count()").contains("Int(1)"));
        assert!(count(&client, "level info | stats count()").contains("Int(5)"));
        assert!(count(&client, &format!("{}.k7=7 | stats count()", "e".repeat(4000))).contains("Int(1)"));
        assert!(client.fields(&QueryRequest::default(), &Cancel::default()).is_ok());
        client.seal("").unwrap();
    }
    assert_eq!(place.everything(), lines.as_bytes());
    row(
        "a key of 500 kB above 1,000 others, each in its name",
        "stored, found",
        peak_mb(serving.id()),
        SERVER_MB,
    );
}

#[test]
fn names_of_fields_without_end() {
    let place = Place::new();
    let serving = serve(&place, "");
    let client = client(&serving);
    let all = size(60_000, 1_000_000);
    for start in (0..all).step_by(BATCH as usize) {
        let lines: String =
            (start..start + BATCH).map(|i| format!("{{\"f{i}\":{i},\"level\":\"info\"}}\n")).collect();
        client
            .append("", Batch::from_lines(lines.into_bytes(), Attributes::default(), Timestamp(1)))
            .unwrap();
    }
    client.seal("").unwrap();
    assert!(count(&client, "level=info | stats count()").contains(&format!("Int({all})")));
    assert!(count(&client, "f31=31 | stats count()").contains("Int(1)"));
    assert!(client.fields(&QueryRequest::default(), &Cancel::default()).is_ok());
    row(
        &format!("{all} different names of fields over time"),
        "stored, found",
        peak_mb(serving.id()),
        SERVER_MB,
    );
}

#[test]
fn sets_of_attributes_without_end() {
    let place = Place::new();
    let serving = serve(&place, "");
    let client = client(&serving);
    let all = size(200_000, 10_000_000);
    for start in (0..all).step_by(BATCH as usize) {
        let mut batch = Batch::default();
        for i in start..start + BATCH {
            let attributes = Attributes::new([("pod", format!("pod-{i}").into_bytes())]);
            batch.push(b"level=info msg=hello", &attributes, Timestamp(i as i64), Timestamp::NONE);
        }
        client.append("", batch).unwrap();
    }
    client.seal("").unwrap();
    assert!(count(&client, "level=info | stats count()").contains(&format!("Int({all})")));
    assert!(count(&client, &format!("pod=pod-{} | stats count()", all - 1)).contains("Int(1)"));
    row(&format!("{all} different sets of attributes"), "stored, found", peak_mb(serving.id()), SERVER_MB);
}

/// Appends records of one batch each `per_batch`, and looks whether all of them can be read, waiting and sealed.
fn attributes(attack: &str, all: u64, per_batch: u64, of: &dyn Fn(u64) -> Attributes) {
    let place = Place::new();
    let serving = serve(&place, "");
    let client = client(&serving);
    for start in (0..all).step_by(per_batch as usize) {
        let mut batch = Batch::default();
        for i in start..start + per_batch {
            batch.push(b"level=info msg=hello", &of(i), Timestamp(i as i64), Timestamp::NONE);
        }
        client.append("", batch).unwrap();
    }
    for _ in 0..2 {
        assert!(count(&client, "msg=hello | stats count()").contains(&format!("Int({all})")));
        assert_eq!(client.verify("", &mut |_, _| ()).unwrap().problems, Vec::<String>::new());
        let (name, value) = (format!("name{}", all - 1), all - 1);
        assert!(count(&client, &format!("{name}={value} | stats count()")).contains("Int(1)"));
        client.seal("").unwrap();
    }
    row(attack, "stored, found", peak_mb(serving.id()), SERVER_MB);
}

#[test]
fn names_of_attributes_without_end() {
    let all = size(20_000, 1_000_000);
    let of = |i: u64| Attributes::new([(format!("name{i}"), i.to_string().into_bytes())]);
    attributes(&format!("{all} different names of attributes"), all, BATCH, &of);
}

#[test]
fn attributes_of_a_megabyte() {
    let all = size(400, 2_000);
    let of = |i: u64| {
        let large: Vec<u8> = (0..1_000_000u64).map(|n| (n.wrapping_mul(i * 2 + 1) >> 7) as u8).collect();
        Attributes::new([("large".to_owned(), large), (format!("name{i}"), i.to_string().into_bytes())])
    };
    attributes(&format!("{all} records with an attribute of 1 MB each"), all, 5, &of);
}
