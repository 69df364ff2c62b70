//! What the flusher does with a chunk that was written anew.

use std::sync::Arc;

use gastrolog_env::EnvError;

use super::Replacement;
use crate::store::active::chunk_path;
use crate::store::error::FlushError;
use crate::store::flush::Flusher;
use crate::{Chunk, ChunkFile};

impl Flusher {
    /// Puts a chunk in the place of those it was made of. Answers `false`, and changes nothing, when they are not all
    /// there any more.
    pub(in crate::store) fn replace(&mut self, new: Replacement) -> Result<bool, FlushError> {
        if self.place_of(&new).is_none() {
            return Ok(false);
        }
        let path = chunk_path(&self.shared.chunks_dir(), new.summary.id);
        if let Err(error) = self.name(&new, &path) {
            // Should it be there all the same after a crash, it is believed, and has the same records.
            let _ = self.shared.env.fs.remove_file(&path);
            self.note(&error.to_string());
            return Err(error.into());
        }
        let chunk = Arc::new(Chunk::sealed(new.summary, ChunkFile::new(&self.shared.env, &path)));
        if let Some(at) = self.place_of(&new) {
            let mut state = self.shared.state.lock();
            let end = at + new.sources.len();
            Arc::make_mut(&mut state.chunks).splice(at..end, [chunk]);
        }
        self.shared.meter.compactions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.last_id = self.last_id.max(new.summary.id);
        self.catalog_stale = true;
        self.keep_catalog();
        self.leftovers.extend(new.sources.iter().map(|source| source.file().clone()));
        self.remove_leftovers();
        Ok(true)
    }

    /// Where the chunks are that it was made of. Only the flusher changes that.
    fn place_of(&self, new: &Replacement) -> Option<usize> {
        let state = self.shared.state.lock();
        let first = new.sources.first()?;
        let at = state.chunks.iter().position(|c| Arc::ptr_eq(c, first))?;
        let there = state.chunks.get(at..at + new.sources.len())?;
        let same = there.iter().zip(&new.sources).all(|(a, b)| Arc::ptr_eq(a, b));
        let next = state.chunks.get(at + new.sources.len());
        (same && next.is_none_or(|next| next.summary.id > new.summary.id)).then_some(at)
    }

    /// Gives it its name, durably.
    fn name(&self, new: &Replacement, path: &std::path::Path) -> Result<(), EnvError> {
        let fs = &self.shared.env.fs;
        fs.rename(&new.draft, path)?;
        fs.sync_dir(&self.shared.chunks_dir())
    }

    /// Removes the files of chunks that are no longer in the store, unless the catalog may still name them: it must never name
    /// a file that is missing. What cannot be removed is tried again.
    pub(in crate::store) fn remove_leftovers(&mut self) {
        if self.catalog_stale || self.leftovers.is_empty() {
            return;
        }
        for file in std::mem::take(&mut self.leftovers) {
            if let Err(error) = self.remove(&file) {
                self.note(&error.to_string());
                self.leftovers.push(file);
            }
        }
        if let Err(error) = self.shared.env.fs.sync_dir(&self.shared.chunks_dir()) {
            self.note(&error.to_string());
        }
    }
}
