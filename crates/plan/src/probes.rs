//! Facts of a row group that remember what the filter said, so that it is asked once for each word.

use std::cell::RefCell;

use gastrolog_format::row_group::Header;

use crate::RowGroupFacts;

/// Remembers the answers of a filter while one row group is judged.
pub(crate) struct Remembered<'a> {
    facts: &'a dyn RowGroupFacts,
    known: RefCell<Vec<(u64, bool)>>,
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(facts: &'a dyn RowGroupFacts) -> Remembered<'a> {
        Remembered { facts, known: RefCell::default() }
    }
}

impl RowGroupFacts for Remembered<'_> {
    fn header(&self) -> Result<&Header, String> {
        self.facts.header()
    }

    fn may_contain(&self, hash: u64) -> Result<bool, String> {
        // A handful of words: a list is searched faster than a map is made.
        if let Some(&(_, said)) = self.known.borrow().iter().find(|(h, _)| *h == hash) {
            return Ok(said);
        }
        let said = self.facts.may_contain(hash)?;
        self.known.borrow_mut().push((hash, said));
        Ok(said)
    }
}
