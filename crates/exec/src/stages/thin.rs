//! `dedup` and `sample`: fewer rows of each kind, fewer rows of all.

use super::memory::Memory;
use super::row::{Columns, Place, Row};
use super::{Next, Step};
use crate::interner::Interner;
use crate::{Budget, ExecError};

/// What a combination takes beside its bytes.
const ENTRY_BYTES: u64 = 32;

/// Lets the first rows of each combination of values through.
pub(crate) struct Dedup<'q> {
    count: u64,
    places: Vec<Place>,
    seen: Interner,
    /// How often each was seen, by its number.
    times: Vec<u64>,
    key: Vec<u8>,
    memory: Memory<'q>,
}

impl<'q> Dedup<'q> {
    pub(crate) fn new(count: u64, fields: &[String], input: Columns<'_>, budget: &'q Budget) -> Dedup<'q> {
        Dedup {
            count,
            places: Place::all(fields, input),
            seen: Interner::default(),
            times: Vec::new(),
            key: Vec::new(),
            memory: Memory::new(budget, "the combinations of dedup"),
        }
    }
}

impl Step for Dedup<'_> {
    fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        self.key.clear();
        for place in &self.places {
            let value = place.text(&row).unwrap_or_default();
            self.key.extend_from_slice(&(value.len() as u64).to_le_bytes());
            self.key.extend_from_slice(&value);
        }
        let number = self.seen.number(&self.key) as usize;
        if number == self.times.len() {
            self.memory.hold(self.key.len() as u64 + ENTRY_BYTES)?;
            self.times.push(0);
        }
        let Some(times) = self.times.get_mut(number) else { return Ok(true) };
        *times += 1;
        if *times <= self.count { next(row) } else { Ok(true) }
    }
}

/// Lets one row in so many through.
pub(crate) struct Sample {
    one_in: u64,
    rows: u64,
}

impl Sample {
    pub(crate) fn new(one_in: u64) -> Sample {
        Sample { one_in: one_in.max(1), rows: 0 }
    }
}

impl Step for Sample {
    fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        let place = if let Row::Record(found) = &row { found.record.seq } else { self.rows };
        self.rows += 1;
        if mixed(place).is_multiple_of(self.one_in) { next(row) } else { Ok(true) }
    }

    fn needs_fields(&self) -> bool {
        false
    }
}

/// A hash of a number (SplitMix64, Steele et al. 2014): the same record is in the same sample for ever.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
