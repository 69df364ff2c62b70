//! A store: records are appended, gather, become row groups of a chunk, and the chunk is sealed.
//!
//! ```text
//! dir/lock                 who has the store open for writing
//! dir/wal/…                records accepted and not yet in a row group
//! dir/chunks/<ulid>.chunk  chunks; only the last one grows
//! dir/catalog              what is known of every sealed chunk
//! dir/reserve              room for what must be written though the disk is full
//! dir/losses               what was lost, once it can no longer be seen; mostly there is none
//! ```
//!
//! **Invariants:** [`Store::append`] returns after the records are durable, in the log or in a chunk. A
//! [`Snapshot`] has each record once. Records leave the log only after the row group that holds them is durable.
//! A chunk file is appended to by one thread alone; after a failed sync nothing that was not durable before is
//! believed, and the file is not appended to again but to seal what was. A chunk that is written anew takes the place
//! of those it was made of at once, or not at all.
//!
//! # Threads
//!
//! Appending threads write the log themselves, together (see [`crate::wal`]). One more thread, the flusher, does
//! everything else: it encodes row groups, writes, seals, keeps the catalog and removes what is too old. Whoever calls
//! [`Store::recompact_next`] writes old chunks anew, to a file that nobody reads; only the flusher puts it in place.

mod active;
mod append;
mod check;
mod clock_watch;
mod encode;
mod error;
mod flush;
mod losses;
mod meter;
mod open;
mod options;
mod read_back;
mod read_only;
mod recompact;
mod recover;
mod repair;
mod rescue;
mod reserve;
mod retention;
mod state;
mod superseded;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use gastrolog_env::{Env, LockGuard};
use gastrolog_format::Shapes;
use gastrolog_format::row_group::EncodedRowGroup;
use gastrolog_types::Seq;
use parking_lot::{Condvar, Mutex};

pub use error::{FlushError, StoreError};
pub use meter::StoreMeasures;
pub use options::{Retention, SealPolicy, StoreOptions};
pub use read_only::ReadOnlyStore;
pub use recompact::{RecompactPolicy, Recompacted, Recompaction};
pub use recover::RecoveryReport;

use crate::wal::Wal;
use crate::{Pending, Snapshot};
use meter::Meter;
use state::{Command, State};

/// Makes row groups of records. Called by several threads at the same time.
pub trait Encoder: Send + Sync {
    /// Encodes records in order, as one row group, or as several where that could not hold them. Their seqs follow each
    /// other, from one [`Pending`] to the next; of each batch only the records in its range are meant.
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)>;

    /// The same of nothing but text and attributes: for where what [`Encoder::encode`] made cannot be read.
    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)>;
}

/// What a store takes and holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// The seq that the next record gets.
    pub next_seq: Seq,
    /// Records in chunks and waiting.
    pub records: u64,
    /// Bytes of the text of those in chunks.
    pub raw_bytes: u64,
    /// Chunks, the growing one included.
    pub chunks: u64,
    /// Sealed chunks.
    pub sealed_chunks: u64,
    /// Bytes of all files: chunks and log.
    pub disk_bytes: u64,
    /// Bytes of the log.
    pub wal_bytes: u64,
    /// Records that wait for a row group.
    pub pending_records: u64,
    /// Bytes of their text, and a little for each.
    pub pending_bytes: u64,
    /// Chunks removed by retention since the store was opened.
    pub removed_chunks: u64,
    /// Records in them.
    pub removed_records: u64,
    /// How often writing a chunk, sealing one, or keeping the catalog failed.
    pub failures: u64,
    /// The last such failure.
    pub last_failure: Option<Arc<str>>,
    /// Why records cannot be stored now, when they cannot. It is tried again without being asked.
    pub trouble: Option<Arc<str>>,
}

/// What the threads share.
struct Shared {
    env: Env,
    dir: PathBuf,
    options: StoreOptions,
    encoder: Arc<dyn Encoder>,
    wal: Wal,
    /// Held while seqs are dealt out, so that the log has them in order. Locked before `state`.
    order: Mutex<()>,
    state: Mutex<State>,
    meter: Meter,
    /// Held while chunks are written anew: by one thread at a time. Chunks that are left as they are, with the reason.
    left_alone: Mutex<BTreeMap<u128, String>>,
    /// The flusher has something to do.
    work: Condvar,
    /// There is room for more records, or there never will be.
    room: Condvar,
    /// There are more records.
    grown: Condvar,
}

/// A store that is open for reading and writing. Dropping it closes it.
pub struct Store {
    shared: Arc<Shared>,
    report: RecoveryReport,
    running: Mutex<Running>,
}

/// What ends with the store.
#[derive(Default)]
struct Running {
    threads: Vec<std::thread::JoinHandle<()>>,
    /// Dropping it ends the thread that syncs the log.
    wal_ticks: Option<Sender<()>>,
    lock: Option<LockGuard>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.shared.dir.display())
    }
}

impl Store {
    /// The store at this moment. Quick, and never blocked by the disk.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.shared.state.lock();
        let chunks = state.chunks.clone();
        let pending = state.pending.iter().map(|item| item.pending.clone()).collect();
        let next_seq = state.next_seq;
        drop(state);
        Snapshot { chunks: chunks.to_vec(), pending, next_seq }
    }

    /// Puts every record that waits into a row group.
    ///
    /// # Errors
    /// When the disk fails; acknowledged records are safe in the log, and another attempt is made by itself.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.ask(Command::Flush)
    }

    /// Flushes and seals the growing chunk. Returns the ids of the chunks that were sealed by it: none when there
    /// was nothing to seal.
    ///
    /// # Errors
    /// When the disk fails; nothing is lost.
    pub fn seal(&self) -> Result<Vec<u128>, StoreError> {
        self.ask(Command::Seal)
    }

    /// Does now what is else done every second: seals by age, removes by retention.
    ///
    /// # Errors
    /// When the disk fails; nothing is lost.
    pub fn maintain(&self) -> Result<(), StoreError> {
        self.ask(Command::Maintain)
    }

    fn ask<T>(
        &self,
        command: impl FnOnce(Sender<Result<T, FlushError>>) -> Command,
    ) -> Result<T, StoreError> {
        Ok(self.shared.ask(command)?.recv().map_err(|_| StoreError::Closed)??)
    }

    /// Waits until there are records beyond `seq`, or `timeout` is over. Returns whether there are.
    pub fn wait_for(&self, seq: Seq, timeout: Duration) -> bool {
        let mut state = self.shared.state.lock();
        let more = |state: &State| state.next_seq > seq;
        self.shared.grown.wait_while_for(&mut state, |s| !more(s) && !s.closing, timeout);
        more(&state)
    }

    /// What was found when the store was opened.
    pub fn report(&self) -> &RecoveryReport {
        &self.report
    }

    /// What it holds.
    pub fn stats(&self) -> StoreStats {
        let wal_bytes = self.shared.wal.bytes();
        let poison = self.shared.wal.poison();
        let state = self.shared.state.lock();
        let pending_records = state.pending.iter().map(|i| i.pending.range.len() as u64).sum();
        let mut stats = StoreStats {
            next_seq: state.next_seq,
            wal_bytes,
            disk_bytes: wal_bytes,
            records: pending_records,
            pending_records,
            pending_bytes: state.pending_bytes,
            removed_chunks: state.removed_chunks,
            removed_records: state.removed_records,
            failures: state.failures,
            last_failure: state.last_failure.clone(),
            trouble: poison.or_else(|| state.trouble()),
            ..StoreStats::default()
        };
        let chunks = state.chunks.clone();
        drop(state);
        for chunk in chunks.iter() {
            stats.chunks += 1;
            stats.sealed_chunks += u64::from(chunk.sealed);
            stats.records += chunk.summary.records;
            stats.raw_bytes += chunk.summary.raw_bytes;
            stats.disk_bytes += chunk.summary.file_bytes;
        }
        stats
    }

    /// Stops the threads and lets the lock go. Records that wait for a row group stay in the log; nothing is sealed.
    /// Snapshots can be read on.
    pub fn close(&self) {
        let mut running = self.running.lock();
        self.shared.state.lock().closing = true;
        self.shared.work.notify_all();
        self.shared.room.notify_all();
        self.shared.grown.notify_all();
        running.wal_ticks = None;
        for thread in running.threads.drain(..) {
            // A thread that panicked has said so on stderr; there is nothing left to do for it.
            let _ = thread.join();
        }
        let lock = running.lock.take();
        if lock.is_some() {
            // What was written under `Durability::Interval` and not synced yet. A failure poisons the log.
            let _ = self.shared.wal.finish();
        }
        // Only now may another open the store: it would number its records from what it finds.
        drop(lock);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// Hands a command to the flusher; its answer, or nothing when it stops before, comes by the channel.
    fn ask<T>(
        &self,
        command: impl FnOnce(Sender<Result<T, FlushError>>) -> Command,
    ) -> Result<Receiver<Result<T, FlushError>>, StoreError> {
        let (sender, receiver) = bounded(1);
        let mut state = self.state.lock();
        if state.closing {
            return Err(StoreError::Closed);
        }
        state.commands.push(command(sender));
        self.work.notify_all();
        Ok(receiver)
    }

    fn chunks_dir(&self) -> PathBuf {
        self.dir.join("chunks")
    }
}
