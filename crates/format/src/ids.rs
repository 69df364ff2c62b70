//! Small numbers, one a row: ids of a dictionary, of patterns, of shapes.

use crate::compress::{self, Compressor, get};
use crate::{Corrupt, Reader, Result};

/// Ids of a dictionary, as narrow as they come.
#[derive(Clone, Debug)]
pub enum Ids {
    /// At most 256 distinct values.
    U8(Vec<u8>),
    /// At most 65,536.
    U16(Vec<u16>),
    /// More.
    U32(Vec<u32>),
}

impl Ids {
    /// The id of row `i`; 0 where there is none.
    #[inline]
    pub fn get(&self, i: usize) -> u32 {
        match self {
            Ids::U8(v) => v.get(i).map_or(0, |&x| u32::from(x)),
            Ids::U16(v) => v.get(i).map_or(0, |&x| u32::from(x)),
            Ids::U32(v) => v.get(i).copied().unwrap_or(0),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Ids::U8(v) => v.len(),
            Ids::U16(v) => v.len(),
            Ids::U32(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Ids::U8(v) => v.len(),
            Ids::U16(v) => 2 * v.len(),
            Ids::U32(v) => 4 * v.len(),
        }
    }
}

/// How many byte planes ids below `n` take.
fn planes(n: usize) -> usize {
    match n {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Appends `ids`, all below `n`, as byte planes.
pub(crate) fn put(ids: impl Iterator<Item = u32> + Clone, n: usize, c: &mut Compressor, out: &mut Vec<u8>) {
    for p in 0..planes(n) {
        let plane: Vec<u8> = ids.clone().map(|id| (id >> (8 * p)) as u8).collect();
        c.put(&plane, out);
    }
}

/// Passes over ids that were written with the same `n`.
pub(crate) fn skip(r: &mut Reader<'_>, n: usize) -> Result<()> {
    (0..planes(n)).try_for_each(|_| compress::skip(r))
}

/// Reads one id for each of `rows`, written with the same `n`. That they are below `n` is not checked.
pub(crate) fn read(r: &mut Reader<'_>, rows: usize, n: usize) -> Result<Ids> {
    let mut plane = || -> Result<Vec<u8>> {
        let bytes = get(r, rows)?;
        if bytes.len() == rows { Ok(bytes) } else { Err(Corrupt("ids are not as many as the rows")) }
    };
    let mut pair = || -> Result<Vec<u16>> {
        Ok(plane()?.into_iter().zip(plane()?).map(|(low, high)| u16::from_le_bytes([low, high])).collect())
    };
    match planes(n) {
        1 => Ok(Ids::U8(plane()?)),
        2 => Ok(Ids::U16(pair()?)),
        _ => {
            let join = |(low, high): (u16, u16)| u32::from(low) | u32::from(high) << 16;
            Ok(Ids::U32(pair()?.into_iter().zip(pair()?).map(join).collect()))
        }
    }
}
