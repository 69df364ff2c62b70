//! What the threads of a store share: the records that wait for a row group, and the chunks there are.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crossbeam::channel::Sender;
use gastrolog_types::{Batch, Seq, Timestamp};

use super::error::FlushError;
use super::recompact::Replacement;
use crate::wal::Ticket;
use crate::{Chunk, Pending};

/// What a record weighs beside its text: keeps the number of empty ones in bounds.
const RECORD_OVERHEAD_BYTES: u64 = 8;

/// Most records of a row group.
#[cfg(not(test))]
pub(super) const ROW_GROUP_RECORDS_MAX: usize = 1 << 20;
#[cfg(test)]
pub(super) const ROW_GROUP_RECORDS_MAX: usize = 64;

/// Small batches are joined up to this size, so that a snapshot need not copy a list of very many.
const JOIN_BYTES_MAX: usize = 64 << 10;

/// Most row groups of a plan: they are encoded at the same time.
const PLANS_MAX: usize = 4;

/// Records that wait for a row group.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) pending: Pending,
    /// Who waits for them to be in a chunk: they are not in the log.
    pub(super) direct: Option<Sender<Result<(), FlushError>>>,
}

impl Item {
    fn end_seq(&self) -> Seq {
        end_seq(&self.pending)
    }
}

/// One past the last seq.
pub(super) fn end_seq(pending: &Pending) -> Seq {
    pending.first_seq + pending.range.len() as u64
}

/// What some records of a batch weigh: the sum of what each of them does.
pub(super) fn weight(batch: &Batch, range: Range<usize>) -> u64 {
    let records = batch.records.get(range.clone()).unwrap_or(&[]);
    let texts = records.iter().map(|r| u64::from(r.end.saturating_sub(r.start)) + RECORD_OVERHEAD_BYTES);
    texts.sum::<u64>() + attribute_weight(batch, range)
}

/// What the attributes of some records weigh: those that the record before has as well are held once.
pub(super) fn attribute_weight(batch: &Batch, range: Range<usize>) -> u64 {
    let set_of = |i: usize| batch.records.get(i).map(|record| record.attributes);
    let brought = range.filter(|&i| i == 0 || set_of(i) != set_of(i - 1));
    let sets = brought.filter_map(|i| batch.attributes.get(set_of(i)? as usize));
    sets.map(|set| set.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum::<u64>()).sum()
}

/// Records that were given to the log.
#[derive(Clone, Debug)]
pub(super) struct Appended {
    pub(super) ticket: Ticket,
    pub(super) seqs: Range<Seq>,
}

/// The log had no room.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) reason: Arc<str>,
    /// For so many bytes.
    pub(super) bytes: u64,
}

/// Something that the flusher is asked to do, and where it puts the answer.
#[derive(Debug)]
pub(super) enum Command {
    /// Put every record that waits into a row group.
    Flush(Sender<Result<(), FlushError>>),
    /// The log could not take these: put them into a row group, or take them back.
    Rescue(Appended, Sender<Result<(), FlushError>>),
    /// Flush, and then seal the chunk. Answers which chunks were sealed.
    Seal(Sender<Result<Vec<u128>, FlushError>>),
    /// What is done every second: seal by age, remove what is too old.
    Maintain(Sender<Result<(), FlushError>>),
    /// Put a chunk that was written anew in the place of those it was made of. Answers whether they were still there.
    Replace(Box<Replacement>, Sender<Result<bool, FlushError>>),
}

/// What the threads of a store share.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) next_seq: Seq,
    pub(super) pending: VecDeque<Item>,
    pub(super) pending_bytes: u64,
    /// When the oldest of them came, about.
    pub(super) pending_since: Option<Timestamp>,
    /// Items that are not in the log.
    pub(super) direct_waiting: usize,
    pub(super) chunks: Arc<Vec<Arc<Chunk>>>,
    pub(super) commands: Vec<Command>,
    /// No more records are taken.
    pub(super) closing: bool,
    /// The last flush failed, by this: another is tried after a while.
    pub(super) failing: Option<FlushError>,
    /// No more records are taken before there is room again.
    pub(super) held: Option<FlushError>,
    /// The log had no room.
    pub(super) refused: Option<Refused>,
    pub(super) failures: u64,
    pub(super) last_failure: Option<Arc<str>>,
    pub(super) removed_chunks: u64,
    pub(super) removed_records: u64,
}

impl State {
    /// Counts something that failed, and says what.
    pub(super) fn note(&mut self, failure: &str) {
        self.failures += 1;
        self.last_failure = Some(failure.into());
    }

    /// Why records cannot be stored now.
    pub(super) fn trouble(&self) -> Option<Arc<str>> {
        let failed = self.held.as_ref().or(self.failing.as_ref()).map(|error| error.reason.clone());
        failed.or_else(|| self.refused.as_ref().map(|refused| refused.reason.clone()))
    }

    /// Adds a batch at the end; returns the seq of its first record.
    pub(super) fn push(
        &mut self,
        batch: Batch,
        direct: Option<Sender<Result<(), FlushError>>>,
        now: Timestamp,
    ) -> Seq {
        let first_seq = self.next_seq;
        self.next_seq += batch.len() as u64;
        self.pending_since.get_or_insert(now);
        self.direct_waiting += usize::from(direct.is_some());
        if direct.is_some() || !self.join(&batch, first_seq) {
            let range = 0..batch.len();
            self.pending_bytes += weight(&batch, range.clone());
            let pending = Pending { first_seq, batch: Arc::new(batch), range };
            self.pending.push_back(Item { pending, direct });
        }
        first_seq
    }

    /// Adds a small batch to the last one, if that is small and nobody else looks at it.
    fn join(&mut self, batch: &Batch, first_seq: Seq) -> bool {
        let Some(item) = self.pending.back_mut() else { return false };
        let last = &mut item.pending;
        let follows = end_seq(last) == first_seq && last.range.end == last.batch.len();
        if item.direct.is_some() || !follows || last.batch.text.len() + batch.text.len() > JOIN_BYTES_MAX {
            return false;
        }
        let Some(joined) = Arc::get_mut(&mut last.batch) else { return false };
        if joined.len() >= ROW_GROUP_RECORDS_MAX {
            return false;
        }
        for (i, record) in batch.records.iter().enumerate() {
            if let Some(attributes) = batch.attributes.get(record.attributes as usize) {
                joined.push(batch.text_of(i), attributes, record.ingest, record.source);
            }
        }
        // As it weighs where it is now: that is what is taken off again.
        self.pending_bytes += weight(joined, last.range.end..joined.len());
        last.range.end = joined.len();
        true
    }

    /// What to make row groups of: each has about `aim_bytes` of consecutive records. Records beyond `upto` are
    /// taken only where they fill a row group.
    pub(super) fn plans(&self, aim_bytes: u64, upto: Seq) -> Vec<Vec<Pending>> {
        let aim_bytes = even_share(self.pending_bytes, aim_bytes);
        let mut planner = Planner { aim_bytes, ..Planner::default() };
        for item in &self.pending {
            planner.add(&item.pending);
            if planner.done.len() >= PLANS_MAX {
                planner.done.truncate(PLANS_MAX);
                return planner.done;
            }
        }
        if planner.current.first().is_some_and(|p| p.first_seq < upto) {
            planner.cut();
        }
        planner.done
    }

    /// Forgets the records before `seq`, which are in a chunk now.
    pub(super) fn consume(&mut self, seq: Seq, now: Timestamp) {
        while let Some(item) = self.pending.front_mut() {
            let last = &mut item.pending;
            let stored = seq.saturating_sub(last.first_seq).min(last.range.len() as u64) as usize;
            let range = last.range.start..last.range.start + stored;
            self.pending_bytes = self.pending_bytes.saturating_sub(weight(&last.batch, range.clone()));
            last.first_seq += stored as u64;
            last.range.start = range.end;
            if !last.range.is_empty() {
                break;
            }
            let direct = self.pending.pop_front().and_then(|item| item.direct);
            self.answer(direct, Ok(()));
        }
        self.pending_since = if self.pending.is_empty() { None } else { Some(now) };
    }

    /// Takes back the records before `upto` that are not in the log, and says so to those who wait for them.
    pub(super) fn withdraw(&mut self, upto: Seq, error: &FlushError) {
        for item in std::mem::take(&mut self.pending) {
            if item.direct.is_some() && item.pending.first_seq < upto {
                let lost = weight(&item.pending.batch, item.pending.range.clone());
                self.pending_bytes = self.pending_bytes.saturating_sub(lost);
                self.answer(item.direct, Err(error.clone()));
            } else {
                self.pending.push_back(item);
            }
        }
    }

    /// Whether one of these records waits for a row group.
    pub(super) fn holds(&self, seqs: &Range<Seq>) -> bool {
        self.pending.iter().any(|item| item.pending.first_seq < seqs.end && seqs.start < item.end_seq())
    }

    /// Forgets these records, which came by the log: they are to be in no row group.
    pub(super) fn take_back(&mut self, seqs: &Range<Seq>) {
        for item in std::mem::take(&mut self.pending) {
            let (first_seq, end_seq) = (item.pending.first_seq, item.end_seq());
            if end_seq <= seqs.start || seqs.end <= first_seq {
                self.pending.push_back(item);
                continue;
            }
            let (batch, range) = (item.pending.batch, item.pending.range);
            let before = seqs.start.saturating_sub(first_seq) as usize;
            let after = end_seq.saturating_sub(seqs.end) as usize;
            let out = range.start + before..range.end - after;
            self.pending_bytes = self.pending_bytes.saturating_sub(weight(&batch, out.clone()));
            let parts = [(first_seq, range.start..out.start), (seqs.end, out.end..range.end)];
            for (first_seq, range) in parts.into_iter().filter(|(_, range)| !range.is_empty()) {
                let pending = Pending { first_seq, batch: batch.clone(), range };
                self.pending.push_back(Item { pending, direct: None });
            }
        }
        if self.pending.is_empty() {
            self.pending_since = None;
        }
    }

    fn answer(&mut self, direct: Option<Sender<Result<(), FlushError>>>, result: Result<(), FlushError>) {
        if let Some(sender) = direct {
            self.direct_waiting = self.direct_waiting.saturating_sub(1);
            // Who waited may have gone; that changes nothing here.
            let _ = sender.send(result);
        }
    }

    /// One past the last record that is not in the log.
    pub(super) fn direct_end(&self) -> Seq {
        self.pending.iter().rev().find(|item| item.direct.is_some()).map_or(0, Item::end_seq)
    }

    /// Puts `chunk` in the place of the one of the same id, or at the end.
    pub(super) fn publish(&mut self, chunk: Arc<Chunk>) {
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.iter_mut().rev().find(|c| c.summary.id == chunk.summary.id) {
            Some(place) => *place = chunk,
            None => chunks.push(chunk),
        }
    }
}

/// The size at which what waits makes row groups of about one size: a batch a little over the aim would else leave
/// a crumb behind each time, and crumbs compress badly.
fn even_share(waiting_bytes: u64, aim_bytes: u64) -> u64 {
    if waiting_bytes < aim_bytes {
        return aim_bytes;
    }
    let groups = (waiting_bytes.saturating_add(aim_bytes / 2) / aim_bytes.max(1)).max(1);
    (waiting_bytes / groups).max(1)
}

/// Cuts waiting records into row groups.
#[derive(Default)]
struct Planner {
    aim_bytes: u64,
    done: Vec<Vec<Pending>>,
    current: Vec<Pending>,
    bytes: u64,
    records: usize,
}

impl Planner {
    fn add(&mut self, pending: &Pending) {
        if self.current.last().is_some_and(|last| end_seq(last) != pending.first_seq) {
            self.cut();
        }
        let mut start = pending.range.start;
        while start < pending.range.end && self.done.len() < PLANS_MAX {
            let end = self.fill(&pending.batch, start..pending.range.end);
            if end > start {
                let first_seq = pending.first_seq + (start - pending.range.start) as u64;
                self.current.push(Pending { first_seq, batch: pending.batch.clone(), range: start..end });
            }
            if end < pending.range.end || self.bytes >= self.aim_bytes {
                self.cut();
            }
            start = end;
        }
    }

    /// Takes records until there are enough, and always one; returns where it stopped. The one that makes them enough
    /// may reach a little beyond: were it left to the next row group, the last one's rest would be a row group of its own.
    fn fill(&mut self, batch: &Batch, range: Range<usize>) -> usize {
        let most = self.aim_bytes.saturating_add(self.aim_bytes / 16);
        for i in range.clone() {
            let bytes = weight(batch, i..i + 1);
            let fits = self.bytes + bytes <= most && self.records < ROW_GROUP_RECORDS_MAX;
            let enough = self.bytes >= self.aim_bytes;
            if self.records > 0 && (enough || !fits) {
                return i;
            }
            self.bytes += bytes;
            self.records += 1;
        }
        range.end
    }

    fn cut(&mut self) {
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
        (self.bytes, self.records) = (0, 0);
    }
}
