//! What the stages of one query hold, counted together.

use std::cell::Cell;
use std::rc::Rc;

use crate::ExecError;

/// Most MiB that all stages of a query may hold together.
const CHAIN_MIB_MAX: u64 = 512;

/// The count of one stage, which adds to that of its chain. What is still held is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Memory {
    all: Rc<Cell<u64>>,
    own: u64,
    /// What grows: the subject of the error.
    what: &'static str,
}

impl Memory {
    /// For a stage of the chain that counts with `all`.
    pub(crate) fn new(all: &Rc<Cell<u64>>, what: &'static str) -> Memory {
        Memory { all: all.clone(), own: 0, what }
    }

    /// Counts `bytes` more.
    pub(crate) fn hold(&mut self, bytes: u64) -> Result<(), ExecError> {
        self.own += bytes;
        self.all.set(self.all.get() + bytes);
        if self.all.get() <= CHAIN_MIB_MAX << 20 {
            return Ok(());
        }
        Err(ExecError::TooLarge { what: self.what, max: CHAIN_MIB_MAX, unit: "MiB" })
    }

    /// Counts `bytes` as no longer held.
    pub(crate) fn release(&mut self, bytes: u64) {
        let bytes = bytes.min(self.own);
        self.own -= bytes;
        self.all.set(self.all.get().saturating_sub(bytes));
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.release(self.own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_share_one_bound() {
        let all = Rc::default();
        let mut a = Memory::new(&all, "the rows to sort");
        let mut b = Memory::new(&all, "the rows of tail");
        assert!(a.hold(300 << 20).is_ok() && b.hold(212 << 20).is_ok());
        assert!(b.hold(1).unwrap_err().to_string().starts_with("the rows of tail need more than 512 MiB"));
        drop(a);
        assert!(b.hold(300 << 20).is_ok());
        b.release(u64::MAX);
        assert_eq!(all.get(), 0);
    }
}
