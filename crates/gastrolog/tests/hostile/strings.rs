//! Text that breaks others: bytes that are not UTF-8, NUL, byte order marks, lone surrogates, the Big List of Naughty
//! Strings, the files of JSONTestSuite. Each is stored, comes back byte for byte, and is found.

use std::fs;
use std::path::PathBuf;

use gastrolog_engine::{Answer, Cancel, Order, QueryRequest, Service};
use gastrolog_query::{Filter, TextMatch};
use gastrolog_server::Client;
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::meter::serve;
use crate::support::{Place, Serving, shared_data};

fn client(serving: &Serving) -> Client {
    Client::connect_tcp(serving.address).unwrap()
}

/// The texts of the records that a query selects, in the order of writing.
fn found(client: &Client, query: &str) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    let request = QueryRequest {
        query: query.to_owned(),
        order: Order::Write,
        oldest_first: true,
        ..QueryRequest::default()
    };
    let end = client.query(&request, &Cancel::default(), &mut |answer| {
        if let Answer::Record(found) = answer {
            texts.push(found.record.text);
        }
        true
    });
    end.unwrap_or_else(|e| panic!("{query}: {e}"));
    texts
}

fn store(client: &Client, texts: &[Vec<u8>]) {
    let mut batch = Batch::default();
    texts.iter().for_each(|t| batch.push(t, &Attributes::default(), Timestamp(7), Timestamp::NONE));
    client.append("", batch).unwrap();
}

/// Stored, read back, and each found by itself, as it waits and as it is sealed.
fn check(texts: &[Vec<u8>]) {
    let place = Place::new();
    let serving = serve(&place, "");
    let client = client(&serving);
    store(&client, texts);
    for sealed in [false, true] {
        if sealed {
            client.seal("").unwrap();
        }
        assert!(found(&client, "*") == texts, "not all came back");
        for text in texts {
            let Ok(text) = std::str::from_utf8(text) else { continue };
            // A phrase is shorter than a query may be.
            if text.is_empty() || text.len() > 10_000 {
                continue;
            }
            let query = Filter::Text(TextMatch::Phrase(text.to_owned())).to_string();
            assert!(found(&client, &query).iter().any(|t| t == text.as_bytes()), "not found: {query}");
        }
    }
}

#[test]
fn odd_bytes() {
    let odd: [&[u8]; 14] = [
        b"\xff\xfe not utf-8 \xc3\x28 \xf0\x28\x8c\x28",
        b"a\0b\0 level=error",
        b"\xef\xbb\xbf{\"level\":\"error\",\"bom\":1}",
        b"\xef\xbb\xbfbom level=error",
        b"{\"lone\":\"\\ud800\",\"level\":\"error\"}",
        b"{\"pair\":\"\\ud83d\\ude00\",\"reversed\":\"\\ude00\\ud83d\"}",
        b"\xed\xa0\x80 an encoded surrogate",
        b"\xf4\x90\x80\x80 beyond unicode",
        b"\xc0\xaf overlong",
        b"\r",
        b" ",
        b"a\rb\x0bc\x0cd\x85",
        b"\x1b[31mred\x1b[0m\x07",
        b"\n\n",
    ];
    check(&odd.map(<[u8]>::to_vec));
}

#[test]
fn naughty_strings() {
    let Some(shared) = shared_data() else { return };
    let text = fs::read(shared.join("json-and-strings/blns/blns.txt")).unwrap();
    let lines: Vec<Vec<u8>> =
        text.split(|&b| b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect();
    assert!(lines.len() > 500);
    check(&lines);
}

#[test]
fn json_files_that_break_parsers() {
    let Some(shared) = shared_data() else { return };
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["test_parsing", "test_transform"] {
        let folder = shared.join("json-and-strings/JSONTestSuite").join(folder);
        files.extend(fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()));
    }
    files.sort();
    let texts: Vec<Vec<u8>> = files.iter().map(|f| fs::read(f).unwrap()).collect();
    assert!(texts.len() > 300);
    check(&texts);
}
