//! Uploads against what is stored and answered.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "../../../crates/net/testing/web.rs"]
mod web;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_journald::{JournaldConfig, JournaldIngest};
use gastrolog_types::Timestamp;
use serde_json::{Value as Json, json};
use web::{Running, attribute, awkward, start};

const TYPE: &str = "Content-Type: application/vnd.fdo.journal";

fn run(sink: MemorySink) -> Running {
    let config = JournaldConfig { batch_bytes: 20_000, ..JournaldConfig::default() };
    start(sink, |sink, clock| JournaldIngest::new(config, sink, clock))
}

fn entry(i: usize) -> Vec<u8> {
    let message = awkward(i);
    let mut out = format!(
        "__CURSOR=s=1;i={i}\n__REALTIME_TIMESTAMP={}\nPRIORITY=6\nDUP=a\n",
        1_700_000_000_000_000 + i
    );
    out += "MESSAGE\n";
    let mut out = out.into_bytes();
    out.extend_from_slice(&(message.len() as u64).to_le_bytes());
    out.extend_from_slice(message.as_bytes());
    out.extend_from_slice(b"\nDUP=b\n\n");
    out
}

fn thousand() -> Vec<u8> {
    (0..1000).flat_map(entry).collect()
}

fn check_thousand(running: &Running) {
    let records = running.sink.records();
    assert_eq!(records.len(), 1000);
    for (i, record) in records.iter().enumerate() {
        let us = 1_700_000_000_000_000 + i as i64;
        let line = json!({"__CURSOR": format!("s=1;i={i}"), "__REALTIME_TIMESTAMP": us.to_string(), "PRIORITY": "6",
                          "DUP": ["a", "b"], "MESSAGE": awkward(i)});
        assert_eq!(serde_json::from_slice::<Json>(&record.text).unwrap(), line);
        assert_eq!(record.source, Timestamp(us * 1000));
        assert_eq!(attribute(record, "receiver").as_deref(), Some("journald"));
        assert_eq!(attribute(record, "peer").as_deref(), Some("127.0.0.1"));
    }
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(1000) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

#[test]
fn a_thousand_in_chunks() {
    let running = run(MemorySink::new());
    let reply = running.send("POST", "/upload", &[TYPE, "Transfer-Encoding: chunked"], &chunked(&thousand()));
    assert_eq!((reply.status, &reply.body[..]), (202, &b"OK.\n"[..]));
    check_thousand(&running);
    assert!(running.sink.batch_sizes().len() > 2, "stored while it comes");
    assert_eq!(running.stop().parse_errors, 0);
}

#[test]
fn a_sender_that_waits_to_go_on_is_told_to() {
    let running = run(MemorySink::new());
    let mut stream = TcpStream::connect(running.addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = "POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut told = [0; 12];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100");
    stream.write_all(&chunked(&thousand())).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 202"), "{answer}");
    check_thousand(&running);
    running.stop();
}

#[test]
fn a_store_that_is_away_delays_the_answer() {
    let running = run(MemorySink::new().fail_next(3));
    let reply = running.post("/upload", &[TYPE], &thousand());
    assert_eq!(reply.status, 202);
    check_thousand(&running);
    assert_eq!(running.stop().faults, 3);
}

#[test]
fn malformed_entries_are_kept_with_the_reason() {
    let running = run(MemorySink::new());
    let body = [&entry(1)[..], b"garbage without a name\nA=1\n\n", &entry(2)].concat();
    assert_eq!(running.post("/upload", &[TYPE], &body).status, 202);
    let records = running.sink.records();
    assert_eq!(records.len(), 3);
    assert_eq!(records[1].text, b"garbage without a name\nA=1\n");
    assert!(attribute(&records[1], "parse_error").is_some());
    assert_eq!(running.stop().parse_errors, 1);
}

#[test]
fn an_upload_that_breaks_off_is_not_acknowledged() {
    let running = run(MemorySink::new());
    let mut stream = TcpStream::connect(running.addr).unwrap();
    stream.write_all(b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    stream.write_all(format!("{:x}\r\n", thousand().len()).as_bytes()).unwrap();
    stream.write_all(&thousand()[..50_000]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains(" 202 "), "{answer}");
    let stored = running.sink.len();
    assert!(stored < 1000);
    running.stop();
}
