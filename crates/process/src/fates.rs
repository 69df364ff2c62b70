//! What became of each record of a batch: stored, or dropped for one reason.

use gastrolog_ingest::{Accepted, DropReason};

use crate::process::Removed;

/// By record of the original batch; `None` while nothing is known.
pub(crate) struct Fates(Vec<Option<Fate>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Dropped(DropReason),
}

impl Fates {
    pub(crate) fn of(records: usize) -> Fates {
        Fates(vec![None; records])
    }

    pub(crate) fn all_stored(&mut self) {
        self.0.fill(Some(Fate::Stored));
    }

    /// One of the stores has it; unless another refuses it for good.
    pub(crate) fn stored(&mut self, id: u32) {
        self.set_if_unknown(id, Fate::Stored);
    }

    /// One of the stores can never take it.
    pub(crate) fn refused(&mut self, id: u32) {
        if let Some(fate) = self.0.get_mut(id as usize) {
            *fate = Some(Fate::Dropped(DropReason::Refused));
        }
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
        if let Some(unknown) = self.0.get_mut(id as usize).filter(|fate| fate.is_none()) {
            *unknown = Some(fate);
        }
    }

    /// The counts. A record of which nothing is known cannot be; it would count as refused rather than vanish.
    pub(crate) fn accepted(&self, first_seq: u64) -> Accepted {
        let mut accepted = Accepted { first_seq, ..Accepted::default() };
        for fate in &self.0 {
            match fate.unwrap_or(Fate::Dropped(DropReason::Refused)) {
                Fate::Stored => accepted.count += 1,
                Fate::Dropped(reason) => accepted.dropped.add(reason, 1),
            }
        }
        accepted
    }
}
