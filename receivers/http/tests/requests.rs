//! Stores, attributes, refusals, limits and faults, over real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::start;
use gastrolog_ingest::DropReason;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_http::HttpConfig;
use serde_json::json;

#[test]
fn attributes_come_from_the_query_and_from_headers() {
    let running = start(MemorySink::new(), HttpConfig::default());
    let headers = ["X-Gastrolog-Attr-Host: from-header", "X-Gastrolog-Attr-Data-Center: fra1"];
    let reply = running.post("/ingest/other?attr.host=web%201&attr.receiver=forged", &headers, b"a\nb");
    assert_eq!(reply.status, 200);
    let records = running.sink.records();
    let got: Vec<(&str, String)> = records[1]
        .attributes
        .iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(value).into_owned()))
        .collect();
    let want = [("receiver", "http"), ("peer", "127.0.0.1"), ("host", "web 1"), ("data_center", "fra1")];
    assert_eq!(got, want.map(|(name, value)| (name, value.to_string())));
    assert_eq!(records[0].attributes, records[1].attributes);
    assert_eq!(records[0].ingest.0, 42);
    assert!(!records[0].source.is_some());
    running.stop();
}

#[test]
fn what_a_request_asks_wrongly_is_said() {
    let running = start(MemorySink::new(), HttpConfig::default());
    let long = format!("/ingest?attr.x={}", "y".repeat(2000));
    let many: String = (0..40).map(|i| format!("&attr.a{i}=1")).collect();
    for (target, status, says) in [
        ("/ingest?store=nowhere", 404, "no store \"nowhere\""),
        ("/ingest/nowhere", 404, "no store"),
        ("/ingest?host=web1", 400, "attr.NAME="),
        ("/ingest?attr.=1", 400, "without a name"),
        (&long, 400, "more than 1024 bytes"),
        (&format!("/ingest?store=other{many}"), 400, "more than 32"),
    ] {
        let reply = running.post(target, &[], b"x");
        assert_eq!(reply.status, status, "{target}");
        assert!(reply.json["error"].as_str().unwrap().contains(says), "{target}: {}", reply.json);
    }
    assert_eq!(running.post("/ingest?store=other", &[], b"x").status, 200);
    assert_eq!(running.stop().stored, 1);
}

#[test]
fn lines_that_are_too_long_are_refused_by_number() {
    let config = HttpConfig { line_bytes_max: 5, ..HttpConfig::default() };
    let running = start(MemorySink::new(), config);
    let json = "Content-Type: application/x-ndjson";
    let reply = running.post("/ingest", &[json], b"12345\n\n123456\n1\n1234567");
    let want = json!({"stored": 2, "first_seq": 0, "refused": [
        {"line": 3, "reason": "6 bytes, the limit is 5"},
        {"line": 5, "reason": "7 bytes, the limit is 5"},
    ]});
    assert_eq!((reply.status, reply.json), (200, want));
    let reply = running.post("/ingest", &["Content-Type: application/json"], b"[1, 1234567, 2]");
    assert_eq!((&reply.json["refused"][0]["line"], &reply.json["stored"]), (&json!(2), &json!(2)));
    let reply = running.post("/ingest", &[], "1234567\n".repeat(3000).as_bytes());
    assert_eq!((&reply.json["refused_total"], &reply.json["stored"]), (&json!(3000), &json!(0)));
    assert_eq!(reply.json["refused"].as_array().unwrap().len(), 1000);
    assert_eq!(running.sink.texts(), ["12345", "1", "1", "2"]);
    assert_eq!(running.stop().dropped_for(DropReason::TooLong), 3003);
}

#[test]
fn a_store_that_is_away_is_said_and_nothing_is_stored() {
    let running = start(MemorySink::new().fail_next(1).refuse_texts_with(b"bad"), HttpConfig::default());
    let reply = running.post("/ingest", &[], b"a\nb");
    assert_eq!(reply.status, 503);
    assert!(reply.head.contains("retry-after: 1"), "{}", reply.head);
    assert_eq!(running.post("/ingest", &[], b"a\nb").status, 200);
    assert_eq!(running.post("/ingest", &[], b"good\nbad").status, 400);
    let counts = running.stop();
    assert_eq!((counts.received, counts.stored), (6, 2));
    assert_eq!((counts.dropped_for(DropReason::HandedBack), counts.dropped_for(DropReason::Refused)), (2, 2));
}

#[test]
fn large_bodies_and_too_many_records_are_refused() {
    let config = HttpConfig { body_bytes_max: 1000, records_max: 100, ..HttpConfig::default() };
    let running = start(MemorySink::new(), config);
    assert_eq!(running.post("/ingest", &[], &[b'x'; 1001]).status, 413);
    assert_eq!(running.post("/ingest", &[], &[b'x'; 1000]).status, 200);
    let chunked = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    assert_eq!(running.send("/ingest", &["Transfer-Encoding: chunked"], chunked.as_bytes()).status, 413);
    assert_eq!(running.post("/ingest", &[], &[b'\n'; 101]).status, 413);
    let array = format!("[{}0]", "0,".repeat(100));
    let reply = running.post("/ingest", &["Content-Type: application/json"], array.as_bytes());
    assert_eq!(reply.status, 413);
    assert!(reply.json["error"].as_str().unwrap().contains("more than 100 records"));
    assert_eq!(running.stop().stored, 1);
}

#[test]
fn senders_wait_for_memory_and_are_told_to_come_back() {
    let config = HttpConfig {
        body_bytes_max: 64 << 10,
        memory_bytes: 64 << 10,
        wait: Duration::from_millis(100),
        ..HttpConfig::default()
    };
    let running = start(MemorySink::new(), config);
    let (first, second) = std::thread::scope(|scope| {
        let held = running.sink.hold();
        let first = scope.spawn(|| running.post("/ingest", &[], &[b'1'; 40_000]).status);
        let begun = Instant::now();
        while running.counters.snapshot().received == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "the first did not come");
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = running.post("/ingest", &[], &[b'2'; 40_000]);
        drop(held);
        (first.join().unwrap(), second)
    });
    assert_eq!((first, second.status), (200, 429));
    assert!(second.head.contains("retry-after"));
    assert_eq!(running.stop().received, 1);
}

#[test]
fn silent_connections_are_closed_and_two_requests_may_share_one() {
    let running = start(MemorySink::new(), HttpConfig::default());
    for requests in [0, 2] {
        let mut stream = TcpStream::connect(running.addr).unwrap();
        for _ in 0..requests {
            stream.write_all(b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na\n").unwrap();
        }
        let begun = Instant::now();
        let mut answer = String::new();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.read_to_string(&mut answer).expect("closed by the receiver");
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert_eq!(answer.matches("\"stored\":1").count(), requests);
    }
    assert_eq!(running.stop().stored, 2);
}

#[test]
fn who_announces_much_and_sends_little_holds_little() {
    use std::io::Write;
    let config = HttpConfig {
        body_bytes_max: 1 << 20,
        memory_bytes: 1 << 20,
        wait: Duration::from_millis(100),
        ..HttpConfig::default()
    };
    let running = start(MemorySink::new(), config);
    let announce = |head: &str| {
        let mut socket = std::net::TcpStream::connect(running.addr).unwrap();
        socket.write_all(format!("POST /ingest HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n").as_bytes()).unwrap();
        socket
    };
    // Each of them would take all the memory there is.
    let _held = [
        announce("Content-Length: 1000000"),
        announce("Content-Length: 1000000\r\nContent-Type: text/plain"),
        announce("Transfer-Encoding: chunked"),
    ];
    std::thread::sleep(Duration::from_millis(100));
    let large = "0123456789\n".repeat(40_000);
    assert_eq!(running.post("/ingest", &[], large.as_bytes()).status, 200);
    assert_eq!(running.sink.len(), 40_000);
}
