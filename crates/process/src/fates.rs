//! What became of each record of a batch: stored, or dropped for one reason.

use std::sync::Arc;

use gastrolog_ingest::{Accepted, DropReason, Refused};

use crate::process::Removed;

/// By record of the original batch; `None` while nothing is known.
pub(crate) struct Fates {
    of: Vec<Option<Fate>>,
    first_refused: Option<Arc<Refused>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Dropped(DropReason),
}

impl Fates {
    pub(crate) fn of(records: usize) -> Fates {
        Fates { of: vec![None; records], first_refused: None }
    }

    pub(crate) fn all_stored(&mut self) {
        self.of.fill(Some(Fate::Stored));
    }

    /// One of the stores has it; unless another refuses it for good.
    pub(crate) fn stored(&mut self, id: u32) {
        self.set_if_unknown(id, Fate::Stored);
    }

    /// One of the stores can never take it.
    pub(crate) fn refused(&mut self, id: u32) {
        if let Some(fate) = self.of.get_mut(id as usize) {
            *fate = Some(Fate::Dropped(DropReason::Refused));
        }
    }

    /// The first of those that a store can never take is shown.
    pub(crate) fn show_refused(&mut self, first: Option<Arc<Refused>>) {
        self.first_refused = self.first_refused.take().or(first);
    }

    /// Nothing took it.
    pub(crate) fn unrouted(&mut self, id: u32) {
        self.set_if_unknown(id, Fate::Dropped(DropReason::Unrouted));
    }

    /// Processing removed these; where another rule has stored one, it is stored.
    pub(crate) fn removed(&mut self, removed: &Removed) {
        removed.records.iter().for_each(|(id, reason)| self.set_if_unknown(*id, Fate::Dropped(*reason)));
    }

    fn set_if_unknown(&mut self, id: u32, fate: Fate) {
        if let Some(unknown) = self.of.get_mut(id as usize).filter(|fate| fate.is_none()) {
            *unknown = Some(fate);
        }
    }

    /// The counts. A record of which nothing is known cannot be; it would count as refused rather than vanish.
    pub(crate) fn accepted(&self, first_seq: u64) -> Accepted {
        let first_refused = self.first_refused.clone();
        let mut accepted = Accepted { first_seq, first_refused, ..Accepted::default() };
        for fate in &self.of {
            match fate.unwrap_or(Fate::Dropped(DropReason::Refused)) {
                Fate::Stored => accepted.count += 1,
                Fate::Dropped(reason) => accepted.dropped.add(reason, 1),
            }
        }
        accepted
    }
}
