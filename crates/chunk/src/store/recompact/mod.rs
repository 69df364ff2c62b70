//! Writes old chunks anew: larger row groups, compressed harder, several small chunks as one.
//!
//! The records, their seqs and their order stay. In this order, so that a crash at any point costs at most the work:
//!
//! 1. The records are read back, encoded, read back from that, and compared with what they were.
//! 2. The new chunk is written to a file that no reader looks at (`<id>.recompact`), and synced.
//! 3. The flusher renames it and syncs the directory. From here on it counts: it has a higher generation than
//!    the chunks that it was made of, which tells who is right while both are there (`superseded.rs`).
//! 4. Snapshots from now on have it instead of those, in one step.
//! 5. The catalog is written. Then the old files go; snapshots that hold them have them mapped.
//!
//! Retention runs in the flusher too, so the two never meet: if a chunk was removed meanwhile, the new one is dropped.

mod choose;
mod replace;
mod rewrite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_env::{Env, EnvError};

use self::choose::choose;
use self::rewrite::{Halt, Rewrite};
use super::active::{ActiveChunk, chunk_path};
use super::state::Command;
use super::{Encoder, Shared, Store, StoreError};
use crate::{Chunk, ChunkSummary};

/// What the name of a file ends in while it is written.
const DRAFT: &str = "recompact";

/// Which chunks are written anew, and how.
#[derive(Clone, Copy, Debug)]
pub struct RecompactPolicy {
    /// Bytes of text that make a row group (at most 128 MiB).
    pub row_group_bytes: u64,
    /// Small chunks next to each other become one of at most this many bytes of text, and their files together have no more.
    pub chunk_bytes: u64,
    /// Only chunks whose newest record arrived this long ago, in milliseconds, and which need not wait for more
    /// neighbours. Nothing: all that are sealed, now.
    pub age_ms: Option<u64>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recompaction {
    /// There is nothing that should be written anew.
    Nothing,
    /// A chunk took the place of others.
    Done(Recompacted),
    /// These chunks stay as they are, for this reason. They are not tried again before the store is opened again, or
    /// [`Store::retry_left_alone`].
    Left {
        /// Their ids.
        chunks: Vec<u128>,
        /// Why: names file and place when something is damaged.
        reason: String,
        /// Whether nothing is wrong with them: there is only nothing to gain.
        harmless: bool,
    },
    /// Stopped by the caller, or retention removed what was being written anew. Nothing changed.
    Abandoned,
}

/// A chunk that took the place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recompacted {
    /// The chunks that it was made of.
    pub sources: Vec<u128>,
    /// Bytes of their files.
    pub bytes_before: u64,
    /// What took their place.
    pub chunk: ChunkSummary,
}

/// A finished file that waits to take the place of chunks.
#[derive(Debug)]
pub(super) struct Replacement {
    sources: Vec<Arc<Chunk>>,
    draft: PathBuf,
    summary: ChunkSummary,
}

impl Store {
    /// Writes the next chunk or run of small chunks anew that `policy` names, oldest first. Appending and reading go
    /// on meanwhile; a second call waits for the first. `pace` gets bytes of text done and in all several times a
    /// second or row group, may sleep, and ends the work by `false`.
    ///
    /// # Errors
    /// When the disk fails or the store is closed. Nothing is lost.
    pub fn recompact_next(
        &self,
        policy: &RecompactPolicy,
        encoder: &dyn Encoder,
        pace: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Recompaction, StoreError> {
        let mut left_alone = self.shared.left_alone.lock();
        let chunks = self.shared.state.lock().chunks.clone();
        let retention = self.shared.options.retention;
        let Some(run) = choose(&chunks, policy, self.shared.env.clock.now(), retention, &left_alone) else {
            return Ok(Recompaction::Nothing);
        };
        let sources = chunks.get(run.clone()).unwrap_or(&[]).to_vec();
        let next_id = chunks.get(run.end).map(|c| c.summary.id);
        drop(chunks);
        match self.shared.recompact(sources, next_id, policy, encoder, pace) {
            Ok(done) => Ok(Recompaction::Done(done)),
            Err(Halt::Stopped) => Ok(Recompaction::Abandoned),
            Err(Halt::Leave { chunks, reason, harmless }) => {
                left_alone.extend(chunks.iter().map(|&id| (id, reason.clone())));
                Ok(Recompaction::Left { chunks, reason, harmless })
            }
            Err(Halt::Failed(error)) => Err(error),
        }
    }
}

impl Store {
    /// Forgets which chunks were left as they are: they are tried again.
    pub fn retry_left_alone(&self) {
        self.shared.left_alone.lock().clear();
    }
}

impl Shared {
    fn recompact(
        &self,
        sources: Vec<Arc<Chunk>>,
        next_id: Option<u128>,
        policy: &RecompactPolicy,
        encoder: &dyn Encoder,
        pace: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Recompacted, Halt> {
        let ids: Vec<u128> = sources.iter().map(|c| c.summary.id).collect();
        let leave =
            |reason: &str| Halt::Leave { chunks: ids.clone(), reason: reason.to_owned(), harmless: true };
        let id = ids.last().map_or(0, |last| last.saturating_add(1));
        if next_id.is_some_and(|next| next <= id) {
            return Err(leave("there is no id between that of the chunk and the next"));
        }
        let generation = sources.iter().map(|c| c.summary.generation).max().unwrap_or(0).saturating_add(1);
        let draft = draft_path(&self.chunks_dir(), id);
        remove_if_there(&self.env, &draft)?;
        let mut made = ActiveChunk::create_at(&self.env, draft.clone(), id, generation)?;
        let done = Rewrite::new(self, policy, encoder, &sources)
            .run(&mut made, pace)
            .and_then(|()| made.finish().map_err(Halt::from))
            .and_then(|summary| {
                let before = sources.iter().map(|c| c.summary.file_bytes).sum();
                let groups = sources.iter().map(|c| c.summary.row_groups).sum();
                if summary.file_bytes > before && summary.row_groups >= groups {
                    return Err(leave("written anew it is no smaller"));
                }
                let replacement = Box::new(Replacement { sources, draft: draft.clone(), summary });
                let answer = self.ask(|reply| Command::Replace(replacement, reply))?;
                match answer.recv().map_err(|_| StoreError::Closed)?.map_err(StoreError::from)? {
                    true => Ok(Recompacted { sources: ids.clone(), bytes_before: before, chunk: summary }),
                    false => Err(Halt::Stopped),
                }
            });
        if done.is_err() {
            // What stays is removed when the store is opened.
            let _ = remove_if_there(&self.env, &draft);
        }
        done
    }
}

/// Removes what was being written when the store was closed or lost.
pub(super) fn remove_drafts(env: &Env, dir: &Path) -> Result<(), EnvError> {
    for entry in env.fs.list(dir)? {
        let path = dir.join(&entry.name);
        if path.extension().is_some_and(|e| e == DRAFT) && !entry.is_dir {
            remove_if_there(env, &path)?;
        }
    }
    Ok(())
}

fn draft_path(dir: &Path, id: u128) -> PathBuf {
    chunk_path(dir, id).with_extension(DRAFT)
}

fn remove_if_there(env: &Env, path: &Path) -> Result<(), EnvError> {
    match env.fs.remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
