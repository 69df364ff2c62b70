//! `head` and `tail`: keep the first or the last rows.

use std::collections::VecDeque;

use super::memory::Memory;
use super::row::Row;
use super::{Next, Step};
use crate::{Budget, ExecError};

/// Lets so many rows through, and wants no more then.
pub(crate) struct Head {
    pub(crate) left: u64,
}

impl Step for Head {
    fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        Ok(next(row)? && self.left > 0)
    }

    fn needs_fields(&self) -> bool {
        false
    }
}

/// Holds the last rows.
pub(crate) struct Tail<'q> {
    count: u64,
    rows: VecDeque<Row>,
    memory: Memory<'q>,
}

impl<'q> Tail<'q> {
    pub(crate) fn new(count: u64, budget: &'q Budget) -> Tail<'q> {
        Tail { count, rows: VecDeque::new(), memory: Memory::new(budget, "the rows of tail") }
    }
}

impl Step for Tail<'_> {
    fn push(&mut self, row: Row, _: Next<'_>) -> Result<bool, ExecError> {
        if self.count == 0 {
            return Ok(false);
        }
        if self.rows.len() as u64 >= self.count
            && let Some(oldest) = self.rows.pop_front()
        {
            self.memory.release(oldest.bytes());
        }
        self.memory.hold(row.bytes())?;
        self.rows.push_back(row);
        Ok(true)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<(), ExecError> {
        for row in std::mem::take(&mut self.rows) {
            self.memory.release(row.bytes());
            if !next(row)? {
                break;
            }
        }
        Ok(())
    }

    fn needs_fields(&self) -> bool {
        false
    }
}
