//! Finds the distinct values of a column.

use hashbrown::HashTable;

use super::Values;
use crate::row_group::make_room;
use crate::secret_hash;

/// Distinct values in the order they were met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distinct {
    /// Where each stands in the text.
    pub(crate) ranges: Vec<(u32, u32)>,
    /// How many rows have it.
    pub(crate) counts: Vec<u32>,
    /// For each row, the place of its value in the two above.
    pub(crate) ids: Vec<u32>,
}

/// Rows looked at before deciding that a column has no repeated values worth a dictionary.
const PROBE_ROWS: usize = 1024;

/// Values shorter than this are their own key.
const SHORT_BYTES: usize = 8;

/// A value `text[start..start + n]` of fewer than eight bytes, and its length, as one number.
#[inline]
fn short_key(text: &[u8], start: usize, n: usize) -> u64 {
    let value = match text.get(start..).and_then(|t| t.first_chunk::<SHORT_BYTES>()) {
        Some(wide) => u64::from_le_bytes(*wide) & ((1 << (8 * n)) - 1),
        None => {
            let mut bytes = [0u8; SHORT_BYTES];
            let value = text.get(start..start + n).unwrap_or(&[]);
            bytes.iter_mut().zip(value).for_each(|(b, v)| *b = *v);
            u64::from_le_bytes(bytes)
        }
    };
    value | (n as u64) << 56
}

/// Set in the key of a longer value; lengths do not reach it.
const IS_HASH: u64 = 1 << 63;

/// Spreads a key over all bits.
#[inline]
fn spread(key: u64) -> u64 {
    let product = u128::from(key) * 0x9E37_79B9_7F4A_7C15;
    (product >> 64) as u64 ^ product as u64
}

/// Numbers distinct values as they are met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numberer {
    table: HashTable<(u64, u32)>,
    found: Distinct,
    /// The key of the last value.
    last_key: u64,
    /// How many rows may be to come in all.
    expected: usize,
}

impl Numberer {
    /// For about so many rows.
    pub(crate) fn expecting(rows: usize) -> Numberer {
        Numberer { expected: rows, ..Numberer::default() }
    }

    /// Counts a row with the value `text[range]` if that was met before; else gives the key to [`Numberer::add`] it
    /// by. The ranges of values met lie in `kept`.
    #[inline]
    pub(crate) fn meet(&mut self, text: &[u8], range: (u32, u32), kept: &[u8]) -> Result<(), u64> {
        let value = text.get(range.0 as usize..range.1 as usize).unwrap_or(&[]);
        let Distinct { ranges, ids, .. } = &self.found;
        let is_at = |id: u32| {
            ranges.get(id as usize).and_then(|&(s, e)| kept.get(s as usize..e as usize)) == Some(value)
        };
        let last = ids.last().copied();
        let is_short = value.len() < SHORT_BYTES;
        let key = if is_short { short_key(text, range.0 as usize, value.len()) } else { 0 };
        if let Some(last) = last
            && if is_short { key == self.last_key } else { is_at(last) }
        {
            self.repeat(last);
            return Ok(());
        }
        let key = if is_short { key } else { secret_hash(value) | IS_HASH };
        let found = self.table.find(spread(key), |&(k, id)| k == key && (is_short || is_at(id)));
        let id = found.map(|&(_, id)| id).ok_or(key)?;
        self.last_key = key;
        self.repeat(id);
        Ok(())
    }

    /// Counts a row with a value that was not met before and stands at `range`.
    pub(crate) fn add(&mut self, key: u64, range: (u32, u32)) {
        let id = self.found.ranges.len() as u32;
        self.table.insert_unique(spread(key), (key, id), |&(k, _)| spread(k));
        self.found.ranges.push(range);
        self.found.counts.push(1);
        self.found.ids.push(id);
        self.last_key = key;
    }

    /// What was found so far.
    pub(crate) fn found(&self) -> &Distinct {
        &self.found
    }

    #[inline]
    fn repeat(&mut self, id: u32) {
        if let Some(count) = self.found.counts.get_mut(id as usize) {
            *count += 1;
        }
        let ids = &mut self.found.ids;
        if ids.len() == ids.capacity() {
            make_room(ids, self.expected);
        }
        ids.push(id);
    }
}

/// The distinct values of `values`, or nothing when more than 31 of 32 of the first thousand differ, or when there
/// are more than `most`: a dictionary would not pay.
pub(super) fn distinct(values: Values<'_>, most: usize) -> Option<Distinct> {
    let mut numberer = Numberer { table: HashTable::with_capacity(256), ..Numberer::default() };
    numberer.found.ids.reserve(values.len());
    for (row, &range) in values.ranges.iter().enumerate() {
        if row == PROBE_ROWS && numberer.found.ranges.len() > PROBE_ROWS / 32 * 31 {
            return None;
        }
        if let Err(key) = numberer.meet(values.text, range, values.text) {
            if numberer.found.ranges.len() == most {
                return None;
            }
            numberer.add(key, range);
        }
    }
    Some(numberer.found)
}

impl Distinct {
    /// How many distinct values there are.
    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Where the value of each row stands.
    pub(crate) fn rows(&self) -> Vec<(u32, u32)> {
        let range = |&id: &u32| self.ranges.get(id as usize).copied().unwrap_or((0, 0));
        self.ids.iter().map(range).collect()
    }
}
