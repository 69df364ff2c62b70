//! Groups of a `stats` stage: keys and their aggregates.

use std::collections::HashMap;

use rapidhash::fast::RandomState;

use gastrolog_query::{Aggregate, GroupKey};
use gastrolog_types::Timestamp;

use crate::accumulate::Accumulator;
use crate::{ExecError, Value};

/// Most values and groups that a `stats` stage may hold.
const HELD_MAX: usize = 8 << 20;

/// One part of a group's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum KeyPart {
    /// The beginning of a time bin.
    Time(i64),
    /// The value of a field; empty where it is lacking.
    Text(Vec<u8>),
}

/// The groups gathered so far.
pub(crate) struct Groups<'q> {
    aggregates: &'q [Aggregate],
    groups: HashMap<Vec<KeyPart>, Vec<Accumulator>, RandomState>,
    held: usize,
}

impl<'q> Groups<'q> {
    pub(crate) fn new(aggregates: &'q [Aggregate]) -> Groups<'q> {
        Groups { aggregates, groups: HashMap::default(), held: 0 }
    }

    /// Fresh accumulators for a group.
    pub(crate) fn fresh(&self) -> Vec<Accumulator> {
        self.aggregates.iter().map(|a| Accumulator::new(a.function)).collect()
    }

    /// The accumulators of a group.
    pub(crate) fn group(&mut self, key: &[KeyPart]) -> &mut Vec<Accumulator> {
        if !self.groups.contains_key(key) {
            self.held += 1;
        }
        let aggregates = self.aggregates;
        self.groups
            .entry(key.to_vec())
            .or_insert_with(|| aggregates.iter().map(|a| Accumulator::new(a.function)).collect())
    }

    /// Adds what was gathered for a group elsewhere.
    pub(crate) fn add(&mut self, key: Vec<KeyPart>, part: Vec<Accumulator>) {
        let held = |part: &[Accumulator]| part.iter().map(Accumulator::held).sum::<usize>();
        match self.groups.entry(key) {
            std::collections::hash_map::Entry::Vacant(place) => {
                self.held += held(&part);
                place.insert(part);
            }
            std::collections::hash_map::Entry::Occupied(mut place) => {
                let before = held(place.get());
                place.get_mut().iter_mut().zip(part).for_each(|(a, b)| a.merge(b));
                self.held += held(place.get()) - before;
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Groups<'q>) {
        for (key, part) in other.groups {
            self.add(key, part);
        }
    }

    /// Counts anew what is held, and fails when it is too much.
    pub(crate) fn check(&mut self) -> Result<(), ExecError> {
        if self.held <= HELD_MAX {
            return Ok(());
        }
        self.held = self.groups.values().flatten().map(Accumulator::held).sum();
        if self.held <= HELD_MAX {
            return Ok(());
        }
        Err(ExecError::TooLarge { what: "the groups of stats", max: HELD_MAX as u64, unit: "values" })
    }

    /// The rows, ordered by key; without a `by` there is one row even of nothing.
    pub(crate) fn finish(mut self, by: &[GroupKey]) -> Vec<Vec<Value>> {
        if by.is_empty() && self.groups.is_empty() {
            let fresh = self.fresh();
            self.groups.insert(Vec::new(), fresh);
        }
        let mut groups: Vec<(Vec<KeyPart>, Vec<Accumulator>)> = self.groups.into_iter().collect();
        groups.sort_by(|a, b| a.0.cmp(&b.0));
        let row = |(key, accumulators): (Vec<KeyPart>, Vec<Accumulator>)| {
            key.into_iter()
                .map(KeyPart::value)
                .chain(accumulators.into_iter().map(Accumulator::finish))
                .collect()
        };
        groups.into_iter().map(row).collect()
    }
}

impl KeyPart {
    fn value(self) -> Value {
        match self {
            KeyPart::Time(t) => Value::Time(Timestamp(t)),
            KeyPart::Text(text) => Value::Text(text),
        }
    }
}

/// The names of the columns of a `stats` stage.
pub(crate) fn columns(aggregates: &[Aggregate], by: &[GroupKey]) -> Vec<String> {
    by.iter().map(|k| k.column().to_owned()).chain(aggregates.iter().map(|a| a.alias.clone())).collect()
}

/// The beginning of the bin that a time is in.
pub(crate) fn bin_of(time: i64, bin: i64) -> i64 {
    time.div_euclid(bin.max(1)).saturating_mul(bin.max(1))
}
