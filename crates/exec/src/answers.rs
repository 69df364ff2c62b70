//! What questions that count have found in row groups, kept while there is room. A row group never changes: a question
//! that is asked again (a dashboard does so every few seconds) reads only what came since, however much there is.
//!
//! **Invariant:** what is kept was found in a row group that lies wholly inside of the time asked for, so that the time
//! is no part of the question.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gastrolog_chunk::RowGroupId;
use gastrolog_plan::{Aggregation, RowGroupPlan};
use gastrolog_query::{Filter, Function};
use parking_lot::Mutex;

use crate::accumulate::Accumulator;
use crate::groups::{Groups, KeyBytes};

/// A question with a longer text is not kept.
const TEXT_BYTES_MAX: usize = 4096;
/// Most questions at a time.
const QUESTIONS_MAX: usize = 1024;
/// More groups than this are not kept of a row group.
const GROUPS_MAX: usize = 64;
/// More bytes than this are not kept of a row group.
const FOUND_BYTES_MAX: usize = 16 << 10;
/// About what is taken beside the groups and the text.
const OVERHEAD_BYTES: usize = 160;

/// The questions asked last, with what they found.
pub(crate) struct Answers {
    asked: Mutex<Asked>,
    /// Of all questions, those that are just being forgotten included.
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

#[derive(Default)]
struct Asked {
    questions: HashMap<String, (u64, Arc<Question>)>,
    /// Counts the requests.
    clock: u64,
}

/// A question, and what it found in each row group that was read for it.
pub(crate) struct Question {
    found: Mutex<HashMap<RowGroupId, Found>>,
    /// Whether what it finds is small enough.
    is_small: AtomicBool,
    own_bytes: AtomicUsize,
    all_bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

struct Found {
    matched: u64,
    groups: Vec<(KeyBytes, Vec<Accumulator>)>,
}

impl Answers {
    pub(crate) fn new(bytes_max: usize) -> Answers {
        Answers { asked: Mutex::default(), bytes: Arc::default(), bytes_max }
    }

    /// The question what `aggregation` is of the records that match, if its answers may be kept.
    pub(crate) fn question(&self, filter: &Filter, aggregation: &Aggregation) -> Option<Arc<Question>> {
        let text = text_of(filter, aggregation)?;
        let mut asked = self.asked.lock();
        asked.clock += 1;
        let now = asked.clock;
        if !asked.questions.contains_key(&text) {
            let question = Arc::new(Question {
                found: Mutex::default(),
                is_small: AtomicBool::new(true),
                own_bytes: AtomicUsize::new(0),
                all_bytes: self.bytes.clone(),
                bytes_max: self.bytes_max,
            });
            question.count(text.len() + OVERHEAD_BYTES);
            asked.questions.insert(text.clone(), (now, question));
        }
        asked.questions.get_mut(&text)?.0 = now;
        // Even what is being asked is forgotten when it takes nearly all the room: part of it are row groups that are gone.
        self.make_room(&mut asked);
        asked.questions.get(&text).map(|(_, question)| question.clone())
    }

    /// The question, if it was asked before.
    pub(crate) fn known(&self, filter: &Filter, aggregation: &Aggregation) -> Option<Arc<Question>> {
        let text = text_of(filter, aggregation)?;
        self.asked.lock().questions.get(&text).map(|(_, question)| question.clone())
    }

    /// Forgets the questions that were not asked for the longest until a quarter of the room is free.
    fn make_room(&self, asked: &mut Asked) {
        while asked.questions.len() > QUESTIONS_MAX
            || self.bytes.load(Ordering::Relaxed) > self.bytes_max / 4 * 3
        {
            let oldest = asked.questions.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(text, _)| text.clone()) else { break };
            // One that is being asked frees its bytes when that has ended.
            asked.questions.remove(&oldest);
        }
    }
}

/// What tells a question from all others; nothing where each row group may find much.
fn text_of(filter: &Filter, aggregation: &Aggregation) -> Option<String> {
    use Function::{Avg, Count, Max, Min, Rate, Sum};
    let is_small = |f: Function| matches!(f, Count | Min | Max | Sum | Avg | Rate(_));
    if !aggregation.aggregates.iter().all(|a| is_small(a.function)) {
        return None;
    }
    let Aggregation { keys, required, aggregates, finish: _ } = aggregation;
    let mut text = Short(String::new());
    write!(text, "{filter} | {keys:?} {required}").ok()?;
    aggregates.iter().try_for_each(|a| write!(text, " {:?} {:?}", a.function, a.field)).ok()?;
    Some(text.0)
}

/// A text that does not become too long.
struct Short(String);

impl Write for Short {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        if self.0.len() + part.len() > TEXT_BYTES_MAX {
            return Err(std::fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

impl Question {
    /// Whether what it finds in a row group may be kept.
    pub(crate) fn is_of(&self, group: &RowGroupPlan) -> bool {
        group.time_inside && self.is_small.load(Ordering::Relaxed)
    }

    /// Whether it was asked of a row group before.
    pub(crate) fn has(&self, id: RowGroupId) -> bool {
        self.found.lock().contains_key(&id)
    }

    /// Adds what was found in a row group before; says how many rows matched.
    pub(crate) fn add_found(&self, id: RowGroupId, groups: &mut Groups) -> Option<u64> {
        let found = self.found.lock();
        let known = found.get(&id)?;
        for (key, accumulators) in &known.groups {
            groups.add(key, accumulators.iter().cloned());
        }
        Some(known.matched)
    }

    /// Keeps what was found in a row group, if that is little and there is room.
    pub(crate) fn keep(&self, id: RowGroupId, matched: u64, groups: &Groups) {
        let bytes = OVERHEAD_BYTES + size_of::<Found>() + groups.bytes() as usize;
        if groups.len() > GROUPS_MAX || bytes > FOUND_BYTES_MAX {
            self.is_small.store(false, Ordering::Relaxed);
            return;
        }
        if self.all_bytes.load(Ordering::Relaxed) + bytes > self.bytes_max {
            return;
        }
        if self.found.lock().insert(id, Found { matched, groups: groups.copied() }).is_none() {
            self.count(bytes);
        }
    }

    fn count(&self, bytes: usize) {
        self.own_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.all_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.all_bytes.fetch_sub(self.own_bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}
