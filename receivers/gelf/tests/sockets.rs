//! The receiver on real sockets: UDP in all its forms, TCP, HTTP, and messages that others wrote.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use common::{attribute, start};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gastrolog_ingest::DropReason;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_gelf::look;
use gastrolog_types::Timestamp;

fn gzip(text: &str) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(text.as_bytes()).unwrap();
    to.finish().unwrap()
}

fn zlib(text: &str) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
    to.write_all(text.as_bytes()).unwrap();
    to.finish().unwrap()
}

fn message(n: u64) -> String {
    format!(
        r#"{{"version":"1.1","host":"h\u00e4","short_message":"m {n} ☃","timestamp":1763712000.{n:03},"_n":{n}, "_x y":"a\nb"}}"#
    )
}

#[test]
fn datagrams_whole_compressed_and_in_chunks() {
    let running = start(MemorySink::new(), |c| c.message_bytes_max = 5000);
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |bytes: &[u8]| assert_eq!(udp.send_to(bytes, running.udp).unwrap(), bytes.len());
    send(message(1).as_bytes());
    send(&gzip(&message(2)));
    send(&zlib(&message(3)));
    let whole = gzip(&message(4));
    for number in [2u8, 0, 1] {
        let part = whole.chunks(whole.len().div_ceil(3)).nth(usize::from(number)).unwrap();
        send(&[&[0x1e, 0x0f, 9, 9, 9, 9, 9, 9, 9, 9, number, 3], part].concat());
    }
    // Not GELF, a chunk that is none, a bomb, gzip that is broken: stored as they came.
    send(b"hello\n");
    send(&[0x1e, 0x0f, 1]);
    let bomb = gzip(&"x".repeat(100_000));
    send(&bomb);
    send(&[0x1f, 0x8b, 0xff]);
    send(b"\0");
    running.wait_for(8);
    let (records, counts) = running.stop();
    let texts: Vec<&[u8]> = records.iter().map(|r| &r.text[..]).collect();
    let good: Vec<String> = (1..=4).map(message).collect();
    let mut want: Vec<&[u8]> = good.iter().map(String::as_bytes).collect();
    want.extend([&b"hello"[..], &[0x1e, 0x0f, 1], &bomb, &[0x1f, 0x8b, 0xff]]);
    assert_eq!(texts, want);
    assert_eq!(records[1].source, Timestamp(1_763_712_000_002_000_000));
    let errors: Vec<_> = records.iter().map(|r| attribute(r, "parse_error").unwrap_or_default()).collect();
    assert_eq!(&errors[..6], ["", "", "", "", "not a JSON object", "a chunk without its header"]);
    assert!(
        errors[6].contains("inflates to more than 5000 bytes") && errors[7].contains("cannot be inflated"),
        "{errors:?}"
    );
    assert_eq!((counts.received, counts.parse_errors), (8, 4));
}

#[test]
fn connections_carry_messages_that_end_with_nul() {
    let running = start(MemorySink::new(), |c| c.message_bytes_max = 300);
    let mut tcp = TcpStream::connect(running.tcp).unwrap();
    tcp.write_all(format!("{}\0\0{}\n\0", message(1), message(2)).as_bytes()).unwrap();
    running.wait_for(2);
    tcp.write_all("y".repeat(40_000).as_bytes()).unwrap();
    tcp.write_all(format!("\0{}\0{}", message(3), message(4)).as_bytes()).unwrap();
    drop(tcp);
    running.wait_for(5);
    let (records, counts) = running.stop();
    let texts: Vec<String> = records.iter().map(|r| String::from_utf8_lossy(&r.text).into_owned()).collect();
    assert_eq!(texts, [message(1), message(2), "y".repeat(300), message(3), message(4)]);
    assert_eq!(attribute(&records[2], "truncated").as_deref(), Some("true"));
    assert_eq!(attribute(&records[4], "peer").as_deref(), Some("127.0.0.1"));
    assert_eq!(counts.parse_errors, 0);
}

fn post(addr: SocketAddr, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /gelf HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn requests_are_answered_when_their_messages_are_stored() {
    let running = start(MemorySink::new(), |_| {});
    let answer = post(running.http, "", message(1).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 202 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(running.sink.texts(), [message(1)]);
    let several = format!("{}\n\n{}\r\n", message(2), message(3));
    assert!(post(running.http, "Content-Encoding: gzip\r\n", &gzip(&several)).starts_with("HTTP/1.1 202 "));
    let pretty = "{\n \"host\":\"h\",\n \"short_message\":\"x\"\n}";
    assert!(post(running.http, "", pretty.as_bytes()).starts_with("HTTP/1.1 202 "));
    assert_eq!(running.sink.texts()[1..], [message(2), message(3), pretty.to_owned()]);
    assert!(post(running.http, "", b"").starts_with("HTTP/1.1 400 "));
    assert!(post(running.http, "Content-Encoding: br\r\n", b"x").starts_with("HTTP/1.1 415 "));
    assert!(post(running.http, "Content-Encoding: gzip\r\n", b"x").starts_with("HTTP/1.1 400 "));
    running.sink.fail_from_now(1);
    let busy = post(running.http, "", message(4).as_bytes());
    assert!(
        busy.starts_with("HTTP/1.1 503 ") && busy.to_ascii_lowercase().contains("retry-after: 1"),
        "{busy}"
    );
    let (records, counts) = running.stop();
    assert_eq!(attribute(&records[0], "peer").as_deref(), Some("127.0.0.1"));
    assert_eq!((counts.stored, counts.dropped_for(DropReason::HandedBack)), (4, 1));
}

#[test]
fn a_slow_store_slows_connections_and_drops_datagrams_by_count() {
    let sink = MemorySink::new().slow(Duration::from_millis(5));
    let running = start(sink, |c| {
        c.batcher.queue_bytes = 4000;
        c.batcher.batch_bytes = 1000;
    });
    let tcp = running.tcp;
    let sender = std::thread::spawn(move || {
        let mut tcp = TcpStream::connect(tcp).unwrap();
        (0..1000).for_each(|i| tcp.write_all(format!("{}\0", message(i)).as_bytes()).unwrap());
    });
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    (0..500).for_each(|_| assert!(udp.send_to(b"by udp", running.udp).unwrap() > 0));
    sender.join().unwrap();
    let began = Instant::now();
    let from_tcp = |sink: &MemorySink| sink.texts().iter().filter(|t| *t != "by udp").count();
    while from_tcp(&running.sink) < 1000 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (records, counts) = running.stop();
    let by_tcp: Vec<String> = records
        .iter()
        .map(|r| String::from_utf8_lossy(&r.text).into_owned())
        .filter(|t| t != "by udp")
        .collect();
    assert_eq!(by_tcp.len(), 1000);
    assert!(by_tcp.into_iter().eq((0..1000).map(message)), "out of order, or altered");
    assert_eq!(counts.received, counts.stored + counts.dropped_for(DropReason::QueueFull));
}

/// As dockerd's gelf driver writes them, gzip by default.
#[test]
fn messages_of_docker_have_no_flaw() {
    let running = start(MemorySink::new(), |_| {});
    let text = r#"{"version":"1.1","host":"node1","short_message":"GET /x 200","timestamp":1763712000.345,"level":6,"_command":"nginx -g daemon","_container_id":"5e4bd3a1","_container_name":"web","_created":"2026-11-21T08:00:00.1Z","_image_id":"sha256:ab","_image_name":"nginx:1","_tag":"5e4bd3a1"}"#;
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(udp.send_to(&gzip(text), running.udp).unwrap() > 0);
    running.wait_for(1);
    let (records, counts) = running.stop();
    assert_eq!(records[0].text, text.as_bytes());
    assert_eq!(records[0].source, Timestamp(1_763_712_000_345_000_000));
    assert_eq!((attribute(&records[0], "parse_error"), counts.parse_errors), (None, 0));
}

/// Messages of Vector's tests: all are stored; those that lack what GELF asks for say so.
#[test]
fn what_others_call_wrong_is_stored_and_marked() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/gelf");
    if !std::path::Path::new(path).exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{path} is not there");
        eprintln!("skipped: {path} is not there");
        return;
    }
    let text = std::fs::read_to_string(format!("{path}/vector-gelf.jsonl")).unwrap();
    let mut seen = 0;
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let found = look(case["input"].to_string().as_bytes());
        let note = case["note"].as_str().unwrap();
        // Names of fields are the sender's business here.
        let is_name = note.contains("field name") || note.contains("prefixed");
        let good = case["strict_valid"].as_bool().unwrap() || is_name;
        assert_eq!(found.problem.is_none(), good, "{note}: {found:?}");
        assert_eq!(found.source == Timestamp::NONE, case["input"]["timestamp"].is_null());
        seen += 1;
    }
    assert!(seen >= 10);
}
