//! Tail sampling through the binary: a request that is held, and a server that is stopped or killed meanwhile.

use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::processing::{all_of, counts_of, serve};
use crate::support::http::Connection;
use crate::support::{Place, Serving};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG: &str = "[process.http]\ntail_sample = { rate = 0, wait = \"5s\" }\n";

/// Posts on a thread; the status comes when the request is answered.
fn post(serving: &Serving, body: &'static str) -> Receiver<std::io::Result<u16>> {
    let (send, receive) = channel();
    let mut connection = Connection::open(serving.address).unwrap();
    std::thread::spawn(move || {
        send.send(connection.post("/ingest", body.as_bytes()).map(|(status, _)| status))
    });
    receive
}

/// Waits until so many were received; the counts then.
fn until_received(place: &Place, records: u64) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let counts = counts_of(place, "http");
        if counts["received"] == records {
            return counts;
        }
        assert!(Instant::now() < until, "{counts}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_held_request_is_answered_when_the_server_stops() {
    let place = Place::new();
    let serving = serve(&place, CONFIG);
    let held = post(&serving, "trace_id=a n=1\nother\n");
    until_received(&place, 2);
    serving.stop();
    assert_eq!(held.recv_timeout(PATIENCE).unwrap().unwrap(), 200);
    assert_eq!(all_of(&place, "default"), "other\n");
}

#[test]
fn nothing_that_is_held_is_acknowledged_or_stored_when_the_server_is_killed() {
    let place = Place::new();
    let serving = serve(&place, CONFIG);
    let held = post(&serving, "trace_id=a n=1\nother\n");
    let counts = until_received(&place, 2);
    assert_eq!(
        (counts["stored"].as_u64(), counts["dropped"]["sampled"].as_u64()),
        (Some(0), Some(0)),
        "{counts}"
    );
    assert_eq!(counts["in_flight"], 2);
    serving.kill();
    let answer = held.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(matches!(answer.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset), "{answer}");
    // Its sender has it still; now with the rest of the trace, from another connection.
    let serving = serve(&place, CONFIG);
    let held = post(&serving, "trace_id=a n=1\nother\n");
    // Whichever is first.
    serving.send(b"trace_id=a n=2 error\ntrace_id=a n=3\n");
    assert_eq!(held.recv_timeout(PATIENCE).unwrap().unwrap(), 200);
    let counts = counts_of(&place, "http");
    assert_eq!((counts["received"].as_u64(), counts["stored"].as_u64()), (Some(4), Some(4)));
    let mut lines: Vec<String> = all_of(&place, "default").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["other", "trace_id=a n=1", "trace_id=a n=2 error", "trace_id=a n=3"]);
    serving.stop();
}
