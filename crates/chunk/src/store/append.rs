//! Taking records: by way of the log, or straight to a chunk.

use crossbeam::channel::bounded;
use gastrolog_format::SEQ_MAX;
use gastrolog_types::{Batch, Seq};

use super::check::check;
use super::state::{Appended, Refused, State};
use super::{FlushError, Shared, Store, StoreError};
use crate::wal::{Prepared, WalError};

/// Seqs that are left over at the end: more than all batches can have that are taken at the same time.
const SEQS_LEFT_OVER: Seq = 1 << 40;

/// No more records are taken while this many row groups of them wait.
const ROW_GROUPS_WAITING_MAX: u64 = 3;

impl Store {
    /// Adds a batch; returns the seq of its first record and how many there are, after they are durable (in the
    /// sense of [`crate::wal::Durability`]). Blocks while too many records wait for the disk, unless that fails.
    ///
    /// # Errors
    /// When nothing may be acknowledged. For want of room nothing was stored, nor will be: the records may be brought
    /// again. (Of a batch that was cut into several row groups a beginning may be stored.) Where a write or a sync
    /// failed otherwise, they may be found all the same after a crash: whoever sends them again may find them twice.
    pub fn append(&self, batch: Batch) -> Result<(Seq, u64), StoreError> {
        let text_bytes = check(&batch)?;
        let count = batch.len() as u64;
        let begin_ns = self.shared.env.clock.monotonic_ns();
        let direct = text_bytes >= self.shared.options.direct_bytes;
        let first_seq = match () {
            () if count == 0 => self.shared.state.lock().next_seq,
            () if direct => self.shared.append_direct(batch)?,
            () => self.shared.append_logged(batch)?,
        };
        let took_ns = self.shared.env.clock.monotonic_ns().saturating_sub(begin_ns);
        self.shared.meter.appended(count, text_bytes, took_ns);
        Ok((first_seq, count))
    }
}

impl Shared {
    fn append_logged(&self, batch: Batch) -> Result<Seq, StoreError> {
        let prepared = Prepared::new(&batch)?;
        self.wait_for_room()?;
        let order = self.order.lock();
        let next_seq = self.next_seq()?;
        let ticket = match self.wal.append_prepared(next_seq, &prepared) {
            Ok(ticket) => ticket,
            // The log is broken until the store is opened again, but chunks can still be written.
            Err(WalError::Poisoned { .. }) => {
                drop(order);
                return self.append_direct(batch);
            }
            Err(error) => return Err(self.refuse(error, &prepared)),
        };
        let appended = Appended { ticket, seqs: next_seq..next_seq.saturating_add(prepared.records()) };
        let first_seq = match self.push(|state| state.push(batch, None, self.env.clock.now())) {
            Ok(first_seq) => first_seq,
            Err(closed) => {
                self.wal.withdraw(appended.seqs);
                return Err(closed);
            }
        };
        drop(order);
        match self.wal.commit(ticket) {
            Ok(()) => Ok(first_seq),
            Err(_) if self.rescue(appended) => Ok(first_seq),
            Err(error) => Err(self.refuse(error, &prepared)),
        }
    }

    /// The seq that the next record gets. No store gets to the end of them, but a file may say that it has: what is
    /// stored behind could not be read again.
    fn next_seq(&self) -> Result<Seq, StoreError> {
        let next_seq = self.state.lock().next_seq;
        if next_seq < SEQ_MAX - SEQS_LEFT_OVER {
            return Ok(next_seq);
        }
        let reason = format!(
            "the next record of {} would be number {next_seq}, and there are no more: its catalog, its log or a chunk says so",
            self.dir.display()
        );
        Err(FlushError { reason: reason.into(), full: false }.into())
    }

    /// Remembers that the log had no room, and for how much.
    fn refuse(&self, error: WalError, batch: &Prepared) -> StoreError {
        if let WalError::Env(cause) = &error {
            let refused = Refused { reason: cause.to_string().into(), bytes: batch.bytes() as u64 };
            self.state.lock().refused = Some(refused);
        }
        error.into()
    }

    fn append_direct(&self, batch: Batch) -> Result<Seq, StoreError> {
        self.wait_for_room()?;
        let (sender, receiver) = bounded(1);
        let order = self.order.lock();
        self.next_seq()?;
        let first_seq = self.push(|state| state.push(batch, Some(sender), self.env.clock.now()))?;
        drop(order);
        receiver.recv().map_err(|_| StoreError::Closed)??;
        Ok(first_seq)
    }

    fn wait_for_room(&self) -> Result<(), StoreError> {
        let most = self.options.row_group_bytes.saturating_mul(ROW_GROUPS_WAITING_MAX);
        let mut state = self.state.lock();
        if let Some(full) = &state.held {
            return Err(full.clone().into());
        }
        while state.pending_bytes > most && !state.closing {
            // Nobody knows when the disk works again: whoever sends records should hear of it.
            if let Some(error) = state.failing.clone() {
                return Err(error.into());
            }
            self.room.wait(&mut state);
        }
        if state.closing { Err(StoreError::Closed) } else { Ok(()) }
    }

    fn push(&self, push: impl FnOnce(&mut State) -> Seq) -> Result<Seq, StoreError> {
        let mut state = self.state.lock();
        if state.closing {
            // The flusher may have gone: nobody would ever answer.
            return Err(StoreError::Closed);
        }
        let first_seq = push(&mut state);
        if state.pending_bytes >= self.options.row_group_bytes || state.direct_waiting > 0 {
            self.work.notify_all();
        }
        self.grown.notify_all();
        Ok(first_seq)
    }
}
