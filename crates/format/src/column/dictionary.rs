//! Finds the distinct values of a column.

use hashbrown::HashTable;
use rapidhash::v3::rapidhash_v3;

use super::Values;

/// Distinct values in the order they were met.
pub(super) struct Distinct {
    /// A row that has the value.
    pub(super) firsts: Vec<u32>,
    /// How many rows have it.
    pub(super) counts: Vec<u32>,
    /// For each row, the place of its value in the two above.
    pub(super) ids: Vec<u32>,
}

/// Rows looked at before deciding that a column has no repeated values worth a dictionary.
const PROBE_ROWS: usize = 1024;

/// What the table compares first: a short value itself, or the hash of a longer one.
#[inline]
fn table_key(value: &[u8]) -> u64 {
    let n = value.len();
    if n < 8 {
        let mut bytes = [0u8; 8];
        bytes.iter_mut().zip(value).for_each(|(b, v)| *b = *v);
        u64::from_le_bytes(bytes) | (n as u64) << 56
    } else {
        rapidhash_v3(value) | IS_HASH
    }
}

/// Set in the key of a longer value; lengths do not reach it.
const IS_HASH: u64 = 1 << 63;

/// Spreads a key over all bits.
#[inline]
fn spread(key: u64) -> u64 {
    let product = u128::from(key) * 0x9E37_79B9_7F4A_7C15;
    (product >> 64) as u64 ^ product as u64
}

/// The distinct values of `values`, or nothing when more than 31 of 32 of the first thousand differ, or when there
/// are more than `most`: a dictionary would not pay.
pub(super) fn distinct(values: Values<'_>, most: usize) -> Option<Distinct> {
    let n = values.len();
    let mut found = Distinct { firsts: Vec::new(), counts: Vec::new(), ids: Vec::with_capacity(n) };
    let mut table: HashTable<(u64, u32)> = HashTable::with_capacity(256);
    let mut last: (&[u8], u32) = (&[], u32::MAX);
    for (row, value) in values.iter().enumerate() {
        if last.1 != u32::MAX && last.0 == value {
            found.repeat(last.1);
            continue;
        }
        if row == PROBE_ROWS && found.firsts.len() > PROBE_ROWS / 32 * 31 {
            return None;
        }
        let key = table_key(value);
        let firsts = &found.firsts;
        let same = |&(k, id): &(u64, u32)| {
            k == key
                && (k & IS_HASH == 0
                    || firsts.get(id as usize).is_some_and(|&f| values.get(f as usize) == value))
        };
        let id = match table.find(spread(key), same) {
            Some(&(_, id)) => id,
            None => {
                let id = found.firsts.len() as u32;
                if found.firsts.len() == most {
                    return None;
                }
                table.insert_unique(spread(key), (key, id), |&(k, _)| spread(k));
                found.firsts.push(row as u32);
                found.counts.push(0);
                id
            }
        };
        found.repeat(id);
        last = (value, id);
    }
    Some(found)
}

impl Distinct {
    #[inline]
    fn repeat(&mut self, id: u32) {
        if let Some(count) = self.counts.get_mut(id as usize) {
            *count += 1;
        }
        self.ids.push(id);
    }
}
