//! Sets of distinct values.

use std::collections::{BTreeSet, HashSet};

use rapidhash::fast::RandomState;

use crate::Value;

/// All distinct values of a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distinct {
    texts: HashSet<Vec<u8>, RandomState>,
}

impl Distinct {
    pub(crate) fn add(&mut self, value: &[u8]) {
        if !self.texts.contains(value) {
            self.texts.insert(value.to_vec());
        }
    }

    pub(crate) fn merge(&mut self, mut other: Distinct) {
        if self.texts.len() < other.texts.len() {
            std::mem::swap(self, &mut other);
        }
        self.texts.extend(other.texts);
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

/// The smallest distinct values of a group by bytes, at most so many.
#[derive(Clone, Debug)]
pub(crate) struct Smallest {
    most: usize,
    values: BTreeSet<Vec<u8>>,
}

impl Smallest {
    pub(crate) fn new(most: u64) -> Smallest {
        Smallest { most: usize::try_from(most).unwrap_or(usize::MAX), values: BTreeSet::new() }
    }

    pub(crate) fn add(&mut self, value: &[u8]) {
        let full = self.values.len() >= self.most;
        if full && self.values.last().is_none_or(|last| value >= last.as_slice()) {
            return;
        }
        self.values.insert(value.to_vec());
        if self.values.len() > self.most {
            self.values.pop_last();
        }
    }

    pub(crate) fn merge(&mut self, other: &Smallest) {
        other.values.iter().for_each(|value| self.add(value));
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The values with `, ` between; nothing if there are none.
    pub(crate) fn value(self) -> Value {
        if self.values.is_empty() {
            return Value::Null;
        }
        let values: Vec<Vec<u8>> = self.values.into_iter().collect();
        Value::Text(values.join(&b", "[..]))
    }
}
