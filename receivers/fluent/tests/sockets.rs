//! The receiver on real sockets: what is acknowledged, when, who is let in, and what happens while the store is away.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use gastrolog_ingest::DropReason;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_fluent::Security;
use gastrolog_types::Timestamp;

use common::{ack, array, attribute, bin, chunk, record, seconds, start, text};

fn read(stream: &mut TcpStream, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    stream.read_exact(&mut out).unwrap();
    out
}

fn entry(number: u8) -> Vec<u8> {
    array(&[seconds(1_795_248_000), record(number)])
}

#[test]
fn chunks_of_every_mode_are_acknowledged_after_they_are_stored() {
    let running = start(MemorySink::new().fail_every(3), |_| ());
    let mut stream = running.connect();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&[entry(4), entry(5)].concat()).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(&entry(6)[..], 1).unwrap();
    let packed = |id: &str, codec: &str| {
        [vec![0x82], text("chunk"), text(id), text("compressed"), text(codec)].concat()
    };
    let messages = [
        array(&[text("a"), seconds(1_795_248_000), record(1), chunk("1")]),
        array(&[text("b"), array(&[entry(2)]), chunk("2")]),
        array(&[text("c"), bin(&entry(3)), chunk("3")]),
        array(&[text("d"), bin(&gzip), packed("4", "gzip")]),
        array(&[text("e"), bin(&zstd), packed("5", "zstd")]),
    ];
    for (i, message) in messages.iter().enumerate() {
        stream.write_all(message).unwrap();
        let want = ack(&(i + 1).to_string());
        assert_eq!(read(&mut stream, want.len()), want);
        assert!(running.sink.len() > i);
    }
    let (records, counts) = running.stop();
    let texts: Vec<String> = records.iter().map(|r| String::from_utf8(r.text.clone()).unwrap()).collect();
    assert_eq!(texts, (1..=6).map(|n| format!("{{\"n\":{n}}}")).collect::<Vec<_>>());
    assert!(records.iter().all(|r| r.source == Timestamp(1_795_248_000_000_000_000)));
    assert_eq!(attribute(&records[4], "tag").unwrap(), "d");
    assert_eq!(
        (attribute(&records[0], "receiver").unwrap(), attribute(&records[0], "peer").unwrap()),
        ("f".into(), "127.0.0.1".into())
    );
    assert_eq!((counts.received, counts.parse_errors), (6, 0));
}

#[test]
fn what_cannot_be_read_is_kept_and_the_rest_goes_on() {
    let running = start(MemorySink::new(), |_| ());
    let mut stream = running.connect();
    stream.write_all(&array(&[text("t"), vec![0xc3]])).unwrap();
    stream
        .write_all(&array(&[text("t"), bin(&[entry(1), b"\x92\x01".to_vec()].concat()), chunk("c")]))
        .unwrap();
    stream.write_all(&array(&[text("t"), seconds(1), text("no map")])).unwrap();
    assert_eq!(read(&mut stream, ack("c").len()), ack("c"));
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    let (records, counts) = running.stop();
    assert_eq!(counts.parse_errors, 4);
    let texts: Vec<&[u8]> = records.iter().map(|r| &r.text[..]).collect();
    let want: [&[u8]; 5] =
        [b"\x92\xd9\x01t\xc3", b"{\"n\":1}", b"\x92\x01", b"\"no map\"", b"GET / HTTP/1.1\r\n"];
    assert_eq!(texts, want);
    for (record, why) in [(0, "after the tag"), (2, "too early"), (3, "not a map"), (4, "must be an array")] {
        assert!(attribute(&records[record], "parse_error").unwrap().contains(why), "{record}");
    }
}

#[test]
fn a_message_over_the_limit_ends_the_connection() {
    let running = start(MemorySink::new(), |c| c.messages.bytes_max = 1_000);
    let mut stream = running.connect();
    stream.write_all(&array(&[text("t"), bin(&entry(1).repeat(200))])[..1_500]).unwrap();
    assert_eq!(stream.read(&mut [0; 9]).unwrap_or(0), 0);
    let (records, _) = running.stop();
    assert!(attribute(&records[0], "parse_error").unwrap().contains("more than 1000 bytes"));
}

#[test]
fn without_a_chunk_nothing_is_lost_while_the_store_is_away() {
    let running = start(MemorySink::new().fail_next(3), |_| ());
    let mut stream = running.connect();
    stream.write_all(&array(&[text("t"), array(&[entry(1), entry(2)])])).unwrap();
    drop(stream);
    running.wait_for(2);
    assert_eq!(running.stop().1.received, 2);
}

#[test]
fn a_sender_that_goes_away_unacknowledged_has_its_chunk_still() {
    let running = start(MemorySink::new().fail_next(u64::MAX), |_| ());
    let mut stream = running.connect();
    stream.write_all(&array(&[text("t"), array(&[entry(1)]), chunk("c")])).unwrap();
    let start = Instant::now();
    while running.counters.snapshot().faults == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    drop(stream);
    while running.counters.snapshot().dropped_for(DropReason::HandedBack) == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(running.stop().0.is_empty());
}

#[test]
fn entries_of_a_large_message_are_stored_in_parts_and_acknowledged_once() {
    let running = start(MemorySink::new(), |c| {
        c.batch_bytes_max = 1_000;
        c.memory_bytes_max = 1 << 20;
    });
    let mut stream = running.connect();
    let many: Vec<u8> = (0..40_000u32).flat_map(|i| entry(i as u8)).collect();
    assert!(many.len() > 300_000);
    stream.write_all(&array(&[text("t"), bin(&many), chunk("c")])).unwrap();
    assert_eq!(read(&mut stream, ack("c").len()), ack("c"));
    assert_eq!(running.sink.len(), 40_000);
    assert!(running.sink.batch_sizes().len() > 100);
    running.stop();
}

#[test]
fn the_heartbeat_is_answered() {
    let running = start(MemorySink::new(), |_| ());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    for _ in 0..2 {
        socket.send_to(b"\0", running.addr).unwrap();
        let mut answer = [9; 4];
        assert_eq!((socket.recv(&mut answer).unwrap(), answer[0]), (1, 0));
    }
    running.stop();
}

#[test]
fn who_does_not_know_the_key_is_not_let_in() {
    let security = Security { shared_key: "s3cret".into(), hostname: "server".into(), ..Default::default() };
    let running = start(MemorySink::new(), |c| c.security = Some(security));
    let ping = array(&[text("PING"), text("me"), text("salt"), text("0000"), text(""), text("")]);
    for attempt in [ping, array(&[text("t"), seconds(1), record(1)]), b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
        let mut stream = running.connect();
        let mut answers = Vec::new();
        stream.write_all(&attempt).unwrap();
        stream.read_to_end(&mut answers).unwrap();
        assert!(answers.starts_with(b"\x92\xa4HELO\x83\xa5nonce"), "{answers:?}");
    }
    let (records, counts) = running.stop();
    assert_eq!((records.len(), counts.faults, counts.received), (0, 3, 0));
}
