//! Patterns with what was counted of each.

use std::collections::HashSet;

use gastrolog_types::Timestamp;

use super::samples::{Samples, Slots};
use super::trend::{Span, Trend};
use crate::Value;
use crate::groups::{KeyBytes, key_values, percent};
use crate::interner::Interner;

/// Most rows of the answer; the patterns beyond them are counted together.
const ROWS_MAX: usize = if cfg!(test) { 20 } else { 10_000 };

/// Most patterns held while counting. With more of them the rarer half is let go, and counted together.
const HELD_MAX: usize = if cfg!(test) { 40 } else { 40_000 };

/// Most bytes of their texts.
const KEY_BYTES_MAX: usize = 64 << 20;

/// What stands for all patterns that have no row of their own.
const OTHER: &str = "(other)";

/// What was counted of one pattern.
#[derive(Clone, Debug)]
struct Group {
    count: u64,
    first: i64,
    last: i64,
    trend: Trend,
    samples: Samples,
}

impl Default for Group {
    fn default() -> Group {
        let (trend, samples) = (Trend::default(), Samples::default());
        Group { count: 0, first: i64::MAX, last: i64::MIN, trend, samples }
    }
}

impl Group {
    /// Counts a record, if its time is known.
    #[inline]
    fn add(&mut self, time: i64, span: Span) {
        self.count += 1;
        if Timestamp(time).is_some() {
            self.first = self.first.min(time);
            self.last = self.last.max(time);
            self.trend.add(span.bin(time), 1);
        }
    }

    fn merge(&mut self, other: Group) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.trend.merge(&other.trend);
        self.samples.merge(other.samples);
    }
}

/// The patterns counted so far, each for each combination of the fields to split by.
#[derive(Default)]
pub(super) struct Gathered {
    keys: Interner,
    groups: Vec<Group>,
    span: Span,
    /// What became of patterns that were let go.
    other: Group,
}

/// What the rows of a table of patterns are made of beside the patterns.
pub(super) struct Wanted<'a> {
    /// How many fields they are split by.
    pub(super) by: usize,
    /// Patterns that get no row.
    pub(super) known: &'a HashSet<Vec<u8>>,
}

impl Gathered {
    /// The number of a group; `key` ends with its pattern.
    pub(super) fn number(&mut self, key: &KeyBytes) -> usize {
        let number = self.keys.number(key.bytes()) as usize;
        if number >= self.groups.len() {
            self.groups.resize_with(number + 1, Group::default);
        }
        number
    }

    /// Widens the span of time that is counted over.
    pub(super) fn cover(&mut self, min: i64, max: i64) {
        let levels = self.span.cover(min, max);
        if levels > 0 {
            self.groups.iter_mut().chain([&mut self.other]).for_each(|g| g.trend.coarsen(levels));
        }
    }

    /// Counts a row whose time is in the span; whether it became a sample whose values have to be filled in.
    #[inline]
    pub(super) fn add_row(&mut self, number: usize, time: i64, lot: u64, row: u32) -> bool {
        let span = self.span;
        let Some(group) = self.groups.get_mut(number) else { return false };
        group.add(time, span);
        group.samples.offer_row(lot, row)
    }

    /// The samples of a group.
    pub(super) fn samples(&mut self, number: usize) -> Option<&mut Samples> {
        self.groups.get_mut(number).map(|g| &mut g.samples)
    }

    /// Counts one record.
    pub(super) fn add_record(&mut self, key: &KeyBytes, time: i64, lot: u64, slots: impl FnOnce() -> Slots) {
        if Timestamp(time).is_some() {
            self.cover(time, time);
        }
        let (number, span) = (self.number(key), self.span);
        if let Some(group) = self.groups.get_mut(number) {
            group.add(time, span);
            group.samples.offer_slots(lot, slots);
        }
    }

    /// Adds what was gathered elsewhere.
    pub(super) fn merge(&mut self, mut other: Gathered) {
        if other.span != Span::default() {
            self.cover(other.span.min, other.span.max);
            other.cover(self.span.min, self.span.max);
        }
        let Gathered { keys, groups, other: rest, .. } = other;
        for (key, group) in keys.strings().iter().zip(groups) {
            let number = self.number(&KeyBytes::from_bytes(key));
            self.groups.get_mut(number).into_iter().for_each(|g| g.merge(group.clone()));
        }
        self.other.merge(rest);
        self.shrink();
    }

    /// About what it holds.
    pub(super) fn bytes(&self) -> u64 {
        let groups: usize =
            self.groups.iter().map(|g| size_of::<Group>() + 24 + g.trend.bytes() + g.samples.bytes()).sum();
        (groups + self.keys.strings().bytes().len()) as u64
    }

    /// Lets the rarer half go when there are too many.
    pub(super) fn shrink(&mut self) {
        if self.groups.len() <= HELD_MAX && self.keys.strings().bytes().len() <= KEY_BYTES_MAX {
            return;
        }
        let keys = std::mem::take(&mut self.keys);
        let groups = std::mem::take(&mut self.groups);
        let mut all: Vec<(&[u8], Group)> = keys.strings().iter().zip(groups).collect();
        all.sort_by(|(a_key, a), (b_key, b)| b.count.cmp(&a.count).then_with(|| a_key.cmp(b_key)));
        let kept = all.len() / 2;
        for (i, (key, group)) in all.into_iter().enumerate() {
            if i < kept {
                let number = self.number(&KeyBytes::from_bytes(key));
                self.groups.get_mut(number).into_iter().for_each(|g| *g = group.clone());
            } else {
                self.other.merge(group);
            }
        }
    }

    /// The rows, most frequent first.
    pub(super) fn finish(mut self, wanted: &Wanted<'_>) -> Vec<Vec<Value>> {
        let counted = self.groups.iter().map(|g| g.count).sum::<u64>() + self.other.count;
        let keys = std::mem::take(&mut self.keys);
        let groups = std::mem::take(&mut self.groups);
        let split = |key: &[u8]| {
            let mut by = key_values(key);
            let pattern =
                by.pop().map_or(Vec::new(), |v| if let Value::Text(t) = v { t } else { Vec::new() });
            (pattern, by)
        };
        let mut rows: Vec<(Vec<u8>, Vec<Value>, Group)> = keys
            .strings()
            .iter()
            .zip(groups)
            .map(|(key, group)| (split(key), group))
            .filter(|((pattern, _), group)| group.count > 0 && !wanted.known.contains(pattern))
            .map(|((pattern, by), group)| (pattern, by, group))
            .collect();
        rows.sort_by(|(a, a_by, a_group), (b, b_by, b_group)| {
            let by_count = b_group.count.cmp(&a_group.count);
            by_count.then_with(|| a.cmp(b)).then_with(|| texts(a_by).cmp(texts(b_by)))
        });
        for (_, _, group) in rows.drain(rows.len().min(ROWS_MAX)..) {
            self.other.merge(group);
        }
        let mut table: Vec<Vec<Value>> =
            rows.into_iter().map(|(pattern, by, group)| self.row(by, pattern, &group, counted)).collect();
        if self.other.count > 0 {
            let other = Group { samples: Samples::default(), ..self.other.clone() };
            table.push(self.row(vec![Value::Null; wanted.by], OTHER.into(), &other, counted));
        }
        table
    }

    fn row(&self, mut row: Vec<Value>, pattern: Vec<u8>, group: &Group, counted: u64) -> Vec<Value> {
        let timed = group.first <= group.last;
        let time = |t: i64| if timed { Value::Time(Timestamp(t)) } else { Value::Null };
        let text = |t: String| Value::Text(t.into_bytes());
        row.extend([
            Value::Text(pattern),
            Value::Int(integer(group.count)),
            Value::Float(percent(integer(group.count), integer(counted))),
            time(group.first),
            time(group.last),
            text(group.samples.json()),
            if timed { text(group.trend.bars(self.span)) } else { Value::Null },
        ]);
        row
    }
}

fn integer(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn texts(values: &[Value]) -> impl Iterator<Item = &[u8]> {
    values.iter().map(|v| if let Value::Text(t) = v { t.as_slice() } else { &[] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pattern: &str) -> KeyBytes {
        let mut key = KeyBytes::default();
        key.push_text(pattern.as_bytes());
        key
    }

    #[test]
    fn rare_patterns_are_counted_together_and_none_is_lost() {
        let (mut gathered, mut more) = (Gathered::default(), Gathered::default());
        for i in 0..500u64 {
            let target = if i % 3 == 0 { &mut gathered } else { &mut more };
            target.add_record(&key(&format!("rare {i}")), i as i64, i, Box::default);
            target.add_record(&key("often"), i as i64, i, Box::default);
            target.shrink();
            assert!(target.groups.len() <= HELD_MAX);
        }
        gathered.merge(more);
        let rows = gathered.finish(&Wanted { by: 0, known: &HashSet::from([b"rare".to_vec()]) });
        assert_eq!(rows.len(), ROWS_MAX + 1);
        assert_eq!(rows[0][..3], [Value::Text(b"often".to_vec()), Value::Int(500), Value::Float(50.0)]);
        let last = rows.last().unwrap();
        assert_eq!(last[0], Value::Text(b"(other)".to_vec()));
        let count = |row: &Vec<Value>| if let Value::Int(n) = row[1] { n } else { 0 };
        assert_eq!(rows.iter().map(count).sum::<i64>(), 1000);
    }
}
