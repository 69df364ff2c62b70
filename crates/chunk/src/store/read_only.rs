//! A store as it can be read without changing a file, also while another process writes to it.

use std::path::Path;
use std::sync::Arc;

use gastrolog_env::{Env, EnvError};

use super::recover::{Inventory, RecoveryReport, skip_stored, take_pending};
use super::state::end_seq;
use super::{Store, StoreError, losses};
use crate::wal::{Wal, WalError};
use crate::{Chunk, Snapshot};

/// How often opening is tried anew when the writing process removes a file that was just listed.
const ATTEMPTS: usize = 5;

/// What was in a store when it was opened for reading only. It does not follow later changes: open it again.
#[derive(Clone, Debug)]
pub struct ReadOnlyStore {
    snapshot: Snapshot,
    report: RecoveryReport,
}

impl ReadOnlyStore {
    /// What was in the store.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// What was found when it was opened.
    pub fn report(&self) -> &RecoveryReport {
        &self.report
    }

    fn open(env: &Env, dir: &Path) -> Result<ReadOnlyStore, StoreError> {
        // The log first: what moves to a chunk meanwhile is then seen twice, and taken once.
        let mut wal_report = RecoveryReport::default();
        let recovered = Wal::read(env, &dir.join("wal"), 0)?;
        let grown = recovered.grown();
        wal_report.wal = recovered.report().clone();
        let mut pending = take_pending(recovered, 0, &mut wal_report)?;
        let mut inventory = Inventory::take(env, dir)?;
        inventory.expect(grown, &wal_report.wal, dir);
        match inventory.doubtful() {
            Some(doubt) => {
                skip_stored(&mut pending, doubt.first_seq);
                inventory.resolve(doubt, &mut pending);
            }
            None => skip_stored(&mut pending, inventory.stored_below(grown)),
        }
        let end = pending.last().map_or(0, end_seq).max(inventory.end_seq());
        let next_seq = end.max(inventory.next_seq);
        let mut report = std::mem::take(&mut inventory.report);
        report.wal = wal_report.wal;
        report.passing.append(&mut wal_report.passing);
        losses::recall(env, dir, &mut report)?;
        report.replayed_records = pending.iter().map(|p| p.range.len() as u64).sum();
        let chunks = inventory.readable(env);
        hold(env, &chunks)?;
        Ok(ReadOnlyStore { snapshot: Snapshot { chunks, pending, next_seq }, report })
    }
}

/// Holds the files, as many as a process may: another process may write chunks anew or remove them, and what is held
/// stays. One that has gone since it was listed is told as an error; other faults are found when it is read.
fn hold(env: &Env, chunks: &[Arc<Chunk>]) -> Result<(), EnvError> {
    for chunk in chunks {
        let path = chunk.file().path();
        if chunk.file().hold().is_err() && !env.fs.exists(path)? {
            return Err(EnvError::new("open", path, std::io::ErrorKind::NotFound.into()));
        }
    }
    Ok(())
}

impl Store {
    /// Reads the store in `dir` without changing any file and without its lock.
    ///
    /// # Errors
    /// When there is no store, the disk fails, or a file was written by a later release. Damage is no error: see
    /// [`ReadOnlyStore::report`].
    pub fn open_read_only(env: &Env, dir: &Path) -> Result<ReadOnlyStore, StoreError> {
        let mut attempt = 1;
        loop {
            match ReadOnlyStore::open(env, dir) {
                Err(StoreError::Env(e) | StoreError::Wal(WalError::Env(e)))
                    if attempt < ATTEMPTS && e.kind() == std::io::ErrorKind::NotFound =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}
