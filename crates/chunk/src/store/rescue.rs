//! What becomes of records that the log could not take: they go into a row group, or are taken back.

use super::Shared;
use super::error::FlushError;
use super::flush::Flusher;
use super::state::{Appended, Command};

impl Shared {
    /// The log failed: the records are durable all the same once they are in a chunk. Whether they are; else they are
    /// taken back.
    pub(super) fn rescue(&self, appended: Appended) -> bool {
        let asked = self.ask(|answer| Command::Rescue(appended.clone(), answer));
        match asked.map(|answer| answer.recv()) {
            Ok(Ok(rescued)) => rescued.is_ok(),
            // The store is being closed: what waits in the log is written at the very end.
            _ => !self.take_back(&appended),
        }
    }

    /// Takes records back that were not acknowledged, so that they are not stored when there is room again: their sender
    /// will bring them again. Answers whether they are not to be acknowledged. (It is not for certain that they are gone
    /// where the log failed in the middle of a write or a sync: nobody knows what is on disk then.)
    fn take_back(&self, appended: &Appended) -> bool {
        if !self.wal.withdraw(appended.seqs.clone()) && self.wal.commit(appended.ticket).is_ok() {
            return false;
        }
        self.state.lock().take_back(&appended.seqs);
        self.room.notify_all();
        true
    }
}

impl Flusher {
    /// Stores records that the log could not take, or takes them back. Nobody else writes chunks meanwhile: they are in
    /// one or wait, but for a batch that reaches from a row group that could be written into one that could not.
    pub(super) fn rescue(&mut self, appended: &Appended) -> Result<(), FlushError> {
        // While it fails, it is tried at intervals, and not by each who comes.
        let failing = self.shared.state.lock().failing.clone();
        let Err(error) = failing.map_or_else(|| self.flush(appended.seqs.end), Err) else { return Ok(()) };
        let waits = self.shared.state.lock().holds(&appended.seqs);
        if waits && self.shared.take_back(appended) { Err(error) } else { Ok(()) }
    }
}
