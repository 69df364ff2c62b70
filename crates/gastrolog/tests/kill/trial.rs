//! A store and its senders, over several servers one after the other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::ledger::{self, Found, Ledger};
use super::sender::Sender;
use super::senders::{self, Listening};
use crate::support::{Place, Serving, parts};

/// Chunks are sealed often, so that a kill meets that too.
const CONFIG: &str = "[stores.default]\nseal_bytes = \"24MiB\"\n";

/// How long what was written to files may take to be stored.
const SETTLE: Duration = Duration::from_secs(120);

/// A store and its senders.
pub(crate) struct Trial {
    place: Place,
    senders: Vec<Sender>,
    servers: usize,
}

impl Trial {
    pub(crate) fn new(seed: u64) -> Trial {
        let place = Place::new();
        let folder = place.data().parent().unwrap().to_owned();
        let all = senders::all(&folder).into_iter().enumerate();
        let senders: Vec<Sender> = all.map(|(id, protocol)| Sender::new(id, seed, protocol)).collect();
        let own: String = senders.iter().map(|s| s.protocol.config()).collect();
        place.beside("config.toml", format!("{CONFIG}{own}").as_bytes());
        Trial { place, senders, servers: 0 }
    }

    /// Adds how many lines of each protocol were acknowledged.
    pub(crate) fn count(&self, by_protocol: &mut BTreeMap<&'static str, u64>) {
        for sender in &self.senders {
            *by_protocol.entry(sender.protocol.name()).or_default() += sender.ledger.figures().acknowledged;
        }
    }

    /// Every third one acknowledges what the operating system has, which a kill must not cost either.
    fn serve(&mut self) -> Serving {
        let config = self.place.data().with_file_name("config.toml");
        let durability = if self.servers % 3 == 2 { "interval=20ms" } else { "fsync" };
        self.servers += 1;
        let config = ["--config", config.to_str().unwrap(), "--durability", durability];
        Serving::start(self.place.command(&[&["serve", "--listen", "127.0.0.1:0"][..], &config].concat()))
    }

    /// Lets all senders send for a while, then does `end` to the server while they go on.
    pub(crate) fn cycle(&mut self, duration: Duration, end: impl FnOnce(Serving)) {
        let serving = self.serve();
        let server = Listening { http: serving.address, said: serving.head().to_vec() };
        let ending = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for sender in &mut self.senders {
                let (ending, server) = (&ending, &server);
                scope.spawn(move || sender.send_until_it_fails(server, ending));
            }
            std::thread::sleep(duration);
            ending.store(true, Ordering::SeqCst);
            end(serving);
        });
    }

    /// The server of the last cycle did not end by itself.
    pub(crate) fn killed(&mut self) {
        self.senders.iter_mut().for_each(Sender::was_killed);
    }

    /// Holds what is in the store against what was sent.
    pub(crate) fn check(&self, when: &str) -> Found {
        let everything = self.place.everything();
        let ledgers: Vec<&Ledger> = self.senders.iter().map(|s| &s.ledger).collect();
        let lines = everything.split_inclusive(|&b| b == b'\n').map(|line| {
            let record = line.strip_suffix(b"\n").unwrap_or(line);
            // A protocol that wraps lines knows its own; the others leave them alone.
            let mut text = std::borrow::Cow::Borrowed(record);
            for sender in &self.senders {
                if let std::borrow::Cow::Owned(line) = sender.protocol.line(record) {
                    text = line.into();
                }
            }
            text.into_owned()
        });
        ledger::check(&ledgers, lines, when)
    }

    /// Starts a server once more, waits until it has taken what lies in files, asks it for everything; then seals,
    /// asks again, and verifies.
    pub(crate) fn finish(&mut self, when: &str) -> Found {
        let serving = self.serve();
        let missing = self.wait_until_settled();
        assert_eq!(missing, 0, "{when}: lines of files that were not stored");
        for sender in self.senders.iter_mut().filter(|s| s.settles()) {
            sender.ledger.acknowledge(0);
        }
        self.check(&format!("{when}, asked of a server"));
        serving.stop();
        self.place.run(&["seal"]);
        let found = self.check(&format!("{when}, all sealed"));
        let (code, problems, said) = parts(&self.place.run(&["verify"]));
        assert_eq!((code, problems.as_str()), (0, ""), "{when}: {said}");
        found
    }

    /// Waits for the last line of each sender without acknowledgements; how many did not come.
    fn wait_until_settled(&self) -> usize {
        let last = |s: &Sender| s.ledger.last().map(<[u8]>::to_vec);
        let wanted: Vec<Vec<u8>> = self.senders.iter().filter(|s| s.settles()).filter_map(last).collect();
        let until = Instant::now() + SETTLE;
        loop {
            let everything = self.place.everything();
            let there: std::collections::HashSet<&[u8]> = everything.split(|&b| b == b'\n').collect();
            let missing = wanted.iter().filter(|line| !there.contains(&line[..])).count();
            if missing == 0 || Instant::now() > until {
                return missing;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
