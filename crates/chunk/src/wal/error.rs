//! What can go wrong with the log, by what the caller can do about it.

use std::path::PathBuf;
use std::sync::Arc;

use gastrolog_env::EnvError;
use gastrolog_types::Seq;

use super::MalformedBatch;

/// Result of an operation on the log.
pub type Result<T> = std::result::Result<T, WalError>;

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The disk failed. When [`EnvError::is_full`], the records are kept in memory: the same commit may be tried again
    /// after space was made, or they may be [withdrawn](super::Wal::withdraw).
    #[error(transparent)]
    Env(#[from] EnvError),
    /// An earlier write or sync failed, so that nobody knows what is on disk. See [`super::Wal::renew`].
    #[error("the write-ahead log stopped accepting records: {reason}")]
    Poisoned {
        /// The failure that did it.
        reason: Arc<str>,
    },
    /// A record or its attributes are larger than the log takes. Refuse it to the sender.
    #[error("{what} has {bytes} bytes, more than {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The largest allowed.
        max: usize,
    },
    /// A batch contradicts itself, or a frame holds something that is not a batch.
    #[error(transparent)]
    Batch(#[from] MalformedBatch),
    /// The seq was used before: a mistake of the caller.
    #[error("record {first_seq} was appended after the log had reached {next_seq}")]
    OutOfOrder {
        /// The seq that was given.
        first_seq: Seq,
        /// The least that would do.
        next_seq: Seq,
    },
    /// A frame could not be read back; the following ones may be.
    #[error("{} cannot be read at byte {offset}: {reason}", path.display())]
    Unreadable {
        /// The segment.
        path: PathBuf,
        /// Where in it the frame starts.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The log was written by a later release. Use that one.
    #[error("{} has version {found} of the write-ahead log; this release reads up to {newest}", path.display())]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version this release knows.
        newest: u32,
    },
}
