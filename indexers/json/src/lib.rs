//! The JSON indexer: names the values of an object or array, alone in a record or embedded in text.
//!
//! A string's range lies inside of its quotes and is always [`gastrolog_index::Escape::Json`], whether or not it
//! holds an escape, so that a field is one column. Empty objects and arrays stay in the template.
//!
//! **Invariant:** keys never lie inside of a value's range, so the template alone tells the names.

mod embedded;
mod scalar;
mod skip;
mod walk;

use std::ops::Range;

use gastrolog_index::{Claim, Indexer, RangeSet};

/// Names the values of JSON; see the crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonIndexer;

impl Indexer for JsonIndexer {
    fn name(&self) -> &'static str {
        "json"
    }

    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        match embedded::index(record, part, out) {
            Some(()) => Claim::Yes,
            None => Claim::No,
        }
    }
}
