//! What is known of a trace.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

/// What a batch holds of a trace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) records: u64,
    /// Whether one of them keeps it.
    pub(crate) keeps: bool,
}

/// Where a trace stands. One that was left out is kept from the moment a record comes that keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Standing {
    Held,
    LeftOut,
    Kept,
}

/// A trace. Those who wait hold on to it, so that they learn of the decision even when it has been forgotten since. It is
/// changed under the lock of its table only; the atomics are what lets it be shared.
#[derive(Debug)]
pub(crate) struct Trace {
    standing: AtomicU8,
    records: AtomicU64,
    /// Then it is decided on.
    pub(crate) until: Instant,
}

impl Trace {
    pub(crate) fn new(standing: Standing, until: Instant) -> Trace {
        Trace { standing: AtomicU8::new(standing as u8), records: AtomicU64::new(0), until }
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Relaxed) {
            0 => Standing::Held,
            1 => Standing::LeftOut,
            _ => Standing::Kept,
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.standing() == Standing::Held
    }

    pub(crate) fn set(&self, standing: Standing) {
        self.standing.store(standing as u8, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, records: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }
}
