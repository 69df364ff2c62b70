//! Timestamps and sequence numbers.

/// Nanoseconds since the Unix epoch, UTC. [`Timestamp::NONE`] stands for "not known".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The value that means "the record does not say".
    pub const NONE: Timestamp = Timestamp(i64::MIN);

    /// Whether a time is known.
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }

    /// This time, or `other` where this one is not known.
    pub fn or(self, other: Timestamp) -> Timestamp {
        if self.is_some() { self } else { other }
    }
}

/// A record's place in the write order of its store: 0, 1, 2 …, never used twice. Numbers may be left out where a
/// write was cut off by a crash or refused by the disk.
pub type Seq = u64;
