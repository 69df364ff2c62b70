//! Where records go.

use std::sync::Arc;

use gastrolog_types::{Batch, Seq};

use crate::DropReason;
use crate::samples::Kept;

/// Takes batches of records into a store.
pub trait Sink: Send + Sync {
    /// Stores `batch` and returns once it is durable (by the store's durability setting). Blocks while the store
    /// cannot keep up, which is how senders are slowed; call it from a thread that may block. Many threads may
    /// call at once: they share one disk sync.
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError>;
}

/// Proof that a batch is durable, but for what was dropped on purpose. Stored and dropped make up the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Sequence number of the first record that was stored; the others follow it without gaps, in one store. Of a batch
    /// that went to several stores: the number in the first of them.
    pub first_seq: Seq,
    /// How many records were stored.
    pub count: u64,
    /// How many records were not, as the configuration asks for.
    pub dropped: Dropped,
    /// The first of the records that one of their stores can never take, to be looked at.
    pub first_refused: Option<Arc<Refused>>,
}

/// A record that a store behind a route can never take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The beginning of its text, and its attributes.
    pub record: Kept,
    /// What the store said.
    pub reason: String,
}

impl Accepted {
    /// All of a batch of `count` records was stored.
    pub fn stored(first_seq: Seq, count: u64) -> Accepted {
        Accepted { first_seq, count, ..Accepted::default() }
    }
}

/// How many records were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped([u64; DropReason::ALL.len()]);

impl Dropped {
    /// Adds to what was dropped for `reason`.
    pub fn add(&mut self, reason: DropReason, records: u64) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += records;
        }
    }

    /// Adds all of `other`.
    pub fn add_all(&mut self, other: &Dropped) {
        other.iter().for_each(|(reason, records)| self.add(reason, records));
    }

    /// Reasons with their counts, those of 0 left out.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().zip(self.0).filter(|(_, records)| *records > 0)
    }

    /// For all reasons.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
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
