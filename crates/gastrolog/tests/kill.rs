//! `kill -9` in the middle of an ingest: whatever was acknowledged is there afterwards, once, byte for byte.
//!
//! `GASTROLOG_KILL_CYCLES` and `GASTROLOG_KILL_SEED` make it longer and other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod kill {
    pub(crate) mod ledger;
    pub(crate) mod sender;
}
mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kill::ledger::Ledger;
use kill::sender::Sender;
use support::{Dice, Place, Serving, number, parts};

/// Senders that send at the same time, each with a connection of its own.
const SENDERS: usize = 4;

/// Chunks are sealed often, so that a kill meets that too.
const CONFIG: &[u8] = b"[stores.default]\nseal_bytes = \"24MiB\"\n";

fn serve(place: &Place) -> Serving {
    let config = place.beside("config.toml", CONFIG);
    let config = config.to_str().unwrap();
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", config]))
}

/// Lets all senders send for a while, then does `end` to the server while they go on.
fn cycle(place: &Place, senders: &mut [Sender], duration: Duration, end: impl FnOnce(Serving)) {
    let serving = serve(place);
    let address = serving.address;
    let ending = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for sender in senders {
            let ending = &ending;
            scope.spawn(move || sender.send_until_it_fails(address, ending));
        }
        std::thread::sleep(duration);
        ending.store(true, Ordering::SeqCst);
        end(serving);
    });
}

fn check(senders: &[Sender], found: &[u8], when: &str) {
    let ledgers: Vec<&Ledger> = senders.iter().map(|s| &s.ledger).collect();
    kill::ledger::check(&ledgers, found, when);
}

#[test]
fn what_was_acknowledged_survives_kill_nine() {
    let seed = number("GASTROLOG_KILL_SEED", 7);
    let place = Place::new();
    let mut dice = Dice(seed);
    let mut senders: Vec<Sender> = (0..SENDERS).map(|i| Sender::new(i, seed)).collect();
    for n in 0..number("GASTROLOG_KILL_CYCLES", 6) {
        let duration = Duration::from_millis(30 + dice.below(700));
        cycle(&place, &mut senders, duration, Serving::kill);
        // As the killed process left it: nothing has been repaired yet.
        check(&senders, &place.everything(), &format!("seed {seed}, cycle {n}, killed after {duration:?}"));
    }
    let acknowledged: u64 = senders.iter().map(|s| s.ledger.acknowledged()).sum();
    assert!(acknowledged > 1000, "only {acknowledged} records were acknowledged: nothing was tested");

    let serving = serve(&place);
    check(&senders, &place.everything(), &format!("seed {seed}, asked of a server after the last kill"));
    serving.stop();
    place.run(&["seal"]);
    check(&senders, &place.everything(), &format!("seed {seed}, all sealed"));
    let (code, problems, said) = parts(&place.run(&["verify"]));
    assert_eq!((code, problems.as_str()), (0, ""), "{said}");
}

#[test]
fn a_server_that_is_asked_to_stop_answers_what_it_took() {
    let place = Place::new();
    let mut senders: Vec<Sender> = (0..SENDERS).map(|i| Sender::new(i, 99)).collect();
    for n in 0..2 {
        cycle(&place, &mut senders, Duration::from_millis(600), |serving| {
            let said = serving.stop();
            assert_eq!(said.last().unwrap(), "stopped");
        });
        check(&senders, &place.everything(), &format!("after stop {n}"));
    }
    let serving = serve(&place);
    check(&senders, &place.everything(), "after another start");
    serving.stop();
}
