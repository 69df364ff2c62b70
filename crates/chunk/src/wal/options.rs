//! How a log is kept, and what stands for records that were appended to it.

/// When a record counts as accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on disk.
    Fsync,
    /// When the operating system has it; it is on disk after the next [`Wal::tick`](super::Wal::tick). A power cut loses what came since
    /// the last one.
    Interval {
        /// How often the owner calls [`Wal::tick`](super::Wal::tick), in milliseconds.
        interval_ms: u64,
    },
}

/// How a log is kept.
#[derive(Clone, Copy, Debug)]
pub struct WalOptions {
    /// When a record counts as accepted.
    pub durability: Durability,
    /// A segment is closed before it grows beyond this (one group of frames may be larger).
    pub segment_bytes: u64,
}

impl Default for WalOptions {
    fn default() -> WalOptions {
        WalOptions { durability: Durability::Fsync, segment_bytes: 64 << 20 }
    }
}

/// Stands for what was appended so far; [`Wal::commit`](super::Wal::commit) waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);
