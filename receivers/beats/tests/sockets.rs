//! The receiver on real sockets: what is acknowledged, when, and what happens while the store is away.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gastrolog_ingest::DropReason;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_types::Timestamp;

use common::{ack, attribute, start, window};

#[test]
fn the_last_number_is_acknowledged_after_all_is_stored() {
    let running = start(MemorySink::new(), |_| ());
    let mut stream = running.connect();
    let texts = [r#"{"@timestamp":"2026-11-21T08:00:00.250Z","message":"ä \"q\""}"#, r#"{"n":2}"#, "no JSON"];
    stream.write_all(&window(4_000_000_000, &texts)).unwrap();
    assert_eq!(ack(&mut stream), 4_000_000_002);
    assert_eq!(running.sink.texts(), texts);
    stream.write_all(&window(1, &["{}"])).unwrap();
    assert_eq!(ack(&mut stream), 1);
    let (records, counts) = running.stop();
    assert_eq!(records[0].source, Timestamp(1_795_248_000_250_000_000));
    assert_eq!((records[1].source, records[1].ingest), (Timestamp::NONE, Timestamp(42)));
    assert_eq!(attribute(&records[0], "receiver").unwrap(), "b");
    assert_eq!(attribute(&records[0], "peer").unwrap(), "127.0.0.1");
    assert!(attribute(&records[2], "parse_error").unwrap().starts_with("not a JSON object"));
    assert_eq!((counts.received, counts.parse_errors), (4, 1));
}

#[test]
fn a_large_window_is_acknowledged_in_parts() {
    let running = start(MemorySink::new(), |c| c.window_max = 2);
    let mut stream = running.connect();
    stream.write_all(&window(1, &["{}", "{}", "{}", "{}", "{}"])).unwrap();
    let acks: Vec<u32> = (0..3).map(|_| ack(&mut stream)).collect();
    assert_eq!(acks, [2, 4, 5]);
    assert_eq!(running.stop().0.len(), 5);
}

#[test]
fn a_pause_within_a_window_holds_nothing_back() {
    let running = start(MemorySink::new(), |_| ());
    let mut stream = running.connect();
    let bytes = window(1, &["{\"a\":1}", "{\"a\":2}"]);
    stream.write_all(&bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(ack(&mut stream), 1);
    stream.write_all(&bytes[bytes.len() - 3..]).unwrap();
    assert_eq!(ack(&mut stream), 2);
    running.stop();
}

#[test]
fn a_sender_is_told_to_wait_while_the_store_is_away() {
    // Some 3 s, in which it is told so each 100 ms.
    let running = start(MemorySink::new().fail_next(6), |_| ());
    let mut stream = running.connect();
    stream.write_all(&window(1, &["{\"a\":1}", "{\"a\":2}"])).unwrap();
    let mut waited = 0;
    while ack(&mut stream) == 0 {
        waited += 1;
    }
    assert!(waited >= 2, "{waited}");
    let (records, counts) = running.stop();
    assert_eq!((records.len(), counts.received, counts.faults), (2, 2, 6));
}

#[test]
fn a_sender_that_goes_away_unacknowledged_has_its_events_still() {
    let running = start(MemorySink::new().fail_next(u64::MAX), |_| ());
    let mut stream = running.connect();
    stream.write_all(&window(1, &["{\"a\":1}"])).unwrap();
    assert_eq!(ack(&mut stream), 0);
    drop(stream);
    let start = std::time::Instant::now();
    while running.counters.snapshot().dropped_for(DropReason::HandedBack) == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    running.sink.fail_from_now(0);
    let mut again = running.connect();
    again.write_all(&window(1, &["{\"a\":1}"])).unwrap();
    while ack(&mut again) == 0 {}
    let (records, counts) = running.stop();
    assert_eq!((records.len(), counts.received, counts.stored), (1, 2, 1));
}

/// Whether the other side of a connection has bytes in its queue, by the table of the kernel.
fn is_unread(stream: &TcpStream) -> bool {
    let port = |address: std::net::SocketAddr| format!(":{:04X}", address.port());
    let (ours, theirs) = (port(stream.local_addr().unwrap()), port(stream.peer_addr().unwrap()));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[1].ends_with(&theirs) && fields[2].ends_with(&ours) && !fields[4].ends_with(":00000000")
    })
}

#[test]
fn the_end_acknowledges_what_it_stored_and_nothing_else() {
    let running = start(MemorySink::new(), |c| c.keep_alive = Duration::from_secs(60));
    let mut stream = running.connect();
    let bytes = window(1, &["{\"a\":1}", "{\"a\":2}"]);
    stream.write_all(&bytes[..bytes.len() - 3]).unwrap();
    // The receiver must have read it before it is asked to stop.
    std::thread::sleep(Duration::from_millis(300));
    let start = std::time::Instant::now();
    while is_unread(&stream) {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody reads");
        std::thread::sleep(Duration::from_millis(5));
    }
    running.ask_to_stop();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    assert_eq!(answers, b"2A\0\0\0\x01");
    assert_eq!(running.stop().0.len(), 1);
}

#[test]
fn what_is_no_frame_is_kept_and_the_events_before_it_count() {
    let running = start(MemorySink::new(), |_| ());
    let mut stream = running.connect();
    stream.write_all(&[&window(1, &["{}", "{}"])[..18], b"GET / HTTP/1.1"].concat()).unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    assert_eq!(answers, b"2A\0\0\0\x01");
    let mut other = running.connect();
    other.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(other.read_to_end(&mut answers).unwrap(), 0);
    // A broken frame inside of a compressed one.
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&[&window(1, &["{}"])[6..], b"2Jcut"].concat()).unwrap();
    let packed = encoder.finish().unwrap();
    let mut third = running.connect();
    third.write_all(&[b"2C", &(packed.len() as u32).to_be_bytes()[..], &packed].concat()).unwrap();
    assert_eq!(ack(&mut third), 1);
    assert_eq!(third.read_to_end(&mut answers).unwrap(), 0);
    let (records, counts) = running.stop();
    assert_eq!((counts.parse_errors, &records[4].text[..]), (3, &b"2Jcut"[..]));
    assert_eq!(records[2].text, b"GET / HTTP/1.1\r\n\r\n");
    assert!(attribute(&records[2], "parse_error").unwrap().contains("47 45"));
}

#[test]
fn text_that_is_too_long_is_cut_and_marked() {
    let running = start(MemorySink::new(), |c| c.frames.event_bytes_max = 10);
    let mut stream = running.connect();
    stream.write_all(&window(1, &["{\"a\":\"0123456789\"}", "{\"b\":2}"])).unwrap();
    assert_eq!(ack(&mut stream), 2);
    let (records, _) = running.stop();
    assert_eq!((&records[0].text[..], &records[1].text[..]), (&b"{\"a\":\"0123"[..], &b"{\"b\":2}"[..]));
    assert_eq!(attribute(&records[0], "truncated").unwrap(), "true");
}

#[test]
fn many_large_windows_share_the_memory() {
    let running = start(MemorySink::new(), |c| c.memory_bytes_max = 1 << 20);
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(400_000));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut stream = running.connect();
                for round in 0..3 {
                    stream.write_all(&window(round * 2 + 1, &[&text, &text])).unwrap();
                    while ack(&mut stream) != round * 2 + 2 {}
                }
            });
        }
    });
    assert_eq!(running.stop().0.len(), 36);
}
