//! The chunk that grows: its file, and what its footer will say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_env::{Env, EnvError, File};
use gastrolog_format::row_group::EncodedRowGroup;
use gastrolog_format::{CHUNK_HEAD_BYTES, ChunkHead, Compressor, Footer, FooterBudget, Shapes};
use gastrolog_types::Timestamp;

use crate::wal::Grown;
use crate::{Chunk, ChunkFile, ChunkSummary, RowGroup, RowGroupId};

/// How well footers are compressed (zstd).
const FOOTER_LEVEL: i32 = 3;

/// How bad a failure is.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file is as it was; the same may be tried again.
    Again(EnvError),
    /// Nobody knows what is in the file beyond what was synced. It must not be appended to any more.
    Retire(EnvError),
}

/// A chunk that grows.
#[derive(Debug)]
pub(super) struct ActiveChunk {
    pub(super) id: u128,
    pub(super) created: Timestamp,
    generation: u32,
    env: Env,
    path: PathBuf,
    file: Box<dyn File>,
    /// How much of the file is known to be durable.
    good_len: u64,
    /// How long the last sync of a row group took.
    pub(super) sync_ns: u64,
    /// Whether its name is durable.
    named: bool,
    footer: Footer,
    groups: Vec<Arc<RowGroup>>,
}

impl ActiveChunk {
    /// Begins a chunk in `dir`. It is not durable before its first row group is.
    pub(super) fn create(env: &Env, dir: &Path, id: u128) -> Result<ActiveChunk, EnvError> {
        ActiveChunk::create_at(env, chunk_path(dir, id), id, 0)
    }

    /// Begins a chunk in the file `path`.
    pub(super) fn create_at(
        env: &Env,
        path: PathBuf,
        id: u128,
        generation: u32,
    ) -> Result<ActiveChunk, EnvError> {
        let created = env.clock.now();
        let mut head = Vec::with_capacity(CHUNK_HEAD_BYTES);
        ChunkHead { id, created, generation }.put(&mut head);
        let mut file = env.fs.create_new(&path)?;
        if let Err(error) = file.append(&head) {
            // Best effort: an empty file is removed when the store is opened.
            let _ = env.fs.remove_file(&path);
            return Err(error);
        }
        let good_len = head.len() as u64;
        let (named, footer, groups, env, sync_ns) = (false, Footer::new(), Vec::new(), env.clone(), 0);
        Ok(ActiveChunk { id, created, generation, env, path, file, good_len, sync_ns, named, footer, groups })
    }

    /// Goes on with the chunk at `path`, whose file ends after the last row group of `footer` and is durable.
    pub(super) fn resume(
        env: &Env,
        path: &Path,
        head: ChunkHead,
        footer: Footer,
    ) -> Result<ActiveChunk, EnvError> {
        let file = env.fs.open_append(path)?;
        let ChunkHead { id, created, generation } = head;
        let good_len = file.len();
        let shared = ChunkFile::new(env, path);
        let group = |(i, entry): (usize, &_)| {
            Arc::new(RowGroup::new(RowGroupId { chunk: id, ordinal: i as u32 }, *entry, shared.clone()))
        };
        let groups = footer.row_groups.iter().enumerate().map(group).collect();
        let (env, path, named, sync_ns) = (env.clone(), path.to_path_buf(), true, 0);
        Ok(ActiveChunk { id, created, generation, env, path, file, good_len, sync_ns, named, footer, groups })
    }

    /// Adds a row group and makes it durable, or changes nothing that counts.
    pub(super) fn append(
        &mut self,
        group: &EncodedRowGroup,
        shapes: &Shapes,
        budget: FooterBudget,
    ) -> Result<(), Failure> {
        self.file.append(&group.bytes).map_err(|e| self.undo(e))?;
        let begin_ns = self.env.clock.monotonic_ns();
        self.file.sync().map_err(Failure::Retire)?;
        self.sync_ns = self.env.clock.monotonic_ns().saturating_sub(begin_ns);
        if !self.named {
            let dir = self.path.parent().unwrap_or(Path::new("."));
            self.env.fs.sync_dir(dir).map_err(Failure::Retire)?;
            self.named = true;
        }
        self.footer.add(group, shapes, self.good_len, budget);
        self.good_len += group.bytes.len() as u64;
        let id = RowGroupId { chunk: self.id, ordinal: self.groups.len() as u32 };
        let entry = self.footer.row_groups.last().copied();
        let file = ChunkFile::new(&self.env, &self.path);
        self.groups.extend(entry.map(|entry| Arc::new(RowGroup::new(id, entry, file))));
        Ok(())
    }

    /// With what was half written cut off, writing may go on when there is space again.
    fn undo(&mut self, error: EnvError) -> Failure {
        if error.is_full() && self.file.truncate(self.good_len).is_ok() {
            Failure::Again(error)
        } else {
            Failure::Retire(error)
        }
    }

    /// The chunk as a snapshot shows it. Call it once after each change: it opens the file anew.
    pub(super) fn publish(&mut self) -> Arc<Chunk> {
        let shared = ChunkFile::new(&self.env, &self.path);
        for group in &mut self.groups {
            *group = Arc::new(group.with_file(shared.clone()));
        }
        let footer = Arc::new(self.footer.clone());
        Arc::new(Chunk::growing(self.summary(), shared, footer, self.groups.clone()))
    }

    /// How far it is durable.
    pub(super) fn grown(&self) -> Grown {
        Grown { chunk: self.id, bytes: self.good_len, end_seq: self.summary().end_seq }
    }

    /// What is known of it.
    pub(super) fn summary(&self) -> ChunkSummary {
        ChunkSummary::of(self.id, self.generation, self.good_len, &self.footer)
    }

    /// How many row groups it has.
    pub(super) fn row_groups(&self) -> usize {
        self.groups.len()
    }

    /// Writes the footer. The file never changes afterwards.
    pub(super) fn seal(&mut self) -> Result<Arc<Chunk>, Failure> {
        let summary = self.finish()?;
        // Its footer is read again when it is needed: in memory for every chunk it would take too much.
        Ok(Arc::new(Chunk::sealed(summary, ChunkFile::new(&self.env, &self.path))))
    }

    /// Writes the footer; returns what is known of the file then.
    pub(super) fn finish(&mut self) -> Result<ChunkSummary, Failure> {
        let mut bytes = Vec::new();
        self.footer.put(&mut Compressor::new(FOOTER_LEVEL), &mut bytes);
        self.file.append(&bytes).map_err(|e| self.undo(e))?;
        self.file.sync().map_err(Failure::Retire)?;
        Ok(ChunkSummary { file_bytes: self.good_len + bytes.len() as u64, ..self.summary() })
    }

    /// After a failed sync the file may look right and not be on disk: were the store closed and opened now, it would
    /// be believed. So what is not known to be durable is cut off at once; [`ActiveChunk::settle`] does it again.
    pub(super) fn disown(&mut self) {
        let _ = self.file.truncate(self.good_len);
    }

    /// Seals a chunk after a failure: everything after what was durable is cut off first. Nothing is left of one
    /// without row groups. May be tried again after an error.
    pub(super) fn settle(&mut self) -> Result<Option<Arc<Chunk>>, EnvError> {
        if self.groups.is_empty() {
            return match self.env.fs.remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(None),
            };
        }
        self.file.truncate(self.good_len)?;
        match self.seal() {
            Ok(chunk) => Ok(Some(chunk)),
            Err(Failure::Again(error) | Failure::Retire(error)) => Err(error),
        }
    }
}

/// Where the file of a chunk is.
pub(super) fn chunk_path(dir: &Path, id: u128) -> PathBuf {
    dir.join(format!("{}.chunk", ulid::Ulid::from(id)))
}
