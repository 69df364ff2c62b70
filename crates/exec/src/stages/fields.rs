//! `fields` and `rename`: which columns there are, and what they are called.

use super::row::{Columns, Place, Row, set_computed};
use super::{Next, Step};
use crate::{ExecError, Value};

/// Makes a table of some fields.
pub(crate) struct Fields {
    places: Vec<Place>,
}

impl Fields {
    pub(crate) fn new(names: &[String], input: Columns<'_>) -> Fields {
        Fields { places: Place::all(names, input) }
    }
}

impl Step for Fields {
    fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        next(Row::Table(self.places.iter().map(|p| p.get(&row)).collect()))
    }
}

/// Gives fields of records other names, all at once, so that names can be swapped. In a table the columns have their
/// new names already, and nothing is to be done.
pub(crate) struct Rename<'q> {
    pairs: &'q [(String, String)],
    old: Vec<Place>,
}

impl<'q> Rename<'q> {
    pub(crate) fn new(pairs: &'q [(String, String)]) -> Rename<'q> {
        let old = pairs.iter().map(|(old, _)| Place::new(old, None)).collect();
        Rename { pairs, old }
    }
}

impl Step for Rename<'_> {
    fn push(&mut self, mut row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        if matches!(row, Row::Table(_)) {
            return next(row);
        }
        let moved: Vec<Vec<Value>> = self.old.iter().map(|old| old.get_all(&row)).collect();
        let pairs = || self.pairs.iter().zip(&moved).filter(|(_, values)| !values.is_empty());
        // A record that lacks the field keeps what it has under the new name.
        let hidden = pairs().map(|((old, _), _)| old).filter(|old| pairs().all(|((_, new), _)| new != *old));
        let mut made: Vec<(String, Value)> = hidden.map(|old| (old.clone(), Value::Null)).collect();
        for ((_, new), values) in self.pairs.iter().zip(moved) {
            made.extend(values.into_iter().map(|value| (new.clone(), value)));
        }
        if let Row::Record(found) = &mut row {
            set_computed(found, made);
        }
        next(row)
    }
}
