//! `sort`: orders rows.

use gastrolog_query::SortKey;

use super::memory::Memory;
use super::order::compare_keys;
use super::row::{Columns, Place, Row};
use super::{Next, Step};
use crate::{Budget, ExecError, Value, value_bytes};

/// Rows that are gathered at least before those that cannot be among the first ones are dropped.
const ROWS_BEFORE_CUT_MIN: usize = 1024;

/// Sorts when all rows are there. Rows with equal keys keep their order.
pub(crate) struct Sort<'q> {
    keys: &'q [SortKey],
    places: Vec<Place>,
    /// Only so many of the first rows are wanted.
    first: Option<usize>,
    rows: Vec<(Vec<Value>, Row)>,
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
        let first = first.and_then(|n| usize::try_from(n).ok());
        Sort { keys, places, first, rows: Vec::new(), memory: Memory::new(budget, "the rows to sort") }
    }

    fn order(&mut self) {
        self.rows.sort_by(|(a, _), (b, _)| compare_keys(a, b, self.keys));
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
        if let Some(first) = self.first
            && self.rows.len() >= first.saturating_mul(2).max(ROWS_BEFORE_CUT_MIN)
        {
            self.cut(first);
        }
        Ok(true)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<(), ExecError> {
        self.order();
        for (key, row) in std::mem::take(&mut self.rows) {
            self.memory.release(bytes(&key, &row));
            if !next(row)? {
                break;
            }
        }
        Ok(())
    }
}
