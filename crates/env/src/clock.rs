//! Clocks: the machine's own, and one that tests move by hand.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use gastrolog_types::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync + Debug {
    /// The time of day. May jump, also backwards.
    fn now(&self) -> Timestamp;

    /// Nanoseconds since some fixed moment; never goes back. For measuring durations.
    fn monotonic_ns(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else must use")]
        let now = std::time::SystemTime::now();
        let ns = match now.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(-i64::MAX, |ns| -ns),
        };
        Timestamp(ns)
    }

    fn monotonic_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
    monotonic_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> ManualClock {
        ManualClock { now: AtomicI64::new(now.0), monotonic_ns: AtomicU64::new(0) }
    }

    /// Moves time of day and monotonic time on by `ns`.
    pub fn advance_ns(&self, ns: u64) {
        self.now.fetch_add(i64::try_from(ns).unwrap_or(i64::MAX), Ordering::SeqCst);
        self.monotonic_ns.fetch_add(ns, Ordering::SeqCst);
    }

    /// Sets the time of day, also backwards; monotonic time stays.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn monotonic_ns(&self) -> u64 {
        self.monotonic_ns.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_time_moves_only_by_hand_and_system_time_goes_on() {
        let clock = ManualClock::new(Timestamp(100));
        clock.advance_ns(5);
        assert_eq!((clock.now(), clock.monotonic_ns()), (Timestamp(105), 5));
        clock.set(Timestamp(1));
        assert_eq!((clock.now(), clock.monotonic_ns()), (Timestamp(1), 5));

        let system = SystemClock::new();
        let (a, b) = (system.monotonic_ns(), system.monotonic_ns());
        assert!(a <= b);
        assert!(system.now() > Timestamp(1_600_000_000_000_000_000));
    }
}
