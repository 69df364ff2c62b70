//! Records that go to two stores, and a server that is killed while they do: what was acknowledged is in both, and no record
//! is in a store more often than it was sent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::support::http::Connection;
use crate::support::{Dice, EVERYTHING, Place, Serving, number, report};

const CONFIG: &str = "[[routes]]\nwhen = \"both\"\nstores = [\"a\", \"b\"]\n";

/// Everything is held against what was sent at the end, in memory.
const CYCLES_MAX: u64 = 40;

/// Lines of a batch.
const LINES: u64 = 20;

/// What one sender sent.
#[derive(Default)]
struct Sent {
    /// By number of the batch: how often it was sent.
    times: Vec<u64>,
    /// Batches that were acknowledged; the one behind them may have been sent.
    acknowledged: usize,
}

impl Sent {
    /// Sends until the server is gone; first what was not acknowledged before.
    fn send(&mut self, sender: usize, serving: std::net::SocketAddr) {
        let Ok(mut connection) = Connection::open(serving) else { return };
        loop {
            let batch = self.acknowledged;
            self.times.resize(self.times.len().max(batch + 1), 0);
            self.times[batch] += 1;
            let lines: String = (0..LINES).map(|n| line(sender, batch, n)).collect();
            match connection.post("/ingest", lines.as_bytes()) {
                Ok((200, _)) => self.acknowledged += 1,
                _ => return,
            }
        }
    }
}

fn line(sender: usize, batch: usize, n: u64) -> String {
    format!("both sender {sender} batch {batch} line {n}\n")
}

fn serve(place: &Place) -> Serving {
    let path = place.beside("config.toml", CONFIG.as_bytes());
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]))
}

/// How often each line is in a store.
fn lines_of(place: &Place, store: &str) -> HashMap<String, u64> {
    let mut args = EVERYTHING.to_vec();
    args.extend(["--name", store]);
    let mut times = HashMap::new();
    for line in place.ok(&args).lines() {
        *times.entry(format!("{line}\n")).or_default() += 1;
    }
    times
}

/// Holds a store against what was sent; how many lines are there more than once.
fn check(place: &Place, store: &str, senders: &[Sent]) -> u64 {
    let mut there = lines_of(place, store);
    let mut repeated = 0;
    for (sender, sent) in senders.iter().enumerate() {
        for (batch, times) in sent.times.iter().enumerate() {
            for n in 0..LINES {
                let line = line(sender, batch, n);
                let found = there.remove(&line).unwrap_or(0);
                let least = u64::from(batch < sent.acknowledged);
                assert!(
                    (least..=*times).contains(&found),
                    "{store}: {line} {found} times, sent {times}, at least {least}"
                );
                repeated += u64::from(found > 1);
            }
        }
    }
    assert!(there.is_empty(), "{store}: lines that nobody sent: {:?}", there.keys().next());
    repeated
}

#[test]
fn what_goes_to_two_stores_is_in_both_after_kill_nine() {
    let (seed, cycles) =
        (number("GASTROLOG_KILL_SEED", 11), number("GASTROLOG_KILL_CYCLES", 4).min(CYCLES_MAX));
    let (mut dice, place) = (Dice(seed), Place::new());
    let (mut senders, began): (Vec<Sent>, _) = ((0..4).map(|_| Sent::default()).collect(), Instant::now());
    for _ in 0..cycles {
        let serving = serve(&place);
        let address = serving.address;
        std::thread::scope(|scope| {
            for (n, sender) in senders.iter_mut().enumerate() {
                scope.spawn(move || sender.send(n, address));
            }
            std::thread::sleep(Duration::from_millis(100 + dice.below(400)));
            serving.kill();
        });
    }
    let serving = serve(&place);
    let repeated: Vec<u64> = ["a", "b"].iter().map(|store| check(&place, store, &senders)).collect();
    serving.stop();
    let acknowledged: u64 = senders.iter().map(|s| s.acknowledged as u64 * LINES).sum();
    let again: u64 = senders.iter().flat_map(|s| &s.times).map(|times| (times - 1) * LINES).sum();
    let what = format!(
        "{cycles} kills in {:.0} s: {acknowledged} acknowledged and in two stores, 0 lost; {again} sent again, {} of them \
         there twice in the one, {} in the other",
        began.elapsed().as_secs_f64(),
        repeated[0],
        repeated[1]
    );
    report(&what, acknowledged > 100);
}
