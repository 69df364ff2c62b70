//! What a receiver counts.

use std::fmt::Display;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gastrolog_types::{Batch, Histogram, HistogramCounts};
use parking_lot::Mutex;

use crate::Accepted;
use crate::ReceiverState;
use crate::samples::Sampler;
use crate::standing::Standing;

/// More of the text of an error is not kept.
const ERROR_BYTES_MAX: usize = 1024;

/// Why a record that was received is not in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The queue was full and the protocol cannot make its sender wait (UDP).
    QueueFull,
    /// The store said that it can never store it.
    Refused,
    /// Longer than the limit, and the sender was told so.
    TooLong,
    /// The store was not available and the sender was told to send it again.
    HandedBack,
    /// The store did not come back before the process had to end.
    Shutdown,
    /// No route takes it, and what is left over is not kept.
    Unrouted,
    /// A rule of the configuration drops it.
    Filtered,
    /// Left out by sampling.
    Sampled,
    /// Its source sends more than it may.
    RateLimited,
    /// Not lost: a line that is part of another record now.
    Merged,
}

impl DropReason {
    /// All reasons.
    pub const ALL: [DropReason; 10] = [
        DropReason::QueueFull,
        DropReason::Refused,
        DropReason::TooLong,
        DropReason::HandedBack,
        DropReason::Shutdown,
        DropReason::Unrouted,
        DropReason::Filtered,
        DropReason::Sampled,
        DropReason::RateLimited,
        DropReason::Merged,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            DropReason::QueueFull => "queue_full",
            DropReason::Refused => "refused",
            DropReason::TooLong => "too_long",
            DropReason::HandedBack => "handed_back",
            DropReason::Shutdown => "shutdown",
            DropReason::Unrouted => "unrouted",
            DropReason::Filtered => "filtered",
            DropReason::Sampled => "sampled",
            DropReason::RateLimited => "rate_limited",
            DropReason::Merged => "merged",
        }
    }
}

/// Counts of one receiver since it was started. **Invariant:** at every moment received = stored + dropped + in flight,
/// and at rest nothing is in flight. A record is counted as received before its fate is.
///
/// They stand behind one lock and not in atomics of their own: a reader of several atomics sees them at several moments,
/// and a busy receiver lets it find no two readings alike. They are touched once a batch, by datagrams once
/// each, and held for a few additions.
#[derive(Debug, Default)]
pub struct Counters {
    counts: Mutex<CountersSnapshot>,
    bytes: AtomicU64,
    last_error: Mutex<Option<(Instant, String)>>,
    acknowledge: Histogram,
    standing: Standing,
    /// Where it is kept what could not be read or stored.
    pub(crate) sampler: OnceLock<Sampler>,
}

impl Counters {
    /// Counts records that arrived, before their fate is known.
    pub fn received(&self, records: u64) {
        self.counts.lock().received += records;
    }

    /// Counts the records of a batch and the bytes of their text, before their fate is known.
    pub fn received_batch(&self, batch: &Batch) {
        self.received_text(batch.len() as u64, batch.text.len());
    }

    /// Counts records that arrived with so many bytes of text in all, before their fate is known.
    pub fn received_text(&self, records: u64, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.received(records);
    }

    /// Bytes of text received.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Runs one attempt to store records, and notes how long it took if they are durable then: that long their
    /// sender waits for its acknowledgement.
    pub fn timed<T, E>(&self, store: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let begin = Instant::now();
        let stored = store();
        if stored.is_ok() {
            self.standing.set_away(false);
            self.acknowledge.note_ns(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        stored
    }

    /// How long storing batches took.
    pub fn acknowledge_times(&self) -> HistogramCounts {
        self.acknowledge.read()
    }

    /// Counts records that are durable.
    pub fn stored(&self, records: u64) {
        self.counts.lock().stored += records;
    }

    /// Counts what became of a batch.
    pub fn accepted(&self, accepted: &Accepted) {
        let mut counts = self.counts.lock();
        counts.stored += accepted.count;
        accepted.dropped.iter().for_each(|(reason, records)| counts.drop_for(reason, records));
        drop(counts);
        self.sample_refused_by_routes(accepted);
    }

    /// Counts records that were not stored.
    pub fn dropped(&self, reason: DropReason, records: u64) {
        self.counts.lock().drop_for(reason, records);
    }

    /// Counts input that did not follow the protocol (it may be stored all the same) and of which there is nothing to
    /// show; else it is [`Counters::malformed`].
    pub fn parse_error(&self) {
        self.parse_errors(1);
    }

    /// Counts so many.
    pub(crate) fn parse_errors(&self, count: u64) {
        self.counts.lock().parse_errors += count;
    }

    /// Counts a fault of the surroundings: a file that may not be read, a store that is not available.
    pub fn fault(&self) {
        self.counts.lock().faults += 1;
    }

    /// Counts that the store is not available: a fault, and the state of the receiver until an attempt to store succeeds.
    pub fn store_away(&self) {
        self.fault();
        self.standing.set_away(true);
    }

    /// Notes that the receiver has ended.
    pub fn stopped(&self) {
        self.standing.set_stopped();
    }

    /// Notes how much of the files that it follows is there and was not read yet.
    pub fn unread(&self, bytes: u64) {
        self.standing.set_unread_bytes(bytes);
    }

    /// Whether the receiver works.
    pub fn state(&self) -> ReceiverState {
        self.standing.state()
    }

    /// What was last noted as unread; `None` where nothing is followed.
    pub fn unread_bytes(&self) -> Option<u64> {
        self.standing.unread_bytes()
    }

    /// Keeps what went wrong, for people who look; the one before it is forgotten.
    pub fn said(&self, error: impl Display) {
        let mut text = error.to_string();
        let mut end = text.len().min(ERROR_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        *self.last_error.lock() = Some((Instant::now(), text));
    }

    /// What went wrong last, and how long ago.
    pub fn last_error(&self) -> Option<(Duration, String)> {
        self.last_error.lock().as_ref().map(|(when, text)| (when.elapsed(), text.clone()))
    }

    /// The counts at one moment.
    pub fn snapshot(&self) -> CountersSnapshot {
        *self.counts.lock()
    }
}

/// [`Counters`] at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountersSnapshot {
    /// Records that arrived.
    pub received: u64,
    /// Records that are durable.
    pub stored: u64,
    /// Records that were not stored, by cause.
    pub dropped: [(DropReason, u64); DropReason::ALL.len()],
    /// Input that did not follow the protocol.
    pub parse_errors: u64,
    /// Faults of the surroundings.
    pub faults: u64,
}

impl Default for CountersSnapshot {
    fn default() -> Self {
        let dropped = DropReason::ALL.map(|reason| (reason, 0));
        CountersSnapshot { received: 0, stored: 0, dropped, parse_errors: 0, faults: 0 }
    }
}

impl CountersSnapshot {
    fn drop_for(&mut self, reason: DropReason, records: u64) {
        self.dropped.iter_mut().filter(|(r, _)| *r == reason).for_each(|(_, n)| *n += records);
    }

    /// Records that were not stored, for `reason`.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.iter().filter(|(r, _)| *r == reason).map(|(_, n)| n).sum()
    }

    /// Records that were not stored, for all causes.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().map(|(_, n)| n).sum()
    }

    /// Records whose fate is not known yet: in a queue, or on their way into the store.
    pub fn in_flight(&self) -> u64 {
        self.received.saturating_sub(self.stored + self.dropped_total())
    }

    /// Whether received = stored + dropped.
    pub fn reconciles(&self) -> bool {
        self.received == self.stored + self.dropped_total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_by_cause() {
        let counters = Counters::default();
        counters.received(10);
        counters.stored(6);
        for reason in DropReason::ALL {
            counters.dropped(reason, u64::from(reason == DropReason::QueueFull) * 3);
        }
        let now = counters.snapshot();
        assert_eq!((now.dropped_for(DropReason::QueueFull), now.dropped_total(), now.in_flight()), (3, 3, 1));
        assert!(!now.reconciles());
        counters.dropped(DropReason::Refused, 1);
        assert!(counters.snapshot().reconciles());
    }

    #[test]
    fn a_snapshot_is_of_one_moment() {
        let counters = Counters::default();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..200_000u64 {
                    counters.received(3);
                    counters.stored(2);
                    counters.dropped(DropReason::ALL[n as usize % DropReason::ALL.len()], 1);
                }
                done.store(true, Ordering::SeqCst);
            });
            while !done.load(Ordering::SeqCst) {
                // The one thread has no more than three records on their way at any moment.
                let now = counters.snapshot();
                assert!(now.in_flight() <= 3, "{now:?}");
                assert_eq!(now.received, now.stored + now.dropped_total() + now.in_flight());
            }
        });
        assert!(counters.snapshot().reconciles());
    }

    #[test]
    fn the_last_error_is_kept_and_cut() {
        let counters = Counters::default();
        assert_eq!(counters.last_error(), None);
        counters.said("first");
        counters.said("ö".repeat(2000));
        let (_, text) = counters.last_error().unwrap();
        assert_eq!(text.len(), ERROR_BYTES_MAX);
    }
}
