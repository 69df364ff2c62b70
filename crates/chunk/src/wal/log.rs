//! The log itself: append, commit together, release.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use gastrolog_env::Env;
use gastrolog_types::{Batch, Histogram, Seq};
use parking_lot::{Condvar, Mutex};

use super::frame::{Grown, Prepared};
use super::options::{Durability, Ticket, WalOptions};
use super::recover::{Access, Recovered, recover};
use super::waiting::Waiting;
use super::writer::{Failure, Writer, forget_room};
use super::{BUFFER_BYTES_MAX, Result, WalError};

/// A write-ahead log. Threads share it by reference: appending only copies into memory, and of those who commit at
/// the same time one writes and syncs for all.
#[derive(Debug)]
pub struct Wal {
    durability: Durability,
    mark: u32,
    state: Mutex<State>,
    /// Signalled when `busy` ends or `durable` or `poison` change.
    progress: Condvar,
    /// Locked before `state` where both are.
    writer: Mutex<Writer>,
    env: Env,
    sync_times: Histogram,
}

#[derive(Debug)]
struct State {
    waiting: Waiting,
    next_seq: Seq,
    /// How many batches were appended, how many of them the operating system has, and how many are durable.
    appended: u64,
    written: u64,
    durable: u64,
    /// Whether a thread is writing for all.
    busy: bool,
    poison: Option<Arc<str>>,
    file_bytes: u64,
    syncs: u64,
}

impl State {
    fn check(&self) -> Result<()> {
        match &self.poison {
            Some(reason) => Err(WalError::Poisoned { reason: reason.clone() }),
            None => Ok(()),
        }
    }
}

impl Wal {
    /// Opens the log in `dir`, which is made if missing. All records before `stored_below` are safe elsewhere: they
    /// are not missed when the log no longer has them (those it still has are recovered all the same). New records
    /// get seqs from [`Wal::next_seq`] on.
    ///
    /// # Errors
    /// When the disk fails, or a segment was written by a later release. Damage is no error: see
    /// [`Recovered::report`].
    pub fn open(env: &Env, dir: &Path, stored_below: Seq, options: WalOptions) -> Result<(Wal, Recovered)> {
        env.fs.create_dir_all(dir)?;
        forget_room(env, dir);
        let (kept, recovered) = recover(env, dir, stored_below, Access::Repair)?;
        let mark = env.random.next_u64() as u32;
        let writer = Writer::new(env, dir, mark, options.segment_bytes, kept.segments);
        let state = State {
            waiting: Waiting::default(),
            next_seq: kept.next_seq,
            appended: 0,
            written: 0,
            durable: 0,
            busy: false,
            poison: None,
            file_bytes: writer.bytes(),
            syncs: 0,
        };
        let wal = Wal {
            durability: options.durability,
            mark,
            state: Mutex::new(state),
            progress: Condvar::new(),
            writer: Mutex::new(writer),
            env: env.clone(),
            sync_times: Histogram::default(),
        };
        Ok((wal, recovered))
    }

    /// What is in the log of `dir`, which may be in use by another process; no file is changed. A log that is not
    /// there holds nothing. A segment that its owner removes meanwhile is an error of kind `NotFound`: try again.
    ///
    /// # Errors
    /// As [`Wal::open`].
    pub fn read(env: &Env, dir: &Path, stored_below: Seq) -> Result<Recovered> {
        if !env.fs.exists(dir)? {
            return Ok(Recovered::empty(env));
        }
        Ok(recover(env, dir, stored_below, Access::Read)?.1)
    }

    /// Adds a batch whose first record has seq `first_seq`. Not durable before [`Wal::commit`].
    ///
    /// # Errors
    /// As [`Prepared::new`] and [`Wal::append_prepared`].
    pub fn append(&self, first_seq: Seq, batch: &Batch) -> Result<Ticket> {
        self.append_prepared(first_seq, &Prepared::new(batch)?)
    }

    /// Adds a batch that was encoded beforehand: quick, so that it can be done under the lock that deals out seqs.
    ///
    /// # Errors
    /// [`WalError::OutOfOrder`] when `first_seq` is below [`Wal::next_seq`]. (A gap is allowed, and recovery will
    /// call it missing.) [`WalError::Poisoned`]. [`WalError::Env`] when much is waiting in memory and cannot be
    /// written. After an error nothing was added.
    pub fn append_prepared(&self, first_seq: Seq, batch: &Prepared) -> Result<Ticket> {
        let mut state = self.state.lock();
        if state.waiting.bytes.len() >= BUFFER_BYTES_MAX {
            drop(state);
            self.flush(&mut self.writer.lock(), false)?;
            state = self.state.lock();
        }
        state.check()?;
        if first_seq < state.next_seq {
            return Err(WalError::OutOfOrder { first_seq, next_seq: state.next_seq });
        }
        let end_seq = first_seq.checked_add(batch.records());
        let end_seq = end_seq.ok_or(WalError::OutOfOrder { first_seq, next_seq: state.next_seq })?;
        if batch.records() > 0 {
            state.waiting.add(self.mark, first_seq..end_seq, batch);
            state.next_seq = end_seq;
            state.appended += 1;
        }
        Ok(Ticket(state.appended))
    }

    /// Returns when everything up to `ticket` is accepted in the sense of [`Durability`].
    ///
    /// # Errors
    /// Nothing may be acknowledged. After [`WalError::Poisoned`] the records may be found after a restart all the
    /// same. After [`WalError::Env`] they wait on, and are written with the next that are, unless they are
    /// [withdrawn](Wal::withdraw).
    pub fn commit(&self, ticket: Ticket) -> Result<()> {
        match self.durability {
            Durability::Fsync => self.commit_durably(ticket),
            Durability::Interval { .. } => self.write_through(ticket),
        }
    }

    /// Takes back records that were appended and not written: they will never be in the log, and their seqs are left
    /// out. Answers whether that was possible; else they were written meanwhile, by whoever came next, and a commit
    /// says what became of them.
    pub fn withdraw(&self, seqs: Range<Seq>) -> bool {
        // Who is writing has them, and may bring them back.
        let _writer = self.writer.lock();
        self.state.lock().waiting.take_out(seqs)
    }

    /// Whether the disk has room for so many bytes more, found by taking it for a moment.
    ///
    /// # Errors
    /// When it has not; [`WalError::Poisoned`].
    pub fn find_room(&self, bytes: u64) -> Result<()> {
        let writer = self.writer.lock();
        self.state.lock().check()?;
        Ok(writer.find_room(bytes)?)
    }

    fn commit_durably(&self, ticket: Ticket) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            if state.durable >= ticket.0 {
                return Ok(());
            }
            state.check()?;
            if state.busy {
                self.progress.wait(&mut state);
                continue;
            }
            state.busy = true;
            drop(state);
            let flushed = self.flush(&mut self.writer.lock(), true);
            state = self.state.lock();
            state.busy = false;
            self.progress.notify_all();
            // What was written before may have become durable though the rest found no room.
            if state.durable < ticket.0 {
                flushed?;
            }
        }
    }

    /// Hands what waits to the operating system. Who has to wait for somebody who writes or syncs may find that another
    /// who waited has done it for all.
    fn write_through(&self, ticket: Ticket) -> Result<()> {
        let mut writer = self.writer.lock();
        let state = self.state.lock();
        state.check()?;
        if state.written >= ticket.0 {
            return Ok(());
        }
        drop(state);
        match self.flush(&mut writer, false) {
            Err(WalError::Env(_)) if self.state.lock().written >= ticket.0 => Ok(()),
            flushed => flushed,
        }
    }

    /// Makes everything appended durable. Under [`Durability::Interval`] the owner calls it at that interval.
    ///
    /// # Errors
    /// As [`Wal::commit`].
    pub fn tick(&self) -> Result<()> {
        self.flush(&mut self.writer.lock(), true)
    }

    /// Closes the active segment, durably; the next append starts another.
    ///
    /// # Errors
    /// As [`Wal::commit`].
    pub fn rotate(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        self.flush(&mut writer, true)?;
        let rotated = writer.rotate();
        self.settle(&writer, rotated)
    }

    /// Says that all records before `below` are safe elsewhere. Segments without any others are removed.
    ///
    /// # Errors
    /// When the disk fails; the segments are then removed by a later call.
    pub fn release(&self, below: Seq) -> Result<()> {
        let mut writer = self.writer.lock();
        self.state.lock().check()?;
        let released = writer.release(below);
        self.settle(&writer, released)
    }

    /// Says how far the chunk that grows is durable. What of it cannot be read later is then known to be damage. Costs
    /// no sync.
    ///
    /// # Errors
    /// As [`Wal::commit`].
    pub fn set_grown(&self, grown: Grown) -> Result<()> {
        let mut writer = self.writer.lock();
        let state = self.state.lock();
        state.check()?;
        // What waits to be written has smaller seqs than the next record.
        let waits = !state.waiting.bytes.is_empty();
        let next_seq = if waits { state.waiting.first_seq } else { state.next_seq };
        drop(state);
        let set = writer.set_grown(grown, next_seq);
        self.settle(&writer, set)
    }

    /// Makes everything durable, as [`Wal::tick`] does, and that it was: for the end.
    ///
    /// # Errors
    /// As [`Wal::commit`].
    pub fn finish(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        if self.poison().is_some() {
            writer.disown();
        }
        self.flush(&mut writer, true)?;
        let finished = writer.finish();
        self.settle(&writer, finished)
    }

    /// Why the log takes no records, if it does not: a write or sync failed, and nobody knows what is on disk.
    pub fn poison(&self) -> Option<Arc<str>> {
        self.state.lock().poison.clone()
    }

    /// Begins the log anew after a failure, with another file: the old ones are removed, not written to again. Does
    /// nothing unless all records that were ever appended are below `below`, and so safe elsewhere. Returns whether
    /// the log works.
    ///
    /// # Errors
    /// When the old files cannot be removed; it may be tried again.
    pub fn renew(&self, below: Seq) -> Result<bool> {
        let mut writer = self.writer.lock();
        let state = self.state.lock();
        if state.poison.is_none() || state.next_seq > below {
            return Ok(state.poison.is_none());
        }
        drop(state);
        match writer.abandon() {
            Ok(()) => {}
            Err(Failure::Again(error) | Failure::Fatal(error)) => return Err(error.into()),
        }
        let mut state = self.state.lock();
        state.waiting = Waiting::default();
        state.poison = None;
        (state.written, state.durable) = (state.appended, state.appended);
        state.file_bytes = writer.bytes();
        self.progress.notify_all();
        Ok(true)
    }

    /// The bytes that the log takes, on disk and waiting in memory.
    pub fn bytes(&self) -> u64 {
        let state = self.state.lock();
        state.file_bytes + state.waiting.bytes.len() as u64
    }

    /// The seq that the next record gets.
    pub fn next_seq(&self) -> Seq {
        self.state.lock().next_seq
    }

    /// When a record counts as accepted.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// How often the disk was synced since the log was opened: what group commit saves shows against the commits.
    pub fn syncs(&self) -> u64 {
        self.state.lock().syncs
    }

    /// How long the syncs took that were done for those who wait.
    pub fn sync_times(&self) -> &Histogram {
        &self.sync_times
    }

    /// Keeps everybody else from the disk.
    #[cfg(test)]
    pub(crate) fn hold_writer(&self) -> impl Sized + '_ {
        self.writer.lock()
    }

    /// Writes what waits, and syncs if `sync`. What cannot be written for want of space waits on; what was written
    /// before is synced all the same.
    fn flush(&self, writer: &mut Writer, sync: bool) -> Result<()> {
        let written = self.write(writer);
        match &written {
            Err(WalError::Poisoned { .. }) => written,
            _ if sync => written.and(self.sync(writer)),
            _ => written,
        }
    }

    fn write(&self, writer: &mut Writer) -> Result<()> {
        let mut state = self.state.lock();
        state.check()?;
        let upto = state.appended;
        let chunk = std::mem::take(&mut state.waiting);
        drop(state);
        let written = if chunk.bytes.is_empty() { Ok(()) } else { writer.write(&chunk) };
        let mut state = self.state.lock();
        match written {
            Ok(()) => state.written = upto,
            Err(Failure::Again(_)) => state.waiting.put_back(chunk),
            Err(Failure::Fatal(_)) => {}
        }
        drop(state);
        self.settle(writer, written)
    }

    fn sync(&self, writer: &mut Writer) -> Result<()> {
        let begin_ns = self.env.clock.monotonic_ns();
        let synced = writer.sync();
        if matches!(synced, Ok(true) | Err(_)) {
            self.sync_times.note_ns(self.env.clock.monotonic_ns().saturating_sub(begin_ns));
        }
        if let Ok(done) = synced {
            let mut state = self.state.lock();
            state.durable = state.written;
            state.syncs += u64::from(done);
            self.progress.notify_all();
        }
        self.settle(writer, synced.map(drop))
    }

    /// Notes the size of the log, and poisons it after a failure that leaves its content unknown.
    fn settle(&self, writer: &Writer, result: std::result::Result<(), Failure>) -> Result<()> {
        let mut state = self.state.lock();
        state.file_bytes = writer.bytes();
        match result {
            Ok(()) => Ok(()),
            Err(Failure::Again(error)) => Err(error.into()),
            Err(Failure::Fatal(error)) => {
                let reason: Arc<str> = error.to_string().into();
                state.poison = Some(reason.clone());
                self.progress.notify_all();
                Err(WalError::Poisoned { reason })
            }
        }
    }
}
