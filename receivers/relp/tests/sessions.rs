//! Sessions over real sockets: answers, their order, and when there is none.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use common::{Running, start, wait_until};
use gastrolog_ingest::DropReason;
use gastrolog_ingest::testing::MemorySink;

fn connect(running: &Running) -> TcpStream {
    let stream = TcpStream::connect(running.addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Reads until `count` answers have come; gives their numbers and codes.
fn answers(stream: &mut TcpStream, count: usize) -> Vec<(u32, String)> {
    let (mut bytes, mut found) = (Vec::new(), Vec::new());
    while found.len() < count {
        let mut buf = [0; 4096];
        let read = stream.read(&mut buf).unwrap();
        assert!(read > 0, "closed after {found:?}");
        bytes.extend_from_slice(&buf[..read]);
        found = parse(&bytes);
    }
    assert_eq!(found.len(), count);
    found
}

/// Whole answers in `bytes`.
fn parse(bytes: &[u8]) -> Vec<(u32, String)> {
    let (mut rest, mut found) = (String::from_utf8(bytes.to_vec()).unwrap(), Vec::new());
    while let Some((head, after)) = rest.clone().split_once(" rsp ") {
        let (len, data) = after.split_once(' ').unwrap_or((after, ""));
        let Ok(len) = len.parse::<usize>() else { break };
        if data.len() <= len {
            break;
        }
        assert_eq!(data.as_bytes()[len], b'\n');
        found.push((head.parse().unwrap(), data[..len].to_owned()));
        rest = data[len + 1..].to_owned();
    }
    found
}

#[test]
fn messages_are_answered_in_order_after_they_are_stored() {
    let running = start(Arc::default(), |c| c.message_bytes_max = 20);
    let mut stream = connect(&running);
    stream.write_all(b"1 open 30 relp_version=0\ncommands=syslog\n").unwrap();
    let welcome = answers(&mut stream, 1);
    assert_eq!(welcome[0].0, 1);
    assert!(welcome[0].1.starts_with("200 OK\nrelp_version=0\nrelp_software=gastrolog,"), "{welcome:?}");
    assert!(welcome[0].1.ends_with("\ncommands=syslog"));

    // Numbers wrap.
    let long = "x".repeat(30);
    write!(stream, "999999998 syslog 5 <1>a\n\n999999999 syslog 4 <2>b\n1 syslog 30 {long}\n2 what 0\n")
        .unwrap();
    stream.write_all(b"3 syslog 4 \xff\n\r\n\n").unwrap();
    let got = answers(&mut stream, 5);
    let want = [
        (999_999_998, "200 OK"),
        (999_999_999, "200 OK"),
        (1, "200 OK"),
        (2, "500 this command is not known"),
        (3, "200 OK"),
    ];
    assert_eq!(got.iter().map(|(n, t)| (*n, &t[..])).collect::<Vec<_>>(), want);
    let records = running.sink.records();
    let texts: Vec<&[u8]> = records.iter().map(|r| &r.text[..]).collect();
    assert_eq!(texts, [&b"<1>a"[..], b"<2>b", &[b'x'; 20], b"\xff\n\r"]);
    let names = |i: usize| records[i].attributes.iter().map(|(n, _)| n.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (names(0), names(2)),
        (vec!["receiver".into(), "peer".into()], vec!["receiver".into(), "peer".into(), "truncated".into()])
    );

    stream.write_all(b"4 close 0\n").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "4 rsp 6 200 OK\n");
    let counts = running.stop();
    assert_eq!((counts.stored, counts.parse_errors), (4, 1));
}

#[test]
fn a_store_that_is_away_closes_the_connection_without_an_answer() {
    let running =
        start(Arc::new(MemorySink::new().fail_next(u64::MAX)), |c| c.hold = Duration::from_millis(200));
    let send = |running: &Running, number: u32| {
        let mut stream = connect(running);
        write!(stream, "1 open 0\n{number} syslog 4 <1>a\n").unwrap();
        stream
    };
    let mut all = String::new();
    // The welcome shares its turn with the message, so it is not there either.
    send(&running, 2).read_to_string(&mut all).unwrap();
    assert_eq!(all, "");
    let counts = running.stop();
    assert_eq!((counts.received, counts.stored, counts.dropped_for(DropReason::HandedBack)), (1, 0, 1));

    // Held until the store is back.
    let running = start(Arc::new(MemorySink::new().fail_next(1)), |c| c.hold = Duration::from_secs(60));
    assert_eq!(answers(&mut send(&running, 3), 2)[1], (3, "200 OK".into()));
    let counts = running.stop();
    assert_eq!((counts.received, counts.stored, counts.faults), (1, 1, 1));
}

#[test]
fn a_record_that_is_refused_does_not_hold_up_the_others() {
    let running = start(Arc::new(MemorySink::new().refuse_texts_with(b"bad")), |_| {});
    let mut stream = connect(&running);
    stream.write_all(b"1 open 0\n2 syslog 1 a\n3 syslog 3 bad\n4 syslog 1 b\n").unwrap();
    assert_eq!(answers(&mut stream, 4).len(), 4);
    assert_eq!(running.sink.texts(), ["a", "b"]);
    assert_eq!(running.stop().dropped_for(DropReason::Refused), 1);
}

#[test]
fn what_is_not_relp_is_closed_and_what_came_before_it_is_stored() {
    let running = start(Arc::default(), |_| {});
    for (bytes, stored) in [
        (&b"<13>plain syslog\n"[..], 0),
        (b"1 syslog 1 x\n", 0),
        (b"1 open 0\n2 syslog 1 x\nGET / HTTP/1.1\n", 1),
    ] {
        let mut stream = connect(&running);
        stream.write_all(bytes).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        assert_eq!(running.sink.len(), stored);
    }
    assert_eq!(running.stop().parse_errors, 3);
}

#[test]
fn at_the_end_what_has_come_is_answered_and_the_client_is_told() {
    let running = start(Arc::default(), |_| {});
    let mut stream = connect(&running);
    stream.write_all(b"1 open 0\n2 syslog 1 a\n").unwrap();
    answers(&mut stream, 2);
    stream.write_all(b"3 syslog 1 b\n").unwrap();
    assert!(wait_until(|| running.sink.len() == 2));
    running.shutdown.start();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "3 rsp 6 200 OK\n0 serverclose 0\n");
    running.stop();
}
