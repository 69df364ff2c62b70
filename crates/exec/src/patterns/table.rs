//! Patterns of records that are in no store: of the lines of a file.

use std::collections::HashSet;

use gastrolog_index::{PatternFinder, Pipeline};
use gastrolog_types::{Attributes, Timestamp};

use super::gather::{Gathered, Wanted};
use super::rows::{Counted, When, add};
use super::{Wish, columns};
use crate::Value;

/// Counts patterns as `| patterns` does, of records that are given one by one. What it holds is bounded.
pub struct PatternTable {
    gathered: Gathered,
    finder: PatternFinder,
    of: Option<String>,
    by: Vec<String>,
}

impl PatternTable {
    /// An empty table of the patterns of a field (`None`: of the message) split by other fields.
    pub fn new(of: Option<String>, by: Vec<String>) -> PatternTable {
        PatternTable { gathered: Gathered::default(), finder: PatternFinder::default(), of, by }
    }

    /// Counts a record. `seq` is its place among all. Its time is as it says; what it leaves out is taken from
    /// `reference`.
    pub fn add(&mut self, pipeline: &Pipeline, text: &[u8], reference: Timestamp, seq: u64) {
        let attributes = Attributes::default();
        let record = Counted { text, attributes: &attributes, time: When::Said(reference), seq };
        let wish = (self.of.as_deref(), self.by.as_slice());
        add(&mut self.gathered, &mut self.finder, pipeline, &record, wish);
        self.gathered.shrink();
    }

    /// Adds the counts of another table of the same kind.
    pub fn merge(&mut self, other: PatternTable) {
        self.gathered.merge(other.gathered);
    }

    /// The names of the columns and the rows, most frequent first.
    pub fn finish(self) -> (Vec<String>, Vec<Vec<Value>>) {
        let wanted = Wanted { by: self.by.len(), known: &HashSet::new() };
        let columns = columns(Wish { of: self.of.as_deref(), by: &self.by });
        (columns, self.gathered.finish(&wanted))
    }
}
