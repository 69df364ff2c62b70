//! `where`: keeps the rows that satisfy a filter.

use std::collections::HashSet;

use gastrolog_query::{Filter, RecordView, matches};

use super::row::Row;
use super::{Next, Step};
use crate::ExecError;

/// From so many computed fields on, names are looked up in a set.
const NAMES_SEARCHED_MAX: usize = 8;

/// Keeps rows.
pub(crate) struct Where<'q> {
    filter: &'q Filter,
    columns: Vec<String>,
}

impl<'q> Where<'q> {
    pub(crate) fn new(filter: &'q Filter, input: Option<&[String]>) -> Where<'q> {
        Where { filter, columns: input.unwrap_or(&[]).to_vec() }
    }
}

impl Step for Where<'_> {
    fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        if matches(self.filter, &RowView::new(&row, &self.columns)) { next(row) } else { Ok(true) }
    }
}

/// A row as a filter sees it. Computed fields take the place of fields and attributes of their name; what is null is
/// not there. A row of a table has no text, and its columns are its fields.
struct RowView<'a> {
    row: &'a Row,
    columns: &'a [String],
    computed: Option<HashSet<&'a str>>,
}

impl<'a> RowView<'a> {
    fn new(row: &'a Row, columns: &'a [String]) -> RowView<'a> {
        let computed = match row {
            Row::Record(found) if found.computed.len() > NAMES_SEARCHED_MAX => {
                Some(found.computed.iter().map(|(n, _)| n.as_str()).collect())
            }
            _ => None,
        };
        RowView { row, columns, computed }
    }

    fn is_computed(&self, name: &str) -> bool {
        match (&self.computed, self.row) {
            (Some(names), _) => names.contains(name),
            (None, Row::Record(found)) => found.computed.iter().any(|(n, _)| n == name),
            (None, Row::Table(_)) => false,
        }
    }
}

impl RecordView for RowView<'_> {
    fn text(&self) -> &[u8] {
        if let Row::Record(found) = self.row { &found.record.text } else { &[] }
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        let found = match self.row {
            Row::Record(found) => found,
            Row::Table(values) => {
                let mut cells = self.columns.iter().zip(values);
                return cells.any(|(name, value)| value.text().is_some_and(|text| visit(name, &text)));
            }
        };
        let mut written = |name: &str, value: &[u8]| !self.is_computed(name) && visit(name, value);
        found.fields.iter().any(|(n, v)| written(n, v))
            || found.record.attributes.iter().any(|(n, v)| written(n, v))
            || found.computed.iter().any(|(n, v)| v.text().is_some_and(|text| visit(n, &text)))
    }
}
