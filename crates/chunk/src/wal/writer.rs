//! The file side of the log: segments made, written, closed and removed. Used by one thread at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use gastrolog_env::{Env, EnvError, File};
use gastrolog_types::Seq;

use super::frame::{HEADER_LEN, Header, VERSION};

/// A segment that will not grow any more.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// One past its last seq.
    pub(super) end_seq: Seq,
    pub(super) bytes: u64,
}

#[derive(Debug)]
struct Active {
    file: Box<dyn File>,
    path: PathBuf,
    end_seq: Seq,
    /// Whether its name is durable.
    named: bool,
    /// Whether its content is.
    synced: bool,
}

/// How bad a failure is.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was changed; the same may be tried again.
    Again(EnvError),
    /// Nobody knows what is on disk.
    Fatal(EnvError),
}

/// Frames on their way to the disk.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) first_seq: Seq,
    pub(super) end_seq: Seq,
}

#[derive(Debug)]
pub(super) struct Writer {
    env: Env,
    dir: PathBuf,
    mark: u32,
    segment_bytes: u64,
    sealed: VecDeque<Segment>,
    active: Option<Active>,
}

impl Writer {
    pub(super) fn new(
        env: &Env,
        dir: &Path,
        mark: u32,
        segment_bytes: u64,
        sealed: VecDeque<Segment>,
    ) -> Writer {
        Writer { env: env.clone(), dir: dir.to_path_buf(), mark, segment_bytes, sealed, active: None }
    }

    /// The bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.sealed.iter().map(|s| s.bytes).sum::<u64>() + self.active.as_ref().map_or(0, |a| a.file.len())
    }

    /// Writes `chunk`, into a new segment when the active one would grow too long. Not durable yet.
    pub(super) fn write(&mut self, chunk: &Chunk) -> Result<(), Failure> {
        let len = chunk.bytes.len() as u64;
        if self.active.as_ref().is_some_and(|a| a.file.len().saturating_add(len) > self.segment_bytes) {
            self.rotate()?;
        }
        let mut active = match self.active.take() {
            Some(active) => active,
            None => self.create(chunk.first_seq)?,
        };
        let before = active.file.len();
        let written = active.file.append(&chunk.bytes);
        active.synced = false;
        let result = match written {
            Ok(()) => {
                active.end_seq = chunk.end_seq;
                Ok(())
            }
            // With the half-written frames cut off, writing may go on when there is space again.
            Err(error) if error.is_full() => match active.file.truncate(before) {
                Ok(()) => Err(Failure::Again(error)),
                Err(_) => Err(Failure::Fatal(error)),
            },
            Err(error) => Err(Failure::Fatal(error)),
        };
        self.active = Some(active);
        result
    }

    fn create(&self, first_seq: Seq) -> Result<Active, Failure> {
        let path = self.dir.join(format!("{first_seq:020}.wal"));
        let mut file = self.env.fs.create_new(&path).map_err(retry_when_full)?;
        let header = Header { version: VERSION, mark: self.mark, first_seq }.encode();
        if let Err(error) = file.append(&header) {
            drop(file);
            return Err(match self.env.fs.remove_file(&path) {
                Ok(()) => retry_when_full(error),
                Err(_) => Failure::Fatal(error),
            });
        }
        Ok(Active { file, path, end_seq: first_seq, named: false, synced: false })
    }

    /// Makes everything written durable. Returns whether there was anything to do.
    pub(super) fn sync(&mut self) -> Result<bool, Failure> {
        let Some(active) = self.active.as_mut().filter(|a| !a.synced || !a.named) else {
            return Ok(false);
        };
        active.file.sync().map_err(Failure::Fatal)?;
        active.synced = true;
        if !active.named {
            self.env.fs.sync_dir(&self.dir).map_err(Failure::Fatal)?;
            active.named = true;
        }
        Ok(true)
    }

    /// Closes the active segment; the next write starts another.
    pub(super) fn rotate(&mut self) -> Result<(), Failure> {
        // Only the last segment may end in a torn frame.
        self.sync()?;
        // One without records stays: the next would have the same name.
        if let Some(active) = self.active.take_if(|a| a.file.len() > HEADER_LEN as u64) {
            self.sealed.push_back(Segment {
                bytes: active.file.len(),
                path: active.path,
                end_seq: active.end_seq,
            });
        }
        Ok(())
    }

    /// Removes the segments that hold nothing from `below` on.
    pub(super) fn release(&mut self, below: Seq) -> Result<(), Failure> {
        if self.active.as_ref().is_some_and(|a| a.end_seq <= below) {
            self.rotate()?;
        }
        while let Some(segment) = self.sealed.front().filter(|s| s.end_seq <= below) {
            match self.env.fs.remove_file(&segment.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::Again(error));
                }
                _ => {}
            }
            self.sealed.pop_front();
            // One at a time, oldest first: a crash must not leave an old segment and lose a newer one, which would
            // look like records missing.
            self.env.fs.sync_dir(&self.dir).map_err(Failure::Again)?;
        }
        Ok(())
    }
}

fn retry_when_full(error: EnvError) -> Failure {
    if error.is_full() { Failure::Again(error) } else { Failure::Fatal(error) }
}
