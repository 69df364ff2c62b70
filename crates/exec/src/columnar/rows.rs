//! Rows that were selected, and the values that a column has for them.

use gastrolog_chunk::ReadError;

use crate::bits::Bits;
use crate::view::View;

/// Selected rows of a row group, rising.
pub(crate) enum Rows {
    /// All of so many.
    All(usize),
    /// These.
    Some(Vec<u32>),
}

impl Rows {
    pub(crate) fn of(selected: &Bits) -> Rows {
        if selected.count() == selected.rows() {
            return Rows::All(selected.rows());
        }
        Rows::Some(selected.iter().map(|row| row as u32).collect())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::All(rows) => *rows,
            Rows::Some(rows) => rows.len(),
        }
    }

    /// The `k`-th row.
    #[inline]
    pub(crate) fn get(&self, k: usize) -> u32 {
        match self {
            Rows::All(_) => k as u32,
            Rows::Some(rows) => rows.get(k).copied().unwrap_or(0),
        }
    }
}

/// Calls `visit` for each selected row that has a value in column `i`: with the row's place among the selected ones, and
/// the value's place in the column.
#[inline]
pub(super) fn each_value(
    view: &View<'_>,
    i: u32,
    rows: &Rows,
    mut visit: impl FnMut(usize, usize),
) -> Result<(), ReadError> {
    match (rows, view.is_everywhere(i)) {
        (Rows::All(n), true) => (0..*n).for_each(|row| visit(row, row)),
        (Rows::Some(rows), true) => rows.iter().enumerate().for_each(|(k, &row)| visit(k, row as usize)),
        (Rows::All(_), false) => {
            view.rows_of(i)?.iter().enumerate().for_each(|(rank, &row)| visit(row as usize, rank));
        }
        (Rows::Some(rows), false) => {
            let mut having = view.rows_of(i)?.iter().enumerate().peekable();
            for (k, row) in rows.iter().enumerate() {
                while having.next_if(|(_, have)| *have < row).is_some() {}
                if let Some((rank, _)) = having.next_if(|(_, have)| *have == row) {
                    visit(k, rank);
                }
            }
        }
    }
    Ok(())
}
