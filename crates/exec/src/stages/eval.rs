//! `eval`: computes fields.

use gastrolog_query::Assignment;

use super::row::{Columns, Place, Row, value_named, widen};
use super::{Next, Step};
use crate::ExecError;

/// Computes one field after the other; later ones see the earlier ones.
pub(crate) struct Eval<'q> {
    assignments: &'q [Assignment],
    made: Vec<Place>,
    columns: Option<Vec<String>>,
}

impl<'q> Eval<'q> {
    /// For rows that get the columns `output`.
    pub(crate) fn new(assignments: &'q [Assignment], output: Columns<'_>) -> Eval<'q> {
        let made = assignments.iter().map(|a| Place::new(&a.name, output)).collect();
        Eval { assignments, made, columns: output.map(<[String]>::to_vec) }
    }
}

impl Step for Eval<'_> {
    fn push(&mut self, mut row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        let columns = self.columns.as_deref();
        widen(&mut row, columns);
        for (assignment, place) in self.assignments.iter().zip(&self.made) {
            let value = assignment.expr.eval(&|name| value_named(&row, name, columns));
            place.set(&mut row, value);
        }
        next(row)
    }
}
