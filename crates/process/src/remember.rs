//! What was decided about a batch that has to be tried again.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use gastrolog_ingest::Refused;
use gastrolog_types::Batch;
use parking_lot::Mutex;
use rapidhash::fast::RandomState;

/// Batches that are remembered. One that is forgotten is decided on anew, and stores that have it get it twice.
const ATTEMPTS_MAX: usize = 64;

/// Decisions that depend on more than the batch, in the order in which they are made.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    made: Vec<bool>,
    at: usize,
}

impl Decisions {
    /// The decision of the attempt before, else a new one.
    pub(crate) fn decide(&mut self, decide: impl FnOnce() -> bool) -> bool {
        let decision = match self.made.get(self.at) {
            Some(&before) => before,
            None => {
                let new = decide();
                self.made.push(new);
                new
            }
        };
        self.at += 1;
        decision
    }

    /// As many decisions as are asked for, all of the attempt before or all of them new.
    pub(crate) fn decide_all(&mut self, count: usize, decide: impl FnOnce() -> Vec<bool>) -> Vec<bool> {
        let end = self.at + count;
        if self.made.len() < end {
            self.made.truncate(self.at);
            self.made.extend(decide());
            self.made.resize(end, true);
        }
        let decisions = self.made.get(self.at..end).unwrap_or(&[]).to_vec();
        self.at = end;
        decisions
    }

    fn again(mut self) -> Decisions {
        self.at = 0;
        self
    }
}

/// What came of handing on one part of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) first_seq: u64,
    /// Which of the records can never be stored there.
    pub(crate) refused: Vec<u32>,
    /// The first of them.
    pub(crate) first_refused: Option<Arc<Refused>>,
}

/// An attempt at a batch, which ended because a store was away.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    pub(crate) decisions: Decisions,
    /// By part: what has been stored already.
    pub(crate) sent: Vec<Option<Sent>>,
}

/// Attempts of late. The same batch tried again is known by its content, times of arrival included.
#[derive(Default)]
pub(crate) struct Memory {
    attempts: Mutex<VecDeque<(u64, Attempt)>>,
    state: RandomState,
}

impl Memory {
    pub(crate) fn key(&self, batch: &Batch) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(&batch.text);
        batch.attributes.hash(&mut hasher);
        for record in &batch.records {
            hasher.write_u64(u64::from(record.start) << 32 | u64::from(record.end));
            hasher.write_u32(record.attributes);
            hasher.write_i64(record.ingest.0);
        }
        hasher.finish()
    }

    /// The attempt before this one, taken out.
    pub(crate) fn take(&self, key: u64) -> Attempt {
        let mut attempts = self.attempts.lock();
        let at = attempts.iter().position(|(k, _)| *k == key);
        let attempt = at.and_then(|at| attempts.remove(at)).map(|(_, attempt)| attempt).unwrap_or_default();
        Attempt { decisions: attempt.decisions.again(), ..attempt }
    }

    pub(crate) fn put(&self, key: u64, attempt: Attempt) {
        if attempt.decisions.made.is_empty() && attempt.sent.iter().all(Option::is_none) {
            return;
        }
        let mut attempts = self.attempts.lock();
        if attempts.len() >= ATTEMPTS_MAX {
            attempts.pop_front();
        }
        attempts.push_back((key, attempt));
    }
}
