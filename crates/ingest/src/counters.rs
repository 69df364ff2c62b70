//! What a receiver counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a record that was received is not in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
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
}

impl DropReason {
    /// All reasons.
    pub const ALL: [DropReason; 5] = [
        DropReason::QueueFull,
        DropReason::Refused,
        DropReason::TooLong,
        DropReason::HandedBack,
        DropReason::Shutdown,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            DropReason::QueueFull => "queue_full",
            DropReason::Refused => "refused",
            DropReason::TooLong => "too_long",
            DropReason::HandedBack => "handed_back",
            DropReason::Shutdown => "shutdown",
        }
    }
}

/// Counts of one receiver. **Invariant:** once it is at rest, received = stored + dropped.
#[derive(Debug, Default)]
pub struct Counters {
    received: AtomicU64,
    stored: AtomicU64,
    dropped: [AtomicU64; DropReason::ALL.len()],
    parse_errors: AtomicU64,
    faults: AtomicU64,
}

impl Counters {
    /// Counts records that arrived, before their fate is known.
    pub fn received(&self, records: u64) {
        self.received.fetch_add(records, Ordering::Relaxed);
    }

    /// Counts records that are durable.
    pub fn stored(&self, records: u64) {
        self.stored.fetch_add(records, Ordering::Release);
    }

    /// Counts records that were not stored.
    pub fn dropped(&self, reason: DropReason, records: u64) {
        if let Some(counter) = self.dropped.get(reason as usize) {
            counter.fetch_add(records, Ordering::Release);
        }
    }

    /// Counts input that did not follow the protocol (it may be stored all the same).
    pub fn parse_error(&self) {
        self.parse_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a fault of the surroundings: a file that may not be read, a store that is not available.
    pub fn fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts now. Fates are read before arrivals, so that [`CountersSnapshot::in_flight`] is never negative.
    pub fn snapshot(&self) -> CountersSnapshot {
        let stored = self.stored.load(Ordering::Acquire);
        let dropped = DropReason::ALL.map(|reason| {
            (reason, self.dropped.get(reason as usize).map_or(0, |n| n.load(Ordering::Acquire)))
        });
        CountersSnapshot {
            stored,
            dropped,
            received: self.received.load(Ordering::Acquire),
            parse_errors: self.parse_errors.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
        }
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

impl CountersSnapshot {
    /// Records that were not stored, for `reason`.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.iter().filter(|(r, _)| *r == reason).map(|(_, n)| n).sum()
    }

    /// Records that were not stored, for all causes.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().map(|(_, n)| n).sum()
    }

    /// Records that wait to be stored.
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
}
