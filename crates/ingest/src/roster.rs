//! Which receivers there are, and what each has counted since it was started.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gastrolog_types::{HistogramCounts, Timestamp};
use parking_lot::Mutex;

use crate::samples::{SampleCounts, SampleLog};
use crate::{Counters, CountersSnapshot, ReceiverState, Routes};

/// The rate of a receiver is that of so many ticks.
const TICKS: usize = 10;
/// So many ticks are remembered at which records came that are still on their way; later ones are not told apart.
const ARRIVALS_MAX: usize = 3600;

/// What there is to know about a receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiverStatus {
    /// The name the operator gave it.
    pub name: String,
    /// Which protocol it speaks.
    pub kind: String,
    /// Where it listens, or what it follows.
    pub addresses: Vec<String>,
    /// Whether it works.
    pub state: ReceiverState,
    /// How long the oldest record has been waiting that was received and is not stored yet, by the second.
    pub lag: Duration,
    /// How much of the files that it follows is there and was not read yet.
    pub unread_bytes: Option<u64>,
    /// What it has counted since it was started.
    pub counts: CountersSnapshot,
    /// Records received a second, over the last ten seconds.
    pub per_second: f64,
    /// What went wrong last, and when.
    pub last_error: Option<(Timestamp, String)>,
}

/// What is measured of a receiver, since it was started.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiverMeasures {
    /// The name the operator gave it.
    pub name: String,
    /// Which protocol it speaks.
    pub kind: String,
    /// Where it listens, or what it follows.
    pub addresses: Vec<String>,
    /// What it has counted.
    pub counts: CountersSnapshot,
    /// How long the oldest record has been waiting that was received and is not stored yet, by the second.
    pub lag: Duration,
    /// How much of the files that it follows is there and was not read yet.
    pub unread_bytes: Option<u64>,
    /// Bytes of text received.
    pub bytes: u64,
    /// From handing a batch to the store until it is durable.
    pub acknowledge: HistogramCounts,
    /// What became of samples of input that could not be read or stored.
    pub samples: SampleCounts,
}

/// The receivers of a process, in the order in which they were added.
#[derive(Default)]
pub struct Roster {
    receivers: Mutex<Vec<Entry>>,
    routes: Arc<Routes>,
    samples: OnceLock<Arc<SampleLog>>,
}

struct Entry {
    name: String,
    kind: String,
    addresses: Vec<String>,
    counters: Arc<Counters>,
    /// When, and how many had been received; the oldest first.
    ticks: VecDeque<(Instant, u64)>,
    /// Those of records that are still on their way.
    arrivals: VecDeque<(Instant, u64)>,
}

impl Roster {
    /// Lets the receivers that are added from now on bring samples of what they could not read or store.
    pub fn keep_samples(&self, log: Arc<SampleLog>) {
        // There is one for good.
        let _ = self.samples.set(log);
    }

    /// Ends the samples: what waits is written.
    pub fn close_samples(&self) {
        self.samples.get().into_iter().for_each(|log| log.close());
    }

    /// Adds a receiver.
    pub fn add(&self, name: &str, kind: &str, addresses: Vec<String>, counters: Arc<Counters>) {
        if let Some(log) = self.samples.get() {
            counters.keep_samples(log.sampler(name, kind));
        }
        let (name, kind) = (name.to_owned(), kind.to_owned());
        let ticks = VecDeque::from([(Instant::now(), counters.snapshot().received)]);
        let arrivals = VecDeque::new();
        self.receivers.lock().push(Entry { name, kind, addresses, counters, ticks, arrivals });
    }

    /// The rules that say where records go.
    pub fn routes(&self) -> Arc<Routes> {
        self.routes.clone()
    }

    /// Notes how many were received so far; called once a second.
    pub fn tick(&self) {
        let now = Instant::now();
        for entry in self.receivers.lock().iter_mut() {
            entry.tick(now);
        }
    }

    /// What is measured of all of them.
    pub fn measures(&self) -> Vec<ReceiverMeasures> {
        self.receivers.lock().iter().map(Entry::measures).collect()
    }

    /// All of them, at `now`.
    pub fn status(&self, now: Timestamp) -> Vec<ReceiverStatus> {
        self.receivers.lock().iter().map(|entry| entry.status(now)).collect()
    }
}

impl Entry {
    fn tick(&mut self, now: Instant) {
        let counts = self.counters.snapshot();
        self.ticks.push_back((now, counts.received));
        if self.ticks.len() > TICKS + 1 {
            self.ticks.pop_front();
        }
        let settled = settled(&counts);
        while self.arrivals.front().is_some_and(|(_, received)| *received <= settled) {
            self.arrivals.pop_front();
        }
        let known = self.arrivals.back().map_or(settled, |(_, received)| *received);
        if counts.received > known && self.arrivals.len() < ARRIVALS_MAX {
            self.arrivals.push_back((now, counts.received));
        }
    }

    /// Records are settled in the order in which they came, or nearly so.
    fn lag(&self, counts: &CountersSnapshot) -> Duration {
        let oldest = self.arrivals.iter().find(|(_, received)| *received > settled(counts));
        oldest.map_or(Duration::ZERO, |(came, _)| came.elapsed())
    }

    fn measures(&self) -> ReceiverMeasures {
        let counts = self.counters.snapshot();
        ReceiverMeasures {
            name: self.name.clone(),
            kind: self.kind.clone(),
            addresses: self.addresses.clone(),
            lag: self.lag(&counts),
            unread_bytes: self.counters.unread_bytes(),
            counts,
            bytes: self.counters.bytes(),
            acknowledge: self.counters.acknowledge_times(),
            samples: self.counters.samples(),
        }
    }

    fn status(&self, now: Timestamp) -> ReceiverStatus {
        let when =
            |ago: Duration| Timestamp(now.0.saturating_sub(i64::try_from(ago.as_nanos()).unwrap_or(0)));
        let counts = self.counters.snapshot();
        ReceiverStatus {
            name: self.name.clone(),
            kind: self.kind.clone(),
            addresses: self.addresses.clone(),
            state: self.counters.state(),
            lag: self.lag(&counts),
            unread_bytes: self.counters.unread_bytes(),
            counts,
            per_second: self.per_second(),
            last_error: self.counters.last_error().map(|(ago, text)| (when(ago), text)),
        }
    }

    fn per_second(&self) -> f64 {
        let (Some((since, first)), Some((until, last))) = (self.ticks.front(), self.ticks.back()) else {
            return 0.0;
        };
        let seconds = until.saturating_duration_since(*since).as_secs_f64();
        if seconds > 0.0 { last.saturating_sub(*first) as f64 / seconds } else { 0.0 }
    }
}

/// Records whose fate is known.
fn settled(counts: &CountersSnapshot) -> u64 {
    counts.stored + counts.dropped_total()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_that_of_the_oldest_on_its_way() {
        let (roster, counters) = (Roster::default(), Arc::new(Counters::default()));
        roster.add("edge", "syslog", Vec::new(), counters.clone());
        let now = || roster.status(Timestamp(5)).remove(0);
        let tick = || {
            roster.tick();
            std::thread::sleep(Duration::from_millis(3));
        };
        assert_eq!(
            (now().lag, now().state, now().unread_bytes),
            (Duration::ZERO, ReceiverState::Running, None)
        );
        counters.received(5);
        tick();
        counters.received(5);
        tick();
        let both = now().lag;
        assert!(both >= Duration::from_millis(6), "{both:?}");
        assert!(roster.measures()[0].lag >= both);
        // Those of the first tick are stored, those of the second are younger.
        counters.stored(5);
        let second = now().lag;
        assert!(second > Duration::ZERO, "{second:?}");
        counters.stored(5);
        assert_eq!(now().lag, Duration::ZERO);
        counters.received(1);
        (0..2 * ARRIVALS_MAX).for_each(|_| roster.tick());
        assert!(roster.receivers.lock()[0].arrivals.len() == 1 && now().lag > Duration::ZERO);
    }

    #[test]
    fn the_state_is_that_of_the_last_attempt() {
        let (roster, counters) = (Roster::default(), Arc::new(Counters::default()));
        roster.add("files", "tail", Vec::new(), counters.clone());
        let state = || roster.status(Timestamp(5)).remove(0).state;
        counters.store_away();
        assert_eq!((state(), counters.snapshot().faults), (ReceiverState::StoreAway, 1));
        assert!(counters.timed(|| Ok::<_, ()>(())).is_ok());
        assert_eq!(state(), ReceiverState::Running);
        counters.unread(70);
        assert_eq!(roster.status(Timestamp(5)).remove(0).unread_bytes, Some(70));
        counters.stopped();
        assert_eq!(state(), ReceiverState::Stopped);
    }

    #[test]
    fn tells_what_each_has_counted() {
        let (roster, counters) = (Roster::default(), Arc::new(Counters::default()));
        roster.add("edge", "syslog", vec!["udp://127.0.0.1:514".into()], counters.clone());
        assert_eq!(roster.status(Timestamp(5))[0].per_second, 0.0);
        counters.received(7);
        counters.stored(4);
        counters.said("disk full");
        std::thread::sleep(Duration::from_millis(2));
        roster.tick();
        let status = roster.status(Timestamp(i64::MAX));
        assert_eq!((status.len(), status[0].name.as_str(), status[0].kind.as_str()), (1, "edge", "syslog"));
        assert_eq!((status[0].counts.in_flight(), status[0].counts.stored), (3, 4));
        assert!(status[0].per_second > 0.0);
        counters.received_text(2, 30);
        assert!(counters.timed(|| Err::<(), _>(())).is_err() && counters.timed(|| Ok::<_, ()>(())).is_ok());
        let measured = roster.measures().remove(0);
        assert_eq!((measured.counts.received, measured.bytes, measured.acknowledge.count()), (9, 30, 1));
        let (when, text) = status[0].last_error.clone().unwrap();
        assert!(text == "disk full" && when < Timestamp(i64::MAX));
        for _ in 0..3 * TICKS {
            roster.tick();
        }
        assert_eq!(roster.status(Timestamp(5))[0].per_second, 0.0);
    }
}
