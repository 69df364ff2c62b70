//! A stack trace that comes by syslog as several messages: joined as far as it comes at once, never lost.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::processing::{all_of, counts_of, serve};
use crate::support::Place;

/// Attempts at having two messages in one batch: a busy machine may part them.
const ATTEMPTS: usize = 10;

fn config(multiline: &str) -> String {
    format!(
        "[[receivers]]\nkind = \"syslog\"\ntcp = \"127.0.0.1:0\"\n[process.syslog]\nmultiline = {multiline}\n"
    )
}

/// Waits until so many messages came and all are settled; how many were joined to another.
fn settled(place: &Place, received: u64) -> u64 {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let counts = counts_of(place, "syslog");
        let (stored, merged) = (&counts["stored"], counts["dropped"]["merged"].as_u64().unwrap_or(0));
        if stored.as_u64().unwrap_or(0) + merged == received {
            return merged;
        }
        assert!(Instant::now() < until, "{counts}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn messages_are_joined_when_they_come_at_once() {
    let place = Place::new();
    let serving = serve(&place, &config("{ continue = ': \\s+at ' }"));
    let mut socket = TcpStream::connect(serving.at("syslog tcp://")).unwrap();
    let (mut received, mut merged) = (0, 0);
    while merged == 0 {
        socket.write_all(b"<11>shop: failed\n<11>shop:  at a()\n<11>shop:  at b()\n").unwrap();
        received += 3;
        merged = settled(&place, received);
        assert!(received < 3 * ATTEMPTS as u64, "never in one batch");
    }
    assert!(all_of(&place, "default").contains("<11>shop: failed\n<11>shop:  at a()"));
    // What comes after that was acknowledged, so to say, stands alone.
    socket.write_all(b"<11>shop:  at late()\n").unwrap();
    assert_eq!(settled(&place, received + 1), merged);
    serving.stop();
}

#[test]
fn rules_of_languages_see_the_header_and_join_nothing() {
    let place = Place::new();
    let serving = serve(&place, &config("\"java\""));
    let mut socket = TcpStream::connect(serving.at("syslog tcp://")).unwrap();
    socket.write_all(b"<11>shop: failed\n<11>shop: \tat a()\n").unwrap();
    assert_eq!(settled(&place, 2), 0);
    // A message that is counted may hold line ends: it is one record without any rule.
    let message = b"<11>shop: java.lang.IllegalStateException: no stock\n\tat a()\n\tat b()";
    let mut counted = format!("{} ", message.len()).into_bytes();
    counted.extend_from_slice(message);
    TcpStream::connect(serving.at("syslog tcp://")).unwrap().write_all(&counted).unwrap();
    assert_eq!(settled(&place, 3), 0);
    let stored = place.ok(&["query", "--output", "raw", "IllegalStateException"]);
    assert_eq!(stored.as_bytes(), [message, &b"\n"[..]].concat());
    serving.stop();
}
