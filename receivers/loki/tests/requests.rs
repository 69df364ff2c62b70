//! Push requests in both forms, against what is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "../../../crates/net/testing/web.rs"]
mod web;

use std::io::Write;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_net::wire::{put_bytes, put_varint};
use gastrolog_receiver_loki::{LokiConfig, LokiIngest};
use gastrolog_types::{Record, Timestamp};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use web::{Running, attribute, awkward, start};

const PATH: &str = "/loki/api/v1/push";
const JSON: &str = "Content-Type: application/json";
const PROTOBUF: &str = "Content-Type: application/x-protobuf";
const BASE_NS: i64 = 1_700_000_000_123_456_789;

fn run(sink: MemorySink) -> Running {
    start(sink, |sink, clock| LokiIngest::new(LokiConfig::default(), sink, clock))
}

fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    fields.iter().for_each(|(number, bytes)| put_bytes(&mut out, *number, bytes));
    out
}

fn entry(ns: i64, line: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut time = Vec::new();
    put_varint(&mut time, 1, ns.div_euclid(1_000_000_000) as u64);
    put_varint(&mut time, 2, ns.rem_euclid(1_000_000_000) as u64);
    let mut out = message(&[(1, &time), (2, line.as_bytes())]);
    for (name, value) in metadata {
        put_bytes(&mut out, 3, &message(&[(1, name.as_bytes()), (2, value.as_bytes())]));
    }
    out
}

fn push(labels: &str, entries: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut stream = message(&[(1, labels.as_bytes())]);
    entries.for_each(|entry| put_bytes(&mut stream, 2, &entry));
    message(&[(1, &stream)])
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}

fn thousand_json() -> Vec<u8> {
    let values: Vec<Json> = (0..1000)
        .map(|i| json!([(BASE_NS + i as i64).to_string(), awkward(i), {"trace_id": format!("t{i}")}]))
        .collect();
    json!({"streams": [{"stream": {"job": "a b", "host": "web-1"}, "values": values}]})
        .to_string()
        .into_bytes()
}

fn check_thousand(running: &Running) {
    let records = running.sink.records();
    assert_eq!(records.len(), 1000);
    for (i, record) in records.iter().enumerate() {
        assert_eq!(record.text, awkward(i).into_bytes());
        assert_eq!(record.source, Timestamp(BASE_NS + i as i64));
        let trace = format!("t{i}");
        for (name, value) in [
            ("receiver", "loki"),
            ("peer", "127.0.0.1"),
            ("job", "a b"),
            ("host", "web-1"),
            ("trace_id", &trace),
        ] {
            assert_eq!(attribute(record, name).as_deref(), Some(value));
        }
    }
}

#[test]
fn a_thousand_in_each_form() {
    let entries = |i| entry(BASE_NS + i as i64, &awkward(i), &[("trace_id", &format!("t{i}"))]);
    let protobuf = snappy(&push("{job=\"a b\", host=\"web-1\"}", (0..1000).map(entries)));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&thousand_json()).unwrap();
    let forms: [(&[&str], Vec<u8>); 4] = [
        (&[JSON], thousand_json()),
        (&[JSON, "Content-Encoding: gzip"], gzip.finish().unwrap()),
        (&[PROTOBUF], protobuf.clone()),
        (&[PROTOBUF, "Content-Encoding: snappy"], protobuf),
    ];
    for (headers, body) in forms {
        let running = run(MemorySink::new());
        let reply = running.post(PATH, headers, &body);
        assert_eq!((reply.status, &reply.body[..]), (204, &b""[..]), "{headers:?}");
        check_thousand(&running);
        assert_eq!(running.stop().parse_errors, 0);
    }
}

/// What is stored of `values` of one stream.
fn stored(labels: &str, values: &str) -> Vec<Record> {
    let running = run(MemorySink::new());
    let body = format!("{{\"streams\":[{{\"stream\":{labels},\"values\":{values}}}]}}");
    assert_eq!(running.post(PATH, &[JSON, "X-Scope-OrgID: t1"], body.as_bytes()).status, 204, "{body}");
    let records = running.sink.records();
    assert_eq!(running.stop().stored, records.len() as u64);
    records
}

#[test]
fn what_is_no_entry_is_kept_with_the_reason() {
    let records =
        stored(r#"{"a":1}"#, r#"[["x","l1"], [17,"l2"], 5, ["1"], ["1","l3",[2]], ["-1","l4",{}]]"#);
    let seen: Vec<_> = records
        .iter()
        .map(|r| {
            (String::from_utf8_lossy(&r.text).into_owned(), r.source.0, attribute(r, "parse_error").is_some())
        })
        .collect();
    let none = Timestamp::NONE.0;
    let wanted = [
        ("l1", none, true),
        ("l2", 17, false),
        ("5", none, true),
        (r#"["1"]"#, none, true),
        (r#"["1","l3",[2]]"#, none, true),
        ("l4", -1, false),
    ];
    assert_eq!(seen, wanted.map(|(text, time, odd)| (text.to_owned(), time, odd)));
    assert!(records.iter().all(|r| attribute(r, "a").as_deref() == Some("1")));
    assert!(records.iter().all(|r| attribute(r, "tenant").as_deref() == Some("t1")));
}

#[test]
fn no_label_is_lost_to_another_of_its_name() {
    let records = stored(r#"{"peer":"p","job":"j"}"#, r#"[["1","x",{"job":"k"}]]"#);
    let names: Vec<_> =
        records[0].attributes.iter().map(|(n, v)| format!("{n}={}", String::from_utf8_lossy(v))).collect();
    assert_eq!(names, ["receiver=loki", "peer=127.0.0.1", "tenant=t1", "peer_=p", "job=j", "job_=k"]);
}

#[test]
fn labels_that_are_none_are_kept_as_text() {
    let running = run(MemorySink::new());
    let body = snappy(&push("nonsense", [entry(1, "x", &[])].into_iter()));
    assert_eq!(running.post(PATH, &[PROTOBUF], &body).status, 204);
    let records = running.sink.records();
    assert_eq!(attribute(&records[0], "labels").as_deref(), Some("nonsense"));
    assert!(attribute(&records[0], "parse_error").is_some());
    assert_eq!(running.stop().parse_errors, 1);
}

#[test]
fn what_is_told_when_nothing_was_stored() {
    let running = run(MemorySink::new().fail_next(1));
    let reply = running.post(PATH, &[JSON], &thousand_json());
    assert_eq!(reply.status, 503);
    assert!(reply.head.contains("retry-after: 1"));
    assert!(running.sink.is_empty());
    for (headers, body) in [
        (JSON, &b"{"[..]),
        (JSON, b"{}"),
        (JSON, b"{\"streams\":5}"),
        (PROTOBUF, b"not snappy"),
        (PROTOBUF, &snappy(b"\x0a\x55")),
    ] {
        assert_eq!(running.post(PATH, &[headers], body).status, 400, "{}", String::from_utf8_lossy(body));
    }
    let labels: Vec<String> = (0..600).map(|i| format!("\"l{i}\":\"\"")).collect();
    let body = format!("{{\"streams\":[{{\"stream\":{{{}}},\"values\":[]}}]}}", labels.join(","));
    assert_eq!(running.post(PATH, &[JSON], body.as_bytes()).status, 400);
    assert_eq!(running.post(PATH, &[JSON], &thousand_json()).status, 204, "the same again, later");
    check_thousand(&running);
    assert_eq!(running.stop().parse_errors, 6);
}

#[test]
fn labels_repeated_by_metadata_are_bounded() {
    let config = LokiConfig { attribute_bytes_max: 100_000, ..LokiConfig::default() };
    let running = start(MemorySink::new(), |sink, clock| LokiIngest::new(config, sink, clock));
    let labels = format!("{{a=\"{}\"}}", "x".repeat(5000));
    let plain = push(&labels, (0..1000).map(|i| entry(i, "", &[])));
    assert_eq!(running.post(PATH, &[PROTOBUF], &snappy(&plain)).status, 204);
    let bomb = push(&labels, (0..1000).map(|i| entry(i, "", &[("m", "")])));
    assert_eq!(running.post(PATH, &[PROTOBUF], &snappy(&bomb)).status, 413);
    running.stop();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let running = run(MemorySink::new());
        for (header, body) in [(PROTOBUF, snappy(&bytes)), (PROTOBUF, bytes.clone()), (JSON, bytes.clone())] {
            let status = running.post(PATH, &[header], &body).status;
            prop_assert!(matches!(status, 204 | 400 | 413), "{status}");
        }
        running.stop();
    }
}
