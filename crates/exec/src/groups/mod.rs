//! Groups of the stages that count (`stats`, `timechart`, `top`, `rare`): keys and their aggregates.

mod finish;
mod key;

use std::sync::Arc;

use gastrolog_plan::Aggregation;
use gastrolog_query::GroupKey;

use crate::accumulate::{Accumulator, At};
use crate::interner::Interner;
use crate::{Budget, ExecError};

pub(crate) use finish::percent;
pub(crate) use key::{KeyBytes, bin_of, key_values};

/// Most values and groups that a stage may hold.
const HELD_MAX: usize = 8 << 20;

/// Most bytes of keys that a stage may hold.
const KEY_BYTES_MAX: usize = 512 << 20;

/// The values of a row: calls the second argument with each value of the field that the first one names, until it
/// returns `true`.
pub(crate) type RowValues<'a> = &'a dyn Fn(&str, &mut dyn FnMut(&[u8]) -> bool);

/// The groups gathered so far.
pub(crate) struct Groups {
    aggregation: Arc<Aggregation>,
    keys: Interner,
    /// For each group, by number, one accumulator an aggregate.
    accumulators: Vec<Accumulator>,
    held: Held,
    /// Bytes that were counted by a budget.
    counted_bytes: u64,
    /// Of how many records shares are told, if not of those in the groups.
    total: Option<u64>,
}

/// About what a key takes beside its bytes: its place, and its number in a table that is half full.
const KEY_BYTES: usize = 28;

/// What accumulators hold.
#[derive(Clone, Copy, Default)]
struct Held {
    values: usize,
    bytes: usize,
}

impl Held {
    fn of<'a>(accumulators: impl IntoIterator<Item = &'a Accumulator>) -> Held {
        accumulators.into_iter().fold(Held::default(), |sum, a| Held {
            values: sum.values + a.held(),
            bytes: sum.bytes + a.bytes(),
        })
    }

    /// With `after` in the place of `before`, which is part of it.
    fn changed(self, before: Held, after: Held) -> Held {
        Held {
            values: (self.values + after.values).saturating_sub(before.values),
            bytes: (self.bytes + after.bytes).saturating_sub(before.bytes),
        }
    }
}

impl Groups {
    pub(crate) fn new(aggregation: Arc<Aggregation>) -> Groups {
        Groups {
            aggregation,
            keys: Interner::default(),
            accumulators: Vec::new(),
            held: Held::default(),
            counted_bytes: 0,
            total: None,
        }
    }

    /// Fresh accumulators for `groups` groups, one after the other.
    pub(crate) fn fresh(&self, groups: usize) -> Vec<Accumulator> {
        let one = || self.aggregation.aggregates.iter().map(Accumulator::new);
        (0..groups).flat_map(|_| one()).collect()
    }

    /// The accumulators of a group.
    fn group(&mut self, key: &KeyBytes) -> &mut [Accumulator] {
        let width = self.aggregation.aggregates.len();
        let start = self.keys.number(&key.0) as usize * width;
        if start == self.accumulators.len() {
            self.accumulators.extend(self.aggregation.aggregates.iter().map(Accumulator::new));
            let mut fresh = Held::of(self.accumulators.iter().skip(start));
            fresh.values = fresh.values.max(width);
            self.held = self.held.changed(Held::default(), fresh);
        }
        self.accumulators.get_mut(start..start + width).unwrap_or(&mut [])
    }

    /// Adds `n` records of which nothing but their group matters.
    pub(crate) fn add_records(&mut self, key: &KeyBytes, n: u64) {
        self.group(key).iter_mut().for_each(|accumulator| accumulator.add_records(n));
    }

    /// Lends the accumulators of a group, to be put back.
    pub(crate) fn take(&mut self, key: &KeyBytes) -> Vec<Accumulator> {
        let lent = self.group(key).iter_mut();
        let lent: Vec<Accumulator> = lent.map(|a| std::mem::replace(a, Accumulator::Count(0))).collect();
        self.held = self.held.changed(Held::of(&lent), Held::default());
        lent
    }

    /// Puts back what was lent.
    pub(crate) fn put_back(&mut self, key: &KeyBytes, accumulators: Vec<Accumulator>) {
        let held = Held::of(&accumulators);
        self.group(key).iter_mut().zip(accumulators).for_each(|(mine, other)| *mine = other);
        self.held = self.held.changed(Held::default(), held);
    }

    /// Adds what was gathered for a group elsewhere.
    pub(crate) fn add(&mut self, key: &KeyBytes, part: impl Iterator<Item = Accumulator>) {
        let (mut before, mut after) = (Held::default(), Held::default());
        for (mine, other) in self.group(key).iter_mut().zip(part) {
            before = before.changed(Held::default(), Held::of([&*mine]));
            mine.merge(other);
            after = after.changed(Held::default(), Held::of([&*mine]));
        }
        self.held = self.held.changed(before, after);
    }

    /// Adds a row, or `weight` rows that are alike in all that is looked at, to its group.
    pub(crate) fn add_row(&mut self, values: RowValues<'_>, weight: u64, at: At) {
        let aggregation = self.aggregation.clone();
        let key = key_of(&aggregation, values, at.0);
        let (mut before, mut after) = (Held::default(), Held::default());
        for (accumulator, aggregate) in self.group(&key).iter_mut().zip(&aggregation.aggregates) {
            before = before.changed(Held::default(), Held::of([&*accumulator]));
            match &aggregate.field {
                None => accumulator.add_records(weight),
                Some(field) => values(field, &mut |value| {
                    accumulator.add(value, weight, at);
                    false
                }),
            }
            after = after.changed(Held::default(), Held::of([&*accumulator]));
        }
        self.held = self.held.changed(before, after);
    }

    /// Adds all groups of another part. When `stop` says so it ends early, and what it added is worth nothing.
    pub(crate) fn merge(&mut self, other: Groups, stop: &dyn Fn() -> bool) {
        let width = self.aggregation.aggregates.len();
        let mut parts = other.accumulators.into_iter();
        for (i, key) in other.keys.strings().iter().enumerate() {
            if i % 4096 == 4095 && stop() {
                break;
            }
            self.add(&KeyBytes(key.to_vec()), parts.by_ref().take(width));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.strings().len()
    }

    /// Copies of all, each with its key.
    pub(crate) fn copied(&self) -> Vec<(KeyBytes, Vec<Accumulator>)> {
        let width = self.aggregation.aggregates.len();
        let keys = self.keys.strings().iter().map(KeyBytes::from_bytes);
        let accumulators = |n: usize| self.accumulators.iter().skip(n * width).take(width).cloned().collect();
        keys.enumerate().map(|(n, key)| (key, accumulators(n))).collect()
    }

    /// Calls `visit` with the text of each key that is one, and the count that is the aggregate at `place`.
    pub(crate) fn counts_of_texts(&self, place: usize, visit: &mut dyn FnMut(&[u8], u64)) {
        for (key, count) in self.keys.strings().iter().zip(self.counts(place)) {
            if let Some((key::Part::Text(text), _)) = key::split_first(key) {
                visit(text, count);
            }
        }
    }

    /// The `n`-th largest of the counts that are the aggregate at `place`; 0 if there are not so many.
    pub(crate) fn nth_count(&self, place: usize, n: usize) -> u64 {
        let mut counts: Vec<u64> = self.counts(place).collect();
        match counts.len().checked_sub(n) {
            Some(at) if at < counts.len() => *counts.select_nth_unstable(at).1,
            _ => 0,
        }
    }

    fn counts(&self, place: usize) -> impl Iterator<Item = u64> + '_ {
        let of_place = self.accumulators.iter().skip(place).step_by(self.aggregation.aggregates.len().max(1));
        of_place.map(|a| if let Accumulator::Count(n) = a { *n } else { 0 })
    }

    /// Shares are of so many records, more than those in the groups.
    pub(crate) fn set_total(&mut self, total: u64) {
        self.total = Some(total);
    }

    /// About what the groups take in memory.
    pub(crate) fn bytes(&self) -> u64 {
        let keys = self.keys.strings();
        (self.held.bytes + keys.bytes().len() + KEY_BYTES * keys.len()) as u64
    }

    /// Counts what was added since the last time as held.
    pub(crate) fn hold(&mut self, budget: &Budget) -> Result<(), ExecError> {
        let more = self.bytes().saturating_sub(self.counted_bytes);
        self.counted_bytes += more;
        budget.hold(more)
    }

    /// What a budget has counted.
    pub(crate) fn counted_bytes(&self) -> u64 {
        self.counted_bytes
    }

    /// Fails when too much is held.
    pub(crate) fn check(&self) -> Result<(), ExecError> {
        let key_bytes = self.keys.strings().bytes().len();
        if self.held.values <= HELD_MAX && key_bytes <= KEY_BYTES_MAX {
            return Ok(());
        }
        Err(ExecError::TooLarge { what: "the groups of stats", max: HELD_MAX as u64, unit: "values" })
    }
}

/// The key of the group that a row belongs to.
fn key_of(aggregation: &Aggregation, values: RowValues<'_>, time: i64) -> KeyBytes {
    let mut key = KeyBytes::default();
    let optional = aggregation.keys.len() - aggregation.required;
    for (i, part) in aggregation.keys.iter().enumerate() {
        let mut found = false;
        let name = part.column();
        match part {
            GroupKey::TimeBin(bin) => key.push_time(bin_of(time, *bin)),
            GroupKey::Field(_) => {
                values(name, &mut |value| {
                    key.push_text(value);
                    found = true;
                    true
                });
                match found {
                    true => {}
                    false if i < optional => key.push_text(&[]),
                    false => key.push_lacking(),
                }
            }
            GroupKey::NumberBin { width, .. } => {
                values(name, &mut |value| {
                    key.push_bin(value, *width);
                    found = true;
                    true
                });
                if !found {
                    key.push_text(&[]);
                }
            }
        }
    }
    key
}
