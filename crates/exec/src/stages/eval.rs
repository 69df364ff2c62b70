//! `eval`: computes fields.

use gastrolog_query::Assignment;

use super::row::{Columns, Place, Row, check_grown, value_named, widen};
use super::{Next, Step};
use crate::{ExecError, value_bytes};

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
        let mut made_bytes = 0;
        for (assignment, place) in self.assignments.iter().zip(&self.made) {
            let value = assignment.expr.eval(&|name| value_named(&row, name, columns));
            made_bytes += value_bytes(&value);
            place.set(&mut row, value);
            check_grown(&row, made_bytes)?;
        }
        next(row)
    }
}
