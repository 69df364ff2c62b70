//! Row groups that overlap in time are open together, so that their records come in order. Of many only some stay open:
//! of the others a few records are kept at a time, those that come next.

use std::sync::Arc;

use gastrolog_chunk::{ReadError, RowGroup};
use gastrolog_types::Record;

use crate::Budget;
use crate::run::Context;
use crate::units::Key;
use crate::view::View;

/// What the columns of the row groups that stay open may take, at most.
const OPEN_BYTES_MAX: u64 = 64 << 20;

/// What is kept of one that is closed, at most: enough that it is opened rarely.
const SHELF_BYTES_MAX: u64 = 128 << 10;

/// Of what a query may hold this part is enough for what is kept of one.
const SHELF_PART: u64 = 64;

/// Room for open row groups.
pub(crate) struct Room {
    bytes_max: u64,
    taken_bytes: u64,
    shelf_bytes: u64,
}

impl Room {
    /// Half of what the query may hold, the rest is for rows.
    pub(crate) fn of(budget: &Budget) -> Room {
        let most = budget.memory_bytes_max();
        Room {
            bytes_max: OPEN_BYTES_MAX.min(most / 2),
            taken_bytes: 0,
            shelf_bytes: SHELF_BYTES_MAX.min(most / SHELF_PART),
        }
    }

    /// A place for some records of a row group that there is no room for.
    pub(crate) fn shelf<'a>(&self, group: &'a Arc<RowGroup>, chunk: usize) -> Shelf<'a> {
        Shelf { group, chunk, bytes_max: self.shelf_bytes, from: 0, records: Vec::new() }
    }

    /// Takes room for so much, if there is any. The first row group always has some.
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        let fits = self.taken_bytes == 0 || self.taken_bytes.saturating_add(bytes) <= self.bytes_max;
        self.taken_bytes += if fits { bytes } else { 0 };
        fits
    }

    pub(crate) fn give(&mut self, bytes: u64) {
        self.taken_bytes = self.taken_bytes.saturating_sub(bytes);
    }
}

/// A row group that was closed, and some of its records.
pub(crate) struct Shelf<'a> {
    group: &'a Arc<RowGroup>,
    /// The place of its chunk.
    pub(crate) chunk: usize,
    /// What its records may take, but for the last.
    pub(crate) bytes_max: u64,
    /// The place of the first of them among the rows that were found.
    from: usize,
    records: Vec<Option<Record>>,
}

impl<'a> Shelf<'a> {
    /// The record at a place among the rows that were found, if it is here. Each is had once.
    pub(crate) fn take(&mut self, at: usize) -> Option<Record> {
        self.records.get_mut(at.checked_sub(self.from)?)?.take()
    }

    /// Opens the row group once more for the records from that place on.
    pub(crate) fn fill(
        &mut self,
        rows: &[(Key, u32)],
        at: usize,
        context: Context<'a>,
    ) -> Result<View<'a>, ReadError> {
        let view = View::open(self.group, context)?;
        self.records.clear();
        self.from = at;
        let mut bytes = 0;
        for &(_, row) in rows.iter().skip(at) {
            let record = match view.record(row as usize) {
                // It is met again when it is its turn.
                Err(_) if !self.records.is_empty() => break,
                record => record?,
            };
            bytes += (record.text.len() + size_of::<Record>()) as u64;
            self.records.push(Some(record));
            if bytes >= self.bytes_max {
                break;
            }
        }
        Ok(view)
    }
}
