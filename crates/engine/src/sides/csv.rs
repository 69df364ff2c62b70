//! CSV with a head line as a table.

use gastrolog_exec::{SideTable, Value};
use gastrolog_query::csv_values;

use super::{Gathering, row_bytes};
use crate::EngineError;

/// Lines between two looks at whether the query shall go on.
const LINES_BETWEEN_CHECKS: usize = 4096;

/// Which columns are needed.
pub(super) struct Wanted<'a> {
    pub(super) key: &'a str,
    /// Beside the key; all if there are none.
    pub(super) fields: &'a [String],
}

/// Most columns of a table.
const COLUMNS_MAX: usize = 1_000;

/// Reads a table. Cells that a line lacks are null; lines without anything in them are left out.
pub(super) fn table(
    name: &str,
    text: &[u8],
    wanted: Wanted<'_>,
    with: &Gathering<'_>,
) -> Result<SideTable, EngineError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (head, mut rest) = line(text);
    let head: Vec<String> = head.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    check_head(name, &head, &wanted)?;
    let kept: Vec<usize> = (0..head.len()).filter(|&i| is_kept(&head, i, &wanted)).collect();
    let mut table =
        SideTable { columns: kept.iter().filter_map(|&i| head.get(i).cloned()).collect(), rows: Vec::new() };
    let mut number = 1;
    while !rest.is_empty() {
        let (cells, behind) = line(rest);
        rest = behind;
        number += 1;
        if number % LINES_BETWEEN_CHECKS == 0 {
            (with.check)()?;
        }
        if cells.len() > head.len() {
            return Err(EngineError::Refused(format!(
                "row {number} of the table {name} has {} values, its head has {}",
                cells.len(),
                head.len()
            )));
        }
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        let cell = |&i: &usize| cells.get(i).map_or(Value::Null, |cell| Value::Text(cell.to_vec()));
        let row: Vec<Value> = kept.iter().map(cell).collect();
        with.budget.hold(row_bytes(&row))?;
        table.rows.push(row);
    }
    Ok(table)
}

/// The values of the first line, and the lines behind it.
fn line(text: &[u8]) -> (Vec<std::borrow::Cow<'_, [u8]>>, &[u8]) {
    let mut values = csv_values(text);
    let cells = values.by_ref().collect();
    (cells, values.rest())
}

fn is_kept(head: &[String], i: usize, wanted: &Wanted<'_>) -> bool {
    head.get(i).is_some_and(|name| {
        name == wanted.key || wanted.fields.is_empty() || wanted.fields.iter().any(|f| f == name)
    })
}

fn check_head(name: &str, head: &[String], wanted: &Wanted<'_>) -> Result<(), EngineError> {
    if head.len() > COLUMNS_MAX {
        return Err(EngineError::Refused(format!("the table {name} has more than {COLUMNS_MAX} columns")));
    }
    for (i, column) in head.iter().enumerate() {
        if column.is_empty() {
            return Err(EngineError::Refused(format!("column {} of the table {name} has no name", i + 1)));
        }
        if head.iter().skip(i + 1).any(|other| other == column) {
            return Err(EngineError::Refused(format!("the table {name} has two columns {column:?}")));
        }
    }
    let asked = [wanted.key].into_iter().chain(wanted.fields.iter().map(String::as_str));
    match asked.into_iter().find(|column| !head.iter().any(|known| known == column)) {
        None => Ok(()),
        Some(lacking) => Err(EngineError::BadQuery(format!(
            "the table {name} has no column {lacking:?} (it has: {})",
            head.join(", ")
        ))),
    }
}
