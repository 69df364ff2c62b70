//! What one stage holds, counted with all that the query holds.

use crate::{Budget, ExecError};

/// Most MiB that one stage may hold, whatever the query may.
const STAGE_MIB_MAX: u64 = 512;

/// The count of one stage. What is still held is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Memory<'q> {
    budget: &'q Budget,
    held_bytes: u64,
    /// What grows: the subject of the error.
    what: &'static str,
}

impl<'q> Memory<'q> {
    /// For a stage of a query with this budget.
    pub(crate) fn new(budget: &'q Budget, what: &'static str) -> Memory<'q> {
        Memory { budget, held_bytes: 0, what }
    }

    /// Counts `bytes` more.
    pub(crate) fn hold(&mut self, bytes: u64) -> Result<(), ExecError> {
        self.held_bytes += bytes;
        self.budget.hold(bytes)?;
        if self.held_bytes <= STAGE_MIB_MAX << 20 {
            return Ok(());
        }
        Err(ExecError::TooLarge { what: self.what, max: STAGE_MIB_MAX, unit: "MiB" })
    }

    /// Counts `bytes` as no longer held.
    pub(crate) fn release(&mut self, bytes: u64) {
        let bytes = bytes.min(self.held_bytes);
        self.held_bytes -= bytes;
        self.budget.release(bytes);
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        self.release(self.held_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_bounded_by_itself_and_by_the_budget() {
        let budget = Budget::new(600 << 20, u64::MAX);
        let mut a = Memory::new(&budget, "the rows to sort");
        assert!(a.hold(512 << 20).is_ok());
        assert!(a.hold(1).unwrap_err().to_string().starts_with("the rows to sort need more than 512 MiB"));
        let mut b = Memory::new(&budget, "the rows of tail");
        assert!(matches!(b.hold(100 << 20), Err(ExecError::Limit { .. })));
        drop(a);
        assert_eq!(budget.held_bytes(), 100 << 20);
        assert!(b.hold(400 << 20).is_ok());
        b.release(u64::MAX);
        assert_eq!(budget.held_bytes(), 0);
    }
}
