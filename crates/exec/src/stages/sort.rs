//! `sort`: orders rows.
//!
//! Rows are sorted in runs as they come, and the runs are merged at the end: no step of it is long, so that a query can be
//! stopped in between.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use gastrolog_query::SortKey;

use super::memory::Memory;
use super::order::compare_keys;
use super::row::{Columns, Place, Row};
use super::{Next, Step};
use crate::later::drop_later;
use crate::{Budget, ExecError, Value, value_bytes};

/// Rows that are gathered at least before those that cannot be among the first ones are dropped.
const ROWS_BEFORE_CUT_MIN: usize = 1024;

/// More first rows than these are not kept apart: all rows are sorted.
const FIRST_MAX: usize = 1 << 16;

/// Rows of a run.
const RUN_ROWS: usize = 1 << 13;

type Keyed = (Vec<Value>, Row);

/// Sorts when all rows are there. Rows with equal keys keep their order.
pub(crate) struct Sort<'q> {
    keys: &'q [SortKey],
    places: Vec<Place>,
    /// Only so many of the first rows are wanted.
    first: Option<usize>,
    /// Those that are in no run yet.
    rows: Vec<Keyed>,
    /// Sorted runs, in the order in which they came.
    runs: Vec<Vec<Keyed>>,
    memory: Memory<'q>,
}

impl<'q> Sort<'q> {
    pub(crate) fn new(
        keys: &'q [SortKey],
        input: Columns<'_>,
        first: Option<u64>,
        budget: &'q Budget,
    ) -> Sort<'q> {
        let places = keys.iter().map(|k| Place::new(&k.field, input)).collect();
        let first = first.and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= FIRST_MAX);
        let memory = Memory::new(budget, "the rows to sort");
        Sort { keys, places, first, rows: Vec::new(), runs: Vec::new(), memory }
    }

    fn order(&mut self) {
        self.rows.sort_by(|(a, _), (b, _)| compare_keys(a, b, self.keys));
    }

    /// Makes a run of the rows that are in none.
    fn end_run(&mut self) {
        self.order();
        self.runs.push(std::mem::take(&mut self.rows));
    }

    /// Drops what is not among the first rows.
    fn cut(&mut self, first: usize) {
        self.order();
        for (key, row) in self.rows.drain(first.min(self.rows.len())..) {
            self.memory.release(bytes(&key, &row));
        }
    }
}

fn bytes(key: &[Value], row: &Row) -> u64 {
    key.iter().map(value_bytes).sum::<u64>() + row.bytes()
}

impl Step for Sort<'_> {
    fn push(&mut self, row: Row, _: Next<'_>) -> Result<bool, ExecError> {
        let key: Vec<Value> = self.places.iter().map(|p| p.get(&row)).collect();
        self.memory.hold(bytes(&key, &row))?;
        self.rows.push((key, row));
        match self.first {
            Some(first) if self.rows.len() >= first.saturating_mul(2).max(ROWS_BEFORE_CUT_MIN) => {
                self.cut(first);
            }
            None if self.rows.len() >= RUN_ROWS => self.end_run(),
            _ => {}
        }
        Ok(true)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<(), ExecError> {
        self.end_run();
        let mut runs: Vec<std::vec::IntoIter<Keyed>> =
            std::mem::take(&mut self.runs).into_iter().map(Vec::into_iter).collect();
        let keys = self.keys;
        let head = |run: usize, keyed: Keyed| Head { keyed, run, keys };
        let mut heads: BinaryHeap<Head<'_>> =
            runs.iter_mut().enumerate().filter_map(|(run, rows)| Some(head(run, rows.next()?))).collect();
        let mut done = Ok(true);
        while let (Ok(true), Some(Head { keyed: (key, row), run, .. })) = (&done, heads.pop()) {
            self.memory.release(bytes(&key, &row));
            heads.extend(runs.get_mut(run).and_then(Iterator::next).map(|keyed| head(run, keyed)));
            done = next(row);
        }
        if runs.len() > 1 {
            drop_later(runs);
        }
        done.map(|_| ())
    }
}

impl Drop for Sort<'_> {
    /// A query that was stopped leaves its rows.
    fn drop(&mut self) {
        if self.runs.len() > 1 {
            drop_later((std::mem::take(&mut self.rows), std::mem::take(&mut self.runs)));
        }
    }
}

/// The next row of a run. The largest is that which comes first.
struct Head<'q> {
    keyed: Keyed,
    run: usize,
    keys: &'q [SortKey],
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = compare_keys(&self.keyed.0, &other.keyed.0, self.keys);
        order.then_with(|| self.run.cmp(&other.run)).reverse()
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_> {}

#[cfg(test)]
mod tests {
    use gastrolog_types::Timestamp;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn runs_are_merged_as_a_stable_sort_would(
            n in RUN_ROWS - 2..RUN_ROWS * 2 + 3,
            seed in any::<u64>(),
            descending in any::<bool>(),
        ) {
            let keys = [SortKey { field: "a".to_owned(), descending }];
            let columns = ["a".to_owned(), "place".to_owned()];
            let budget = Budget::default();
            let mut sort = Sort::new(&keys, Some(&columns), None, &budget);
            let value = |i: usize| (i as u64 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
            for i in 0..n {
                let place = Value::Time(Timestamp(i as i64));
                let row = Row::Table(vec![Value::Int(value(i) as i64), place]);
                sort.push(row, &mut |_| Ok(true)).unwrap();
            }
            let mut wanted: Vec<usize> = (0..n).collect();
            wanted.sort_by_key(|&i| if descending { -(value(i) as i64) } else { value(i) as i64 });
            let mut got = Vec::new();
            sort.finish(&mut |row| {
                if let Row::Table(values) = row && let Some(Value::Time(t)) = values.last() {
                    got.push(t.0 as usize);
                }
                Ok(true)
            }).unwrap();
            prop_assert_eq!(got, wanted);
            prop_assert_eq!(budget.held_bytes(), 0);
        }
    }
}
