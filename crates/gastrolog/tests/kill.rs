//! Ends a server in the middle of an ingest, by `kill -9` and by SIGTERM: whatever was acknowledged is there afterwards,
//! once, byte for byte.
//!
//! `benches/torture` runs it for long, by `GASTROLOG_KILL_CYCLES`, `GASTROLOG_KILL_SEED` and `GASTROLOG_STOPS`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod kill {
    mod fanout;
    mod groups;
    pub(crate) mod ledger;
    pub(crate) mod sender;
    pub(crate) mod senders;
    pub(crate) mod trial;
}
mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use kill::ledger::Found;
use kill::trial::Trial;
use support::{Dice, Serving, number, report, report_so_far};

/// After so many kills everything is checked once more, and a new store begun: all of it is read after each kill.
const KILLS_A_STORE: u64 = 8;

/// In this time a server that was asked to stop must have stopped.
const STOP_S_MAX: f64 = 10.0;

#[test]
fn what_was_acknowledged_survives_kill_nine() {
    let (seed, cycles) = (number("GASTROLOG_KILL_SEED", 7), number("GASTROLOG_KILL_CYCLES", 6));
    let (mut dice, mut found) = (Dice(seed), Found::default());
    let (mut by_protocol, began) = (BTreeMap::new(), Instant::now());
    for begin in (0..cycles).step_by(KILLS_A_STORE as usize) {
        let mut trial = Trial::new(seed + begin);
        for n in begin..cycles.min(begin + KILLS_A_STORE) {
            let duration = Duration::from_millis(30 + dice.below(500));
            trial.cycle(duration, Serving::kill);
            trial.killed();
            // As the killed process left it: nothing has been repaired yet.
            trial.check(&format!("seed {seed}, cycle {n}, killed after {duration:?}"));
        }
        found.add(trial.finish(&format!("seed {seed}, stores begun at cycle {begin}")));
        trial.count(&mut by_protocol);
        let kills = cycles.min(begin + KILLS_A_STORE);
        let what = tally(kills, began.elapsed(), found, &by_protocol);
        report_so_far(&format!("stopped after {kills} of {cycles} cycles: {what}"));
    }
    let acknowledged = found.acknowledged;
    assert!(acknowledged > 1000, "only {acknowledged} records were acknowledged: nothing was tested");
    let what = tally(cycles, began.elapsed(), found, &by_protocol);
    report(&what, by_protocol.values().all(|&lines| lines > 0));
}

/// What so many kills have shown.
fn tally(kills: u64, took: Duration, found: Found, by_protocol: &BTreeMap<&'static str, u64>) -> String {
    let Found { acknowledged, sent_again, twice } = found;
    let each: Vec<String> = by_protocol.iter().map(|(name, lines)| format!("{name} {lines}")).collect();
    let took_s = took.as_secs_f64();
    format!(
        "{kills} kills in {took_s:.0} s, {:.1} s each: {acknowledged} acknowledged, or written to a file or a broker ({}), \
         0 lost, no hole; {sent_again} sent again by their senders, {twice} there twice, all of them sent or read again",
        took_s / kills as f64,
        each.join(", "),
    )
}

/// Peers that a server meets while it stops: readers that read nothing, and a body that does not come.
fn stalled_peers(serving: &Serving) -> Vec<TcpStream> {
    let stream = |method: &str| {
        let body = br#"{"query":"*"}"#;
        let mut message = vec![0];
        message.extend_from_slice(&(body.len() as u32).to_be_bytes());
        message.extend_from_slice(body);
        let head = format!(
            "POST /gastrolog.v1.{method} HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\n\
             content-length: {}\r\n\r\n",
            message.len()
        );
        let mut socket = TcpStream::connect(serving.address).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(&message).unwrap();
        socket
    };
    let mut half = TcpStream::connect(serving.address).unwrap();
    let head = "POST /ingest HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n";
    half.write_all(head.as_bytes()).unwrap();
    // It waits for the body then: a connection that it has not accepted yet would not hold it up.
    let mut told = [0; 25];
    half.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    half.write_all(b"half a body").unwrap();
    vec![stream("Follow/Follow"), stream("Query/Query"), half, TcpStream::connect(serving.address).unwrap()]
}

#[test]
fn a_server_that_is_asked_to_stop_answers_what_it_took() {
    let mut trial = Trial::new(number("GASTROLOG_KILL_SEED", 99));
    let (stops, mut slowest) = (number("GASTROLOG_STOPS", 2), 0f64);
    for n in 0..stops {
        trial.cycle(Duration::from_millis(600), |serving| {
            let peers = stalled_peers(&serving);
            let asked = Instant::now();
            let said = serving.stop();
            slowest = slowest.max(asked.elapsed().as_secs_f64());
            assert_eq!(said.last().unwrap(), "stopped");
            drop(peers);
        });
        trial.check(&format!("after stop {n}"));
    }
    let Found { acknowledged, .. } = trial.finish("after the last stop");
    let what = format!(
        "{stops} stops under full load, a stalled query, follower and body beside it: the slowest took {slowest:.1} s; \
         {acknowledged} acknowledged, 0 lost"
    );
    report(&what, slowest < STOP_S_MAX);
}

#[test]
fn a_second_signal_ends_at_once_what_a_first_one_drains() {
    let mut trial = Trial::new(number("GASTROLOG_KILL_SEED", 5));
    trial.cycle(Duration::from_millis(400), |serving| {
        // The body that does not come keeps the server from stopping by itself.
        let peers = stalled_peers(&serving);
        serving.signal("TERM");
        serving.wait_to_say("stopping");
        serving.signal("TERM");
        let (status, said) = serving.wait();
        assert_eq!((status.code(), said.last().unwrap().as_str()), (Some(143), "stopped at once"));
        drop(peers);
    });
    trial.killed();
    trial.check("after the second signal");
    let Found { acknowledged, .. } = trial.finish("after the second signal and a start");
    report(&format!("exit status 143, nothing waited for; {acknowledged} acknowledged, 0 lost"), true);
}
