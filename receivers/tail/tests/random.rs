//! Any order of writes, rotations, restarts, faults and looks gives every line once and in order.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::Logs;
use gastrolog_ingest::Shutdown;
use gastrolog_ingest::testing::MemorySink;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    /// Write this many lines of this length.
    Lines(usize, usize),
    /// Write a line in two parts, with a look between.
    InParts,
    /// Shift `app.log` to `app.log.1`, that to `app.log.2`; names that the glob matches.
    Shift,
    /// Rename `app.log` to a name that the glob does not match.
    Away,
    /// Read all, then truncate the file in place.
    Truncate,
    /// Look.
    Poll,
    /// End the receiver and start another from its bookmarks.
    Restart,
    /// The store is away, and the process ends before it is back.
    StoreAwayThenRestart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..5usize, 0..60usize).prop_map(|(n, len)| Step::Lines(n, len)),
        1 => (200..900usize, 0..100usize).prop_map(|(n, len)| Step::Lines(n, len)),
        2 => Just(Step::InParts),
        2 => Just(Step::Shift),
        2 => Just(Step::Away),
        2 => Just(Step::Truncate),
        5 => Just(Step::Poll),
        3 => Just(Step::Restart),
        1 => Just(Step::StoreAwayThenRestart),
    ];
    prop::collection::vec(step, 1..40)
}

struct World {
    logs: Logs,
    receiver: gastrolog_receiver_tail::TailReceiver,
    written: Vec<String>,
    shifts: usize,
}

impl World {
    fn new() -> World {
        let logs = Logs::new("app.log*", MemorySink::new());
        let receiver = logs.start();
        World { logs, receiver, written: Vec::new(), shifts: 0 }
    }

    fn next_line(&mut self, len: usize) -> String {
        let line = format!("{} {}", self.written.len(), "x".repeat(len));
        self.written.push(line.clone());
        line
    }

    fn poll(&mut self) {
        self.logs.poll(&mut self.receiver);
    }

    fn exists(&self, name: &str) -> bool {
        self.logs.path(name).exists()
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Lines(count, len) => {
                let text: String = (0..*count).map(|_| self.next_line(*len) + "\n").collect();
                self.logs.write("app.log", &text);
            }
            Step::InParts => {
                let line = self.next_line(20) + "\n";
                let (a, b) = line.split_at(line.len() / 2);
                self.logs.write("app.log", a);
                self.poll();
                self.logs.write("app.log", b);
            }
            Step::Shift if self.exists("app.log") => {
                if self.exists("app.log.1") {
                    // What falls off the end must have been seen once.
                    self.poll();
                    self.logs.rename("app.log.1", "app.log.2");
                }
                self.logs.rename("app.log", "app.log.1");
            }
            Step::Away if self.exists("app.log") => {
                // A file that nobody ever looked at cannot be found under a name that does not match.
                self.poll();
                self.logs.write("app.log", "");
                let late = self.next_line(5) + "\n";
                self.logs.write("app.log", &late);
                self.shifts += 1;
                self.logs.rename("app.log", &format!("old-{}", self.shifts));
                self.logs.write("app.log", "");
                self.poll();
            }
            Step::Truncate if self.exists("app.log") => {
                self.poll();
                self.logs.truncate("app.log");
            }
            Step::Poll => self.poll(),
            Step::Restart => self.receiver = self.logs.start(),
            Step::StoreAwayThenRestart => {
                self.logs.sink.fail_from_now(u64::MAX);
                let shutdown = Shutdown::new();
                shutdown.start();
                self.receiver.poll_once(&shutdown);
                self.logs.sink.fail_from_now(0);
                self.receiver = self.logs.start();
            }
            Step::Shift | Step::Away | Step::Truncate => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_once_and_in_order(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.apply(step);
        }
        world.poll();
        prop_assert_eq!(world.logs.texts(), world.written);
    }
}
