//! Where records go.

use gastrolog_types::{Batch, Seq};

/// Takes batches of records into a store.
pub trait Sink: Send + Sync {
    /// Stores `batch` and returns once it is durable (by the store's durability setting). Blocks while the store
    /// cannot keep up, which is how senders are slowed; call it from a thread that may block. Many threads may
    /// call at once: they share one disk sync.
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError>;
}

/// Proof that a batch is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Sequence number of the batch's first record; the others follow it without gaps.
    pub first_seq: Seq,
    /// How many records were stored.
    pub count: u64,
}

/// Why a batch was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SinkError {
    /// A passing fault (disk full, store draining): the sender should keep the records and try again. They are not
    /// acknowledged; some may be stored all the same, so that a second attempt may store them twice.
    #[error("not acknowledged, try again: {0}")]
    Unavailable(String),
    /// The batch itself cannot be stored, now or later.
    #[error("refused: {0}")]
    Refused(String),
}
