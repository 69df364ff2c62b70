//! Decoded columns of row groups, kept while there is room. A row group never changes, so nothing in the cache
//! grows stale.

use std::collections::HashMap;
use std::sync::Arc;

use gastrolog_chunk::{RowGroupId, Snapshot};
use gastrolog_format::column::{Column, Texts};
use gastrolog_format::{Ids, Shapes};
use gastrolog_plan::{Aggregation, Plan, RowGroupPlan};
use parking_lot::Mutex;
use rapidhash::fast::RandomState;

use crate::answers::Answers;
use crate::filters::Filters;
use crate::pattern_words::PatternWords;
use crate::patterns::RowPatterns;
use crate::postings::Postings;

/// Which decoded part of a row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// A column.
    Column(u32),
    /// The texts of a column.
    Texts(u32),
    /// The shapes.
    Shapes,
    /// The shape of each row.
    ShapeIds,
    /// Ingest times.
    Ingest,
    /// Source times, `Timestamp::NONE` where there is none.
    Source,
    /// Source times, ingest times where there are none.
    Times,
    /// For each value of a column its row.
    RowsOf(u32),
    /// For each entry of a column's dictionary the address that it is; none if not all are addresses.
    Addresses(u32),
    /// Which patterns of a column have which words.
    PatternWords(u32),
    /// Which rows have which value of a column's dictionary.
    Postings(u32),
    /// The pattern of each row: of the message (0), or of a field by the hash of its name.
    Patterns(u64),
}

/// A decoded part.
#[derive(Clone, Debug)]
pub(crate) enum Decoded {
    Column(Arc<Column>),
    Texts(Arc<Texts>),
    Shapes(Arc<Shapes>),
    Ids(Arc<Ids>),
    Times(Arc<Vec<i64>>),
    Rows(Arc<Vec<u32>>),
    Patterns(Arc<RowPatterns>),
    PatternWords(Arc<PatternWords>),
    Postings(Arc<Postings>),
}

impl Decoded {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Decoded::Column(c) => c.memory_bytes(),
            Decoded::Texts(t) => t.memory_bytes(),
            Decoded::Shapes(s) => {
                s.shapes.iter().map(|s| s.literals.memory_bytes() + 8 * s.slots.len() + 128).sum()
            }
            Decoded::Ids(ids) => ids.memory_bytes(),
            Decoded::Times(t) => 8 * t.len(),
            Decoded::Rows(r) => 4 * r.len(),
            Decoded::Patterns(p) => p.bytes(),
            Decoded::PatternWords(w) => w.memory_bytes(),
            Decoded::Postings(p) => p.memory_bytes(),
        }
    }
}

type Key = (RowGroupId, Part);

struct Entry {
    value: Decoded,
    bytes: usize,
    /// When it was last asked for, on the cache's own clock of requests.
    used: u64,
}

/// What an entry takes beside its value: its place in a map that is half empty, an allocation, and its part of a sort
/// by age.
const ENTRY_BYTES: usize = 3 * size_of::<(Key, Entry)>();

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry, RandomState>,
    bytes: usize,
    clock: u64,
}

/// How many bytes a cache may hold; of what it may hold none of, nothing is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheBytes {
    /// Decoded columns.
    pub columns: usize,
    /// What row groups answered to questions that count.
    pub answers: usize,
    /// Filters of row groups.
    pub filters: usize,
}

/// What is kept for the next query.
pub struct Cache {
    state: Mutex<State>,
    bytes_max: usize,
    pub(crate) answers: Answers,
    pub(crate) filters: Filters,
}

impl Cache {
    /// An empty cache.
    pub fn new(most: CacheBytes) -> Cache {
        let (answers, filters) = (Answers::new(most.answers), Filters::new(most.filters));
        Cache { state: Mutex::default(), bytes_max: most.columns, answers, filters }
    }

    /// In how many of the row groups of a plan the question was answered before, so that it will not read them.
    pub fn answered(&self, plan: &Plan, snapshot: &Snapshot) -> u64 {
        let aggregation = plan.query.stages.first().and_then(Aggregation::of);
        let question = aggregation.and_then(|a| self.answers.known(&plan.query.filter, &a));
        let Some(question) = question else { return 0 };
        let is_kept = |chunk: usize, group: &RowGroupPlan| {
            let groups = snapshot.chunks.get(chunk).and_then(|c| c.row_groups().ok());
            let id = groups.and_then(|g| g.get(group.ordinal)).map(|g| g.id);
            question.is_of(group) && id.is_some_and(|id| question.has(id))
        };
        plan.reads().filter(|(chunk, group)| is_kept(chunk.index, group)).count() as u64
    }

    pub(crate) fn get(&self, group: RowGroupId, part: Part) -> Option<Decoded> {
        let mut state = self.state.lock();
        state.clock += 1;
        let now = state.clock;
        let entry = state.entries.get_mut(&(group, part))?;
        entry.used = now;
        Some(entry.value.clone())
    }

    pub(crate) fn put(&self, group: RowGroupId, part: Part, value: Decoded) {
        let bytes = value.bytes() + ENTRY_BYTES;
        if bytes > self.bytes_max / 4 {
            return;
        }
        let mut state = self.state.lock();
        state.clock += 1;
        let used = state.clock;
        if let Some(old) = state.entries.insert((group, part), Entry { value, bytes, used }) {
            state.bytes -= old.bytes;
        }
        state.bytes += bytes;
        if state.bytes > self.bytes_max {
            state.shrink(self.bytes_max / 4 * 3);
        }
    }
}

impl State {
    /// Drops every other of what was not asked for the longest, again and again until no more than `target` bytes are
    /// left. Were it all of the oldest, a query that reads more than there is room for would find nothing of it the
    /// next time, because it asks in the same order. Done seldom and for many at once, so that a sort is cheap enough.
    fn shrink(&mut self, target: usize) {
        let mut by_age: Vec<(u64, Key)> = self.entries.iter().map(|(k, e)| (e.used, *k)).collect();
        by_age.sort_unstable_by_key(|&(used, _)| used);
        while self.bytes > target && !by_age.is_empty() {
            let mut spared = Vec::with_capacity(by_age.len() / 2);
            for (i, (used, key)) in by_age.into_iter().enumerate() {
                if i % 2 == 1 || self.bytes <= target {
                    spared.push((used, key));
                } else if let Some(entry) = self.entries.remove(&key) {
                    self.bytes -= entry.bytes;
                }
            }
            by_age = spared;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_values_take_no_more_room_than_few_large_ones() {
        let cache = Cache::new(CacheBytes { columns: 1 << 20, ..CacheBytes::default() });
        let nothing = || Decoded::Times(Arc::default());
        for ordinal in 0..20_000 {
            cache.put(RowGroupId { chunk: 1, ordinal }, Part::Times, nothing());
            let state = cache.state.lock();
            assert!(state.entries.len() * size_of::<(Key, Entry)>() <= 1 << 20, "{}", state.entries.len());
            assert_eq!(state.bytes, state.entries.len() * ENTRY_BYTES);
        }
        assert!(cache.get(RowGroupId { chunk: 1, ordinal: 19_999 }, Part::Times).is_some());
    }
}
