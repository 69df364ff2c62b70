//! A row between stages, and the places in it that have a name.

use std::borrow::Cow;

use crate::record::{value_of, values_of};
use crate::{ExecError, FoundRecord, Value, record_bytes, value_bytes};

/// A row between stages.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    Record(FoundRecord),
    Table(Vec<Value>),
}

impl Row {
    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Row::Table(values) => values.iter().map(value_bytes).sum::<u64>() + size_of::<Row>() as u64,
            Row::Record(found) => record_bytes(found),
        }
    }
}

/// The columns of a table, `None` of records.
pub(crate) type Columns<'a> = Option<&'a [String]>;

/// A field of records, or a column of a table found once.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    name: String,
    at: Option<usize>,
}

impl Place {
    pub(crate) fn new(name: &str, columns: Columns<'_>) -> Place {
        let at = columns.and_then(|c| c.iter().position(|n| n == name));
        Place { name: name.to_owned(), at }
    }

    pub(crate) fn all(names: &[String], columns: Columns<'_>) -> Vec<Place> {
        names.iter().map(|name| Place::new(name, columns)).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The (first) value; what is lacking is null.
    pub(crate) fn get(&self, row: &Row) -> Value {
        match row {
            Row::Record(found) => value_of(found, &self.name),
            Row::Table(values) => cell(values, self.at),
        }
    }

    /// All values, nulls left out.
    pub(crate) fn get_all(&self, row: &Row) -> Vec<Value> {
        match row {
            Row::Record(found) => values_of(found, &self.name),
            Row::Table(_) => Some(self.get(row)).filter(|v| *v != Value::Null).into_iter().collect(),
        }
    }

    /// The (first) value as text; nothing when it is lacking.
    pub(crate) fn text<'r>(&self, row: &'r Row) -> Option<Cow<'r, [u8]>> {
        if let Row::Record(found) = row
            && self.name == "_text"
            && found.computed.iter().all(|(n, _)| n != "_text")
        {
            return Some(Cow::Borrowed(&found.record.text));
        }
        match self.get(row) {
            Value::Text(text) => Some(Cow::Owned(text)),
            other => other.text().map(|text| Cow::Owned(text.into_owned())),
        }
    }

    /// Gives the row this value, in place of all that it has here.
    pub(crate) fn set(&self, row: &mut Row, value: Value) {
        match row {
            Row::Record(found) => set_computed(found, vec![(self.name.clone(), value)]),
            Row::Table(values) => {
                if let Some(place) = self.at.and_then(|at| values.get_mut(at)) {
                    *place = value;
                }
            }
        }
    }
}

/// The (first) value under a name that is looked up only now.
pub(crate) fn value_named(row: &Row, name: &str, columns: Columns<'_>) -> Value {
    match row {
        Row::Record(found) => value_of(found, name),
        Row::Table(values) => cell(values, columns.and_then(|c| c.iter().position(|n| n == name))),
    }
}

fn cell(values: &[Value], at: Option<usize>) -> Value {
    at.and_then(|at| values.get(at)).cloned().unwrap_or(Value::Null)
}

/// Gives a record these computed fields; they take the place of earlier ones of the same names. A name may occur
/// several times among the new ones.
pub(crate) fn set_computed(found: &mut FoundRecord, new: Vec<(String, Value)>) {
    match new.as_slice() {
        [] => {}
        [(only, _)] => found.computed.retain(|(n, _)| n != only),
        _ => {
            let names: std::collections::HashSet<&str> = new.iter().map(|(n, _)| n.as_str()).collect();
            found.computed.retain(|(n, _)| !names.contains(n.as_str()));
        }
    }
    found.computed.extend(new);
}

/// Most MiB of one row: a query can copy a long text thousands of times.
const ROW_MIB_MAX: u64 = 64;

/// Fails if a row that got so many bytes more is too large.
pub(crate) fn check_grown(row: &Row, more: u64) -> Result<(), ExecError> {
    // Most rows grow by little; only for others it is worth looking at all of it.
    if more < 1 << 16 || row.bytes() <= ROW_MIB_MAX << 20 {
        return Ok(());
    }
    Err(ExecError::TooLarge { what: "the computed fields of a row", max: ROW_MIB_MAX, unit: "MiB" })
}

/// Gives a row of a table as many values as it has columns.
pub(crate) fn widen(row: &mut Row, columns: Columns<'_>) {
    if let (Row::Table(values), Some(columns)) = (row, columns)
        && values.len() < columns.len()
    {
        values.resize(columns.len(), Value::Null);
    }
}
