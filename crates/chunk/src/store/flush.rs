//! The flusher: the one thread that writes chunks.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_env::Env;
use gastrolog_types::{Seq, Timestamp, buffers};

use super::active::{ActiveChunk, Failure};
use super::clock_watch::ClockWatch;
use super::encode::{Encoded, encode_all};
use super::error::FlushError;
use super::reserve::Reserve;
use super::state::{Command, State};
use super::{SealPolicy, Shared};
use crate::catalog::Catalog;
use crate::wal::{Grown, WalError};
use crate::{ChunkFile, Pending};

/// A chunk is sealed at this many row groups whatever the policy says: each flush copies the list of them.
const ROW_GROUPS_MAX: usize = 4096;

/// How often age, retention and what failed before are looked at.
const TICK_NS: u64 = 1_000_000_000;

/// After a failure the next attempt is made after this long, then twice as long, up to the longest.
const BACKOFF_NS: u64 = 100_000_000;
const BACKOFF_NS_MAX: u64 = 10_000_000_000;

/// The flusher's own.
pub(super) struct Flusher {
    pub(super) shared: Arc<Shared>,
    pub(super) active: Option<ActiveChunk>,
    /// Chunks that must not be appended to after a failure. They are sealed when the disk works again.
    pub(super) retired: Vec<ActiveChunk>,
    pub(super) last_id: u128,
    /// Whether the catalog does not say what it should.
    pub(super) catalog_stale: bool,
    /// Files whose records are in another chunk, or that retention gave up. They are removed when the catalog does not
    /// name them any more.
    pub(super) leftovers: Vec<Arc<ChunkFile>>,
    pub(super) reserve: Reserve,
    pub(super) watch: ClockWatch,
    pub(super) retry_at_ns: u64,
    pub(super) backoff_ns: u64,
    pub(super) tick_at_ns: u64,
}

/// What the flusher wakes up for.
enum Work {
    Commands(Vec<Command>),
    /// Records to write: all full row groups, and everything up to this seq.
    Flush(Seq),
    Tick,
    Close,
}

/// However the flusher ends, nobody may wait for it any longer.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.closing = true;
        state.commands.clear();
        state.pending.iter_mut().for_each(|item| item.direct = None);
        self.0.room.notify_all();
        self.0.grown.notify_all();
    }
}

impl Flusher {
    pub(super) fn run(mut self) {
        let _ending = Ending(self.shared.clone());
        loop {
            match self.wait() {
                Work::Commands(commands) => commands.into_iter().for_each(|c| self.obey(c)),
                // What failed is in the statistics, and was said to those who wait.
                Work::Flush(upto) => drop(self.flush(upto)),
                Work::Tick => drop(self.tick()),
                Work::Close => break,
            }
        }
        // Who appends straight to a chunk still waits for an answer.
        let upto = self.shared.state.lock().direct_end();
        if upto > 0 {
            drop(self.flush(upto));
        }
        self.retired.iter_mut().for_each(ActiveChunk::disown);
        // A store that is open for a moment only would leave it stale for ever.
        self.keep_catalog();
        self.remove_leftovers();
    }

    fn wait(&self) -> Work {
        let mut state = self.shared.state.lock();
        loop {
            if state.closing {
                return Work::Close;
            }
            if !state.commands.is_empty() {
                return Work::Commands(std::mem::take(&mut state.commands));
            }
            let now_ns = self.shared.env.clock.monotonic_ns();
            let full = state.pending_bytes >= self.shared.options.row_group_bytes;
            if state.direct_waiting > 0 || full && now_ns >= self.retry_at_ns {
                return Work::Flush(state.direct_end());
            }
            if now_ns >= self.tick_at_ns {
                return Work::Tick;
            }
            let mut until_ns = self.tick_at_ns;
            if full {
                until_ns = until_ns.min(self.retry_at_ns);
            }
            self.shared.work.wait_for(&mut state, Duration::from_nanos(until_ns - now_ns));
        }
    }

    fn obey(&mut self, command: Command) {
        // Who asked may have gone: then nobody reads the answer.
        match command {
            Command::Flush(reply) => drop(reply.send(self.flush_all())),
            Command::Rescue(appended, reply) => drop(reply.send(self.rescue(&appended))),
            Command::Seal(reply) => drop(reply.send(self.seal_all())),
            Command::Maintain(reply) => drop(reply.send(self.tick())),
            Command::Replace(replacement, reply) => drop(reply.send(self.replace(*replacement))),
        }
    }

    fn flush_all(&mut self) -> Result<(), FlushError> {
        let upto = self.shared.state.lock().next_seq;
        self.flush(upto)
    }

    /// Writes all full row groups, and every record before `upto`.
    pub(super) fn flush(&mut self, upto: Seq) -> Result<(), FlushError> {
        loop {
            let aim_bytes = self.shared.options.row_group_bytes;
            let plans = self.shared.state.lock().plans(aim_bytes, upto);
            if let Err(error) = self.write_plans(&plans) {
                self.back_off(upto, &error);
                return Err(error);
            }
            (self.backoff_ns, self.retry_at_ns) = (0, 0);
            self.shared.state.lock().failing = None;
            if plans.is_empty() {
                return Ok(());
            }
            let batches = plans.into_iter().flatten().filter_map(|pending| Arc::into_inner(pending.batch));
            batches.for_each(|batch| buffers::give(batch.text));
        }
    }

    /// Encodes several row groups at a time, but makes one after the other durable: after a crash only the last may
    /// be torn.
    fn write_plans(&mut self, plans: &[Vec<Pending>]) -> Result<(), FlushError> {
        for encoded in encode_all(&self.shared, plans)?.into_iter().flatten() {
            let header = &encoded.0.header;
            self.write_group(&encoded, header.first_seq + u64::from(header.rows))?;
            if self.is_due() {
                // The records are safe; sealing is tried again after the next row group.
                let _ = self.seal_active();
            }
        }
        Ok(())
    }

    /// Writes the row group that ends before `end`.
    fn write_group(&mut self, (group, shapes): &Encoded, end: Seq) -> Result<(), FlushError> {
        let active = match &mut self.active {
            Some(active) => active,
            none => {
                let id = next_id(&self.shared.env, &mut self.last_id);
                none.insert(ActiveChunk::create(&self.shared.env, &self.shared.chunks_dir(), id)?)
            }
        };
        match active.append(group, shapes, self.shared.options.footer_budget) {
            Ok(()) => {}
            Err(Failure::Again(error)) => return Err(error.into()),
            Err(Failure::Retire(error)) => {
                self.retire();
                return Err(error.into());
            }
        }
        self.shared.meter.chunk_sync.note_ns(active.sync_ns);
        let chunk = active.publish();
        let grown = active.grown();
        let mut state = self.shared.state.lock();
        state.publish(chunk);
        state.consume(end, self.shared.env.clock.now());
        self.shared.room.notify_all();
        drop(state);
        // What is released late costs space only.
        if let Err(error) = self.let_go(end, grown) {
            self.note(&error.to_string());
        }
        Ok(())
    }

    /// Lets the log forget what is in a chunk now. One that had failed begins anew when it has nothing else.
    fn let_go(&self, end: Seq, grown: Grown) -> Result<(), WalError> {
        let wal = &self.shared.wal;
        if wal.renew(end)? {
            wal.release(end)?;
            wal.set_grown(grown)?;
        }
        Ok(())
    }

    /// Gives up the growing chunk: the next row group begins another.
    fn retire(&mut self) {
        if let Some(mut active) = self.active.take() {
            active.disown();
            self.retired.push(active);
        }
    }

    /// Says that a flush failed: to those who wait for records that are not in the log, and in the statistics.
    fn back_off(&mut self, upto: Seq, error: &FlushError) {
        self.backoff_ns = (self.backoff_ns * 2).clamp(BACKOFF_NS, BACKOFF_NS_MAX);
        self.retry_at_ns = self.shared.env.clock.monotonic_ns().saturating_add(self.backoff_ns);
        self.note(&error.reason);
        let mut state = self.shared.state.lock();
        state.failing = Some(error.clone());
        state.withdraw(upto, error);
        self.shared.room.notify_all();
    }

    pub(super) fn note(&self, failure: &str) {
        self.shared.state.lock().note(failure);
    }

    /// Whether the growing chunk has reached what the policy says.
    fn is_due(&self) -> bool {
        let Some(active) = &self.active else { return false };
        let SealPolicy { bytes, records, file_bytes, age_ms } = self.shared.options.seal;
        let summary = active.summary();
        summary.raw_bytes >= bytes
            || active.row_groups() >= ROW_GROUPS_MAX
            || records.is_some_and(|most| summary.records >= most)
            || file_bytes.is_some_and(|most| summary.file_bytes >= most)
            || age_ms.is_some_and(|most| self.age_ms(active.created) >= most)
    }

    /// How long ago that was. What lies ahead has waited for ever: the clock was set back, and may be for a year.
    fn age_ms(&self, since: Timestamp) -> u64 {
        let age_ns = self.shared.env.clock.now().0.saturating_sub(since.0);
        u64::try_from(age_ns / 1_000_000).unwrap_or(u64::MAX)
    }

    fn seal_all(&mut self) -> Result<Vec<u128>, FlushError> {
        let flushed = self.flush_all();
        let mut sealed = self.settle_retired();
        flushed?;
        sealed.extend(self.seal_active()?);
        Ok(sealed)
    }

    /// Seals the growing chunk, if there is one with records.
    fn seal_active(&mut self) -> Result<Option<u128>, FlushError> {
        let Some(active) = self.active.as_mut().filter(|a| a.row_groups() > 0) else { return Ok(None) };
        let (id, begin_ns) = (active.id, self.shared.env.clock.monotonic_ns());
        let error = match active.seal() {
            Ok(chunk) => {
                let took_ns = self.shared.env.clock.monotonic_ns().saturating_sub(begin_ns);
                self.shared.meter.seal.note_ns(took_ns);
                let end_seq = chunk.summary.end_seq;
                self.active = None;
                self.shared.state.lock().publish(chunk);
                self.catalog_stale = true;
                self.keep_catalog();
                // Left out, it says of a sealed chunk what it said when that grew, which is true.
                let _ = self.shared.wal.set_grown(Grown { end_seq, ..Grown::default() });
                return Ok(Some(id));
            }
            Err(Failure::Again(error)) => error,
            Err(Failure::Retire(error)) => {
                self.retire();
                error
            }
        };
        self.note(&error.to_string());
        Err(error.into())
    }

    /// Seals the chunks that had to be given up; returns those for which it worked.
    fn settle_retired(&mut self) -> Vec<u128> {
        let mut sealed = Vec::new();
        for mut chunk in std::mem::take(&mut self.retired) {
            match chunk.settle() {
                Ok(Some(done)) => {
                    sealed.push(chunk.id);
                    self.shared.state.lock().publish(done);
                    self.catalog_stale = true;
                }
                Ok(None) => {}
                Err(error) => {
                    self.note(&error.to_string());
                    self.retired.push(chunk);
                }
            }
        }
        self.keep_catalog();
        sealed
    }

    /// What is done every second.
    fn tick(&mut self) -> Result<(), FlushError> {
        self.tick_at_ns = self.shared.env.clock.monotonic_ns().saturating_add(TICK_NS);
        if let Some(jump) = self.watch.look(&*self.shared.env.clock) {
            self.note(&jump);
        }
        buffers::forget_idle();
        self.settle_retired();
        // Each on its own: what makes room must not wait for what needs some.
        let mended = self.mend_log();
        let sealed = self.seal_by_age();
        self.keep_catalog();
        self.remove_leftovers();
        let removed = self.remove_old();
        self.keep_reserve();
        mended.and(sealed).and(Ok(removed?))
    }

    /// A log that has failed takes no records until what it had is in a chunk.
    fn mend_log(&mut self) -> Result<(), FlushError> {
        if self.shared.wal.poison().is_none() {
            return self.try_again();
        }
        // What comes meanwhile may be in the log as well, from before it failed: it is not forgotten by this.
        let end = self.shared.state.lock().next_seq;
        self.flush(end)?;
        let grown = self.active.as_ref().map(ActiveChunk::grown).unwrap_or_default();
        self.let_go(end, grown).map_err(FlushError::new)
    }

    /// Does what failed again, and says when it works: nobody may be there to ask.
    fn try_again(&mut self) -> Result<(), FlushError> {
        if self.shared.state.lock().failing.is_some() {
            self.flush_all()?;
        }
        let refused = self.shared.state.lock().refused.clone();
        if let Some(refused) = refused {
            self.shared.wal.tick().map_err(FlushError::new)?;
            match self.shared.wal.find_room(refused.bytes) {
                // Whether there is room cannot be found out so: whoever brings records will see.
                Err(WalError::Env(error)) if !error.is_full() => {}
                found => found.map_err(FlushError::new)?,
            }
            self.shared.state.lock().refused = None;
        }
        Ok(())
    }

    fn seal_by_age(&mut self) -> Result<(), FlushError> {
        let Some(most) = self.shared.options.seal.age_ms else { return Ok(()) };
        let since = self.shared.state.lock().pending_since;
        let waited = since.is_some_and(|since| self.age_ms(since) >= most);
        if waited && self.shared.env.clock.monotonic_ns() >= self.retry_at_ns {
            self.flush_all()?;
        }
        if waited || self.is_due() {
            self.seal_active()?;
        }
        Ok(())
    }

    /// Writes the catalog if it is stale. It stays stale when that fails, and is made again from the chunks.
    pub(super) fn keep_catalog(&mut self) {
        if self.catalog_stale {
            let catalog = catalog_of(&self.shared.state.lock());
            match self.write_catalog(&catalog) {
                Ok(()) => self.catalog_stale = false,
                Err(error) => self.note(&error.to_string()),
            }
        }
    }
}

/// What the catalog should say.
pub(super) fn catalog_of(state: &State) -> Catalog {
    let sealed = state.chunks.iter().filter(|c| c.sealed);
    Catalog { chunks: sealed.map(|c| c.summary).collect(), next_seq: state.next_seq }
}

/// Ids left free behind each: a chunk that is written anew gets one between that and the next.
const ID_GAP: u128 = 1 << 16;

/// An id for a new chunk, above `last`: the names of chunks are in write order, whatever the clock does.
pub(super) fn next_id(env: &Env, last: &mut u128) -> u128 {
    let ms = u64::try_from(env.clock.now().0 / 1_000_000).unwrap_or(0);
    let random = u128::from(env.random.next_u64()) << 64 | u128::from(env.random.next_u64());
    *last = ulid::Ulid::from_parts(ms, random).0.max(last.saturating_add(ID_GAP));
    *last
}
