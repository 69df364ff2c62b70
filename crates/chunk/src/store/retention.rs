//! Removing chunks that are too old or too many.

use std::sync::Arc;

use gastrolog_env::EnvError;

use super::flush::{Flusher, catalog_of};
use crate::{Chunk, ChunkFile};

impl Flusher {
    /// Removes sealed chunks as retention says: out of the catalog, out of sight, and then the file. Whatever
    /// happens in between, no file is missing that the catalog names.
    pub(super) fn remove_old(&mut self) -> Result<(), EnvError> {
        let chunks = self.shared.state.lock().chunks.clone();
        let old = self.old_ones(&chunks);
        if old.is_empty() {
            return Ok(());
        }
        let mut catalog = catalog_of(&self.shared.state.lock());
        catalog.chunks.retain(|kept| old.iter().all(|gone| gone.summary.id != kept.id));
        self.write_catalog(&catalog)?;
        let mut state = self.shared.state.lock();
        Arc::make_mut(&mut state.chunks).retain(|kept| old.iter().all(|gone| !Arc::ptr_eq(gone, kept)));
        state.removed_chunks += old.len() as u64;
        state.removed_records += old.iter().map(|c| c.summary.records).sum::<u64>();
        drop(state);
        drop(chunks);
        // The catalog does not name them any more: what cannot be removed now is tried again.
        self.leftovers.extend(old.iter().map(|chunk| chunk.file().clone()));
        self.remove_leftovers();
        Ok(())
    }

    /// Whether the newest record of a chunk arrived too long ago. One that arrived in the future did not.
    fn is_expired(&self, chunk: &Chunk) -> bool {
        let now_ns = self.shared.env.clock.now().0;
        let age_ns = now_ns.saturating_sub(chunk.summary.ingest_time.max.0);
        let most = self.shared.options.retention.age_ms;
        most.is_some_and(|most| age_ns >= 0 && age_ns as u64 / 1_000_000 >= most)
    }

    /// When a store is opened and everything in it is too old at once, it may be the clock that is wrong.
    pub(super) fn doubt_clock(&mut self) {
        let chunks = self.shared.state.lock().chunks.clone();
        let mut sealed = chunks.iter().filter(|c| c.sealed).peekable();
        if sealed.peek().is_some() && sealed.all(|c| self.is_expired(c)) {
            self.watch.hold(self.shared.env.clock.monotonic_ns());
            self.note("everything in the store is too old: nothing is removed by age for a day, should the clock be wrong");
        }
    }

    fn old_ones(&mut self, chunks: &[Arc<Chunk>]) -> Vec<Arc<Chunk>> {
        let retention = self.shared.options.retention;
        let is_trusted = self.watch.is_trusted();
        let expired = |chunk: &Chunk| is_trusted && self.is_expired(chunk);
        let mut bytes = self.shared.wal.bytes() + chunks.iter().map(|c| c.summary.file_bytes).sum::<u64>();
        let mut old = Vec::new();
        for chunk in chunks.iter().filter(|c| c.sealed) {
            if expired(chunk) || retention.bytes.is_some_and(|most| bytes > most) {
                bytes = bytes.saturating_sub(chunk.summary.file_bytes);
                old.push(chunk.clone());
            }
        }
        old
    }

    /// Removes the file of a chunk that new snapshots do not have.
    pub(super) fn remove(&self, file: &Arc<ChunkFile>) -> Result<(), EnvError> {
        // Snapshots from before may have it, by way of the chunk, and read on. If it cannot be held, their readers are
        // told so.
        let _ = file.hold();
        match self.shared.env.fs.remove_file(file.path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
