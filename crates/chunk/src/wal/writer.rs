//! The file side of the log: segments made, written, closed and removed. Used by one thread at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use gastrolog_env::{Env, EnvError, File};
use gastrolog_types::Seq;

use super::frame::{Grown, Header, VERSION, put_mark};
use super::waiting::Waiting;

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
    /// Whether its records are.
    synced: bool,
    /// Whether it has records.
    has_records: bool,
    /// Whether there is a mark, or an end that was cut off, that may not be durable.
    mark_waits: bool,
    /// How much of it is known to be durable.
    good_len: u64,
}

/// How bad a failure is.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was changed; the same may be tried again.
    Again(EnvError),
    /// Nobody knows what is on disk.
    Fatal(EnvError),
}

/// The file that takes room, to find out whether there is any.
const ROOM: &str = "room";

/// Removes what an interrupted [`Writer::find_room`] left. Best effort: it costs room only, and is tried again.
pub(super) fn forget_room(env: &Env, dir: &Path) {
    let path = dir.join(ROOM);
    if env.fs.exists(&path).unwrap_or(false) {
        let _ = env.fs.remove_file(&path);
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    env: Env,
    dir: PathBuf,
    mark: u32,
    segment_bytes: u64,
    sealed: VecDeque<Segment>,
    active: Option<Active>,
    /// What marks say of the chunk that grows.
    grown: Grown,
}

impl Writer {
    pub(super) fn new(
        env: &Env,
        dir: &Path,
        mark: u32,
        segment_bytes: u64,
        sealed: VecDeque<Segment>,
    ) -> Writer {
        let (env, dir, grown) = (env.clone(), dir.to_path_buf(), Grown::default());
        Writer { env, dir, mark, segment_bytes, sealed, active: None, grown }
    }

    /// The bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.sealed.iter().map(|s| s.bytes).sum::<u64>() + self.active.as_ref().map_or(0, |a| a.file.len())
    }

    /// Writes `chunk`, into a new segment when the active one would grow too long. Not durable yet.
    pub(super) fn write(&mut self, chunk: &Waiting) -> Result<(), Failure> {
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
        let result = match written {
            Ok(()) => {
                (active.synced, active.has_records) = (false, true);
                active.end_seq = chunk.end_seq;
                Ok(())
            }
            // With the half-written frames cut off, writing may go on when there is space again. That they are is made
            // durable before another segment is begun.
            Err(error) if error.is_full() => match active.file.truncate(before) {
                Ok(()) => {
                    active.mark_waits = true;
                    Err(Failure::Again(error))
                }
                Err(_) => Err(Failure::Fatal(error)),
            },
            Err(error) => Err(Failure::Fatal(error)),
        };
        self.active = Some(active);
        result
    }

    fn create(&mut self, first_seq: Seq) -> Result<Active, Failure> {
        let path = self.dir.join(format!("{first_seq:020}.wal"));
        if self.sealed.pop_back_if(|s| s.path == path).is_some() {
            // It has no records, or the next would have another seq.
            self.env.fs.remove_file(&path).map_err(Failure::Again)?;
        }
        let mut file = self.env.fs.create_new(&path).map_err(retry_when_full)?;
        let mut header = Header { version: VERSION, mark: self.mark, first_seq }.encode();
        put_mark(self.mark, first_seq, self.grown, &mut header);
        if let Err(error) = file.append(&header) {
            drop(file);
            return Err(match self.env.fs.remove_file(&path) {
                Ok(()) => retry_when_full(error),
                Err(_) => Failure::Fatal(error),
            });
        }
        let (named, synced, has_records, mark_waits) = (false, true, false, true);
        let good_len = 0;
        Ok(Active { file, path, end_seq: first_seq, named, synced, has_records, mark_waits, good_len })
    }

    /// Makes everything written durable. Returns whether there was anything to do.
    pub(super) fn sync(&mut self) -> Result<bool, Failure> {
        let Some(active) = self.active.as_mut().filter(|a| !a.synced) else {
            return Ok(false);
        };
        sync(&self.env, active, &self.dir)?;
        self.put_mark()?;
        Ok(true)
    }

    /// Says how far the chunk that grows is durable, in a mark. `next_seq` names the segment if there is none.
    pub(super) fn set_grown(&mut self, grown: Grown, next_seq: Seq) -> Result<(), Failure> {
        self.grown = grown;
        match &self.active {
            // Records that are not durable stand before it: the mark after their sync says it.
            Some(active) if !active.synced => Ok(()),
            Some(_) => self.put_mark(),
            None => {
                self.active = Some(self.create(next_seq)?);
                Ok(())
            }
        }
    }

    /// Writes a mark, not durably. When there is no room for it, it is left out.
    fn put_mark(&mut self) -> Result<(), Failure> {
        let Some(active) = &mut self.active else { return Ok(()) };
        let mut bytes = Vec::new();
        put_mark(self.mark, active.end_seq, self.grown, &mut bytes);
        let before = active.file.len();
        active.mark_waits = true;
        match active.file.append(&bytes) {
            Ok(()) => Ok(()),
            Err(error) => active.file.truncate(before).map_err(|_| Failure::Fatal(error)),
        }
    }

    /// Makes the last mark durable too: for the end.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.sync()?;
        match self.active.as_mut().filter(|a| a.mark_waits) {
            Some(active) => sync(&self.env, active, &self.dir),
            None => Ok(()),
        }
    }

    /// Closes the active segment; the next write starts another.
    pub(super) fn rotate(&mut self) -> Result<(), Failure> {
        // Only the last segment may end in a torn frame, be it a mark.
        self.finish()?;
        // One without records stays: the next would have the same name.
        if let Some(active) = self.active.take_if(|a| a.has_records) {
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
        while let Some(segment) = self.sealed.front().filter(|s| s.end_seq <= below) {
            // One at a time, oldest first: a crash must not leave an old segment and lose a newer one, which would
            // look like records missing.
            remove(&self.env, &segment.path)?;
            self.env.fs.sync_dir(&self.dir).map_err(Failure::Again)?;
            self.sealed.pop_front();
        }
        let is_empty = |a: &&Active| a.has_records && a.end_seq <= below;
        if let Some(active) = self.active.as_ref().filter(|_| self.sealed.is_empty()).filter(is_empty) {
            remove(&self.env, &active.path)?;
            // Without a name nothing in it survives, so nothing more may go there, whatever fails now.
            self.active = None;
            self.env.fs.sync_dir(&self.dir).map_err(Failure::Again)?;
        }
        Ok(())
    }

    /// Cuts off what is not known to be durable, after a failure that may have come between.
    pub(super) fn disown(&mut self) {
        self.active.iter_mut().for_each(disown);
    }

    /// Takes room for so many bytes, and gives it back.
    pub(super) fn find_room(&self, bytes: u64) -> Result<(), EnvError> {
        forget_room(&self.env, &self.dir);
        let path = self.dir.join(ROOM);
        self.env.fs.reserve(&path, bytes)?;
        self.env.fs.remove_file(&path)
    }

    /// Gives up every segment: all that was in them is safe elsewhere, and nobody knows what is on disk.
    pub(super) fn abandon(&mut self) -> Result<(), Failure> {
        if let Some(active) = self.active.take() {
            let (path, end_seq) = (active.path, active.end_seq);
            self.sealed.push_back(Segment { path, end_seq, bytes: 0 });
        }
        self.release(Seq::MAX)
    }
}

fn remove(env: &Env, path: &Path) -> Result<(), Failure> {
    match env.fs.remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::Again(error)),
        _ => Ok(()),
    }
}

/// After a failed sync the file may look right and not be on disk, and the next sync may succeed all the same: were the
/// log opened now, it would be believed. So what is not known to be durable is cut off.
fn disown(active: &mut Active) {
    let _ = active.file.truncate(active.good_len);
}

/// Makes a segment durable, and its name.
fn sync(env: &Env, active: &mut Active, dir: &Path) -> Result<(), Failure> {
    if let Err(error) = active.file.sync() {
        disown(active);
        return Err(Failure::Fatal(error));
    }
    (active.synced, active.mark_waits, active.good_len) = (true, false, active.file.len());
    if !active.named {
        env.fs.sync_dir(dir).map_err(Failure::Fatal)?;
        active.named = true;
    }
    Ok(())
}

fn retry_when_full(error: EnvError) -> Failure {
    if error.is_full() { Failure::Again(error) } else { Failure::Fatal(error) }
}
