//! `lookup` and `join`: columns of another table, found by the values of a row.

use std::collections::HashMap;

use gastrolog_query::{JoinKind, canonical_number};
use rapidhash::fast::RandomState;

use super::memory::Memory;
use super::row::{Columns, Place, Row, set_computed, widen};
use super::{Next, Step};
use crate::{Budget, ExecError, SideTable, Value};

/// What an entry of the index takes beside its key.
const ENTRY_BYTES: u64 = 64;

/// Adds the columns of those rows of another table that have the same key.
pub(crate) struct Side<'q> {
    table: &'q SideTable,
    /// Rows of the table by their key.
    by_key: HashMap<Vec<u8>, Vec<u32>, RandomState>,
    /// Where a row has its key.
    keys: Vec<Place>,
    /// Places in the table of what is added, and where that goes.
    added: Vec<(usize, Place)>,
    columns: Option<Vec<String>>,
    partners: Partners,
    /// What the index holds is counted as long as it is there.
    _memory: Memory<'q>,
}

/// Which rows come of a row.
#[derive(Clone, Copy)]
enum Partners {
    /// One, with the columns of the first partner if there is one.
    First,
    /// One for each partner.
    All,
    /// One for each partner, or the row as it was when there is none.
    AllOrNone,
}

impl<'q> Side<'q> {
    /// `lookup`: `key` is the column of the table, `field` that of the rows; no `fields` means all others.
    pub(crate) fn lookup(
        table: &'q SideTable,
        (key, field): (&String, &str),
        fields: &[String],
        (input, output): (Columns<'_>, Columns<'_>),
        budget: &'q Budget,
    ) -> Result<Side<'q>, ExecError> {
        let wanted = |name: &&String| if fields.is_empty() { *name != key } else { fields.contains(name) };
        let added: Vec<&String> = table.columns.iter().filter(wanted).collect();
        let memory = Memory::new(budget, "the keys of lookup");
        let keys = (std::slice::from_ref(key), vec![Place::new(field, input)]);
        Side::new(table, keys, &added, output, Partners::First, memory)
    }

    /// `join`: both sides have the columns `on`.
    pub(crate) fn join(
        table: &'q SideTable,
        kind: JoinKind,
        on: &[String],
        (input, output): (Columns<'_>, Columns<'_>),
        budget: &'q Budget,
    ) -> Result<Side<'q>, ExecError> {
        let added: Vec<&String> = table.columns.iter().filter(|name| !on.contains(name)).collect();
        let partners = match kind {
            JoinKind::Inner => Partners::All,
            JoinKind::Left => Partners::AllOrNone,
        };
        let memory = Memory::new(budget, "the keys of join");
        Side::new(table, (on, Place::all(on, input)), &added, output, partners, memory)
    }

    fn new(
        table: &'q SideTable,
        (on, keys): (&[String], Vec<Place>),
        added: &[&String],
        output: Columns<'_>,
        partners: Partners,
        mut memory: Memory<'q>,
    ) -> Result<Side<'q>, ExecError> {
        let theirs: Vec<Option<usize>> =
            on.iter().map(|name| table.columns.iter().position(|c| c == name)).collect();
        let mut by_key: HashMap<Vec<u8>, Vec<u32>, RandomState> = HashMap::default();
        for (number, row) in table.rows.iter().enumerate() {
            let cell = |at: &Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null);
            if let Some(key) = key_of(theirs.iter().map(cell)) {
                memory.hold(key.len() as u64 + ENTRY_BYTES)?;
                by_key.entry(key).or_default().push(number as u32);
            }
        }
        let place = |name: &&String| {
            let at = table.columns.iter().position(|c| c == *name)?;
            Some((at, Place::new(name, output)))
        };
        let added = added.iter().filter_map(place).collect();
        let columns = output.map(<[String]>::to_vec);
        Ok(Side { table, by_key, keys, added, columns, partners, _memory: memory })
    }

    /// The row with the columns of a row of the table.
    fn with(&self, mut row: Row, number: u32) -> Row {
        let theirs = self.table.rows.get(number as usize).map_or(&[][..], Vec::as_slice);
        let cell = |at: usize| theirs.get(at).cloned().unwrap_or(Value::Null);
        match &mut row {
            Row::Record(found) => {
                let made = self.added.iter().map(|(at, place)| (place.name().to_owned(), cell(*at)));
                set_computed(found, made.collect());
            }
            Row::Table(_) => self.added.iter().for_each(|(at, place)| place.set(&mut row, cell(*at))),
        }
        row
    }
}

impl Step for Side<'_> {
    fn push(&mut self, mut row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        widen(&mut row, self.columns.as_deref());
        let key = key_of(self.keys.iter().map(|place| place.get(&row)));
        let found = key.and_then(|key| self.by_key.get(&key)).map_or(&[][..], Vec::as_slice);
        match (found, self.partners) {
            ([], Partners::All) => Ok(true),
            ([], _) => next(row),
            ([first, ..], Partners::First) => next(self.with(row, *first)),
            (all, _) => {
                for number in all {
                    if !next(self.with(row.clone(), *number))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }
}

/// Values as a key: bytes that are equal for values that have the same text or are the same number. Nothing equals
/// what is lacking.
fn key_of(values: impl Iterator<Item = Value>) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    for value in values {
        let text = value.text()?;
        let part = canonical_number(&text);
        let part = part.as_deref().unwrap_or(&text);
        key.extend_from_slice(&(part.len() as u64).to_le_bytes());
        key.extend_from_slice(part);
    }
    Some(key)
}
