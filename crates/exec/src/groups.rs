//! Groups of a `stats` stage: keys and their aggregates.

use gastrolog_query::{Aggregate, GroupKey, SortKey};
use gastrolog_types::Timestamp;

use crate::accumulate::Accumulator;
use crate::interner::Interner;
use crate::stages::compare;
use crate::{ExecError, Value};

/// Most values and groups that a `stats` stage may hold.
const HELD_MAX: usize = 8 << 20;

/// Most bytes of keys that a `stats` stage may hold.
const KEY_BYTES_MAX: usize = 512 << 20;

const TIME: u8 = 0;
const TEXT: u8 = 1;

/// The key of a group: its parts one after the other, in a form that is equal only for equal keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyBytes(Vec<u8>);

impl KeyBytes {
    /// Appends the beginning of a time bin.
    pub(crate) fn push_time(&mut self, start: i64) {
        self.0.push(TIME);
        self.0.extend_from_slice(&start.to_le_bytes());
    }

    /// Appends the value of a field; empty where it is lacking.
    pub(crate) fn push_text(&mut self, value: &[u8]) {
        self.0.push(TEXT);
        self.0.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.0.extend_from_slice(value);
    }

    /// A key that was made elsewhere.
    pub(crate) fn from_bytes(bytes: &[u8]) -> KeyBytes {
        KeyBytes(bytes.to_vec())
    }

    /// Its bytes: equal for equal keys.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends the parts of another key.
    pub(crate) fn extend(&mut self, other: &KeyBytes) {
        self.0.extend_from_slice(&other.0);
    }
}

/// The parts of a key, as values.
pub(crate) fn parts(mut key: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while let Some((&kind, rest)) = key.split_first() {
        let (value, rest) = match kind {
            TIME => {
                let Some((time, rest)) = rest.split_first_chunk() else { break };
                (Value::Time(Timestamp(i64::from_le_bytes(*time))), rest)
            }
            _ => {
                let Some((len, rest)) = rest.split_first_chunk() else { break };
                let (text, rest) = rest.split_at(rest.len().min(u32::from_le_bytes(*len) as usize));
                (Value::Text(text.to_vec()), rest)
            }
        };
        values.push(value);
        key = rest;
    }
    values
}

/// The groups gathered so far.
pub(crate) struct Groups<'q> {
    aggregates: &'q [Aggregate],
    keys: Interner,
    /// For each group, by number, one accumulator an aggregate.
    accumulators: Vec<Accumulator>,
    held: usize,
}

impl<'q> Groups<'q> {
    pub(crate) fn new(aggregates: &'q [Aggregate]) -> Groups<'q> {
        Groups { aggregates, keys: Interner::default(), accumulators: Vec::new(), held: 0 }
    }

    /// Fresh accumulators for `groups` groups, one after the other.
    pub(crate) fn fresh(&self, groups: usize) -> Vec<Accumulator> {
        let one = || self.aggregates.iter().map(|a| Accumulator::new(a.function));
        (0..groups).flat_map(|_| one()).collect()
    }

    /// The accumulators of a group.
    pub(crate) fn group(&mut self, key: &KeyBytes) -> &mut [Accumulator] {
        let width = self.aggregates.len();
        let start = self.keys.number(&key.0) as usize * width;
        if start == self.accumulators.len() {
            self.held += width;
            self.accumulators.extend(self.aggregates.iter().map(|a| Accumulator::new(a.function)));
        }
        self.accumulators.get_mut(start..start + width).unwrap_or(&mut [])
    }

    /// Adds what was gathered for a group elsewhere.
    pub(crate) fn add(&mut self, key: &KeyBytes, part: impl Iterator<Item = Accumulator>) {
        let mut grown = 0;
        for (mine, other) in self.group(key).iter_mut().zip(part) {
            let before = mine.held();
            mine.merge(other);
            grown += mine.held().saturating_sub(before);
        }
        self.held += grown;
    }

    pub(crate) fn merge(&mut self, other: Groups<'q>) {
        let width = self.aggregates.len();
        let mut parts = other.accumulators.into_iter();
        for key in other.keys.strings().iter() {
            self.add(&KeyBytes(key.to_vec()), parts.by_ref().take(width));
        }
    }

    /// Fails when too much is held.
    pub(crate) fn check(&self) -> Result<(), ExecError> {
        let key_bytes = self.keys.strings().bytes().len();
        if self.held <= HELD_MAX && key_bytes <= KEY_BYTES_MAX {
            return Ok(());
        }
        Err(ExecError::TooLarge { what: "the groups of stats", max: HELD_MAX as u64, unit: "values" })
    }

    /// The rows, ordered by key; without a `by` there is one row even of nothing.
    pub(crate) fn finish(self, by: &[GroupKey]) -> Vec<Vec<Value>> {
        let mut rows = self.rows(by);
        rows.sort_by(|a, b| by_columns(a, b, by.len()));
        rows
    }

    /// The first `n` rows by `order`, ties by key: the same as sorting all of them, without doing so.
    pub(crate) fn finish_first(self, by: &[GroupKey], order: &[SortKey], n: usize) -> Vec<Vec<Value>> {
        let names = columns(self.aggregates, by);
        let place = |key: &SortKey| names.iter().position(|name| *name == key.field);
        let order: Vec<(Option<usize>, bool)> = order.iter().map(|k| (place(k), k.descending)).collect();
        let mut rows = self.rows(by);
        let cell =
            |row: &[Value], at: Option<usize>| at.and_then(|i| row.get(i)).cloned().unwrap_or(Value::Null);
        let compare_rows = |a: &Vec<Value>, b: &Vec<Value>| {
            let by_order = order.iter().map(|&(at, down)| compare(&cell(a, at), &cell(b, at), down));
            by_order.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| by_columns(a, b, by.len()))
        };
        if n < rows.len() {
            rows.select_nth_unstable_by(n, compare_rows);
            rows.truncate(n);
        }
        rows.sort_by(compare_rows);
        rows
    }

    fn rows(mut self, by: &[GroupKey]) -> Vec<Vec<Value>> {
        if by.is_empty() && self.accumulators.is_empty() {
            self.group(&KeyBytes::default());
        }
        let width = self.aggregates.len();
        let mut accumulators = self.accumulators.into_iter();
        let keys = self.keys.strings().iter();
        keys.map(|key| {
            parts(key).into_iter().chain(accumulators.by_ref().take(width).map(Accumulator::finish)).collect()
        })
        .collect()
    }
}

/// Orders rows by their first `n` columns: times by value, texts by bytes.
fn by_columns(a: &[Value], b: &[Value], n: usize) -> std::cmp::Ordering {
    let pairs = a.iter().zip(b).take(n);
    let orders = pairs.map(|(a, b)| match (a, b) {
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    });
    orders.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}

/// The names of the columns of a `stats` stage.
pub(crate) fn columns(aggregates: &[Aggregate], by: &[GroupKey]) -> Vec<String> {
    by.iter().map(|k| k.column().to_owned()).chain(aggregates.iter().map(|a| a.alias.clone())).collect()
}

/// The beginning of the bin that a time is in.
pub(crate) fn bin_of(time: i64, bin: i64) -> i64 {
    time.div_euclid(bin.max(1)).saturating_mul(bin.max(1))
}
