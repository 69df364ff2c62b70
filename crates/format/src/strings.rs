//! A sequence of byte strings: one buffer and where each ends.

use crate::compress::{Compressor, get};
use crate::{Corrupt, Reader, Result, STREAM_BYTES_MAX, ints};

/// Byte strings in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    /// No strings.
    pub fn new() -> Strings {
        Strings::default()
    }

    /// Adds one at the end. The sum of all lengths must stay below 4 GiB.
    pub fn push(&mut self, s: &[u8]) {
        self.bytes.extend_from_slice(s);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Adds what `write` appends to the buffer as one string.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The `i`-th; empty when there is none.
    #[inline]
    pub fn get(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends.get(i - 1).copied().unwrap_or(0) };
        let end = self.ends.get(i).copied().unwrap_or(0);
        self.bytes.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + 4 * self.ends.capacity()
    }

    /// The buffer with all strings one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which string has the byte at this place of the buffer.
    pub fn at_byte(&self, place: usize) -> usize {
        self.ends.partition_point(|&end| end as usize <= place)
    }

    /// Where the `i`-th ends in the buffer; that of the last one when there is none.
    pub fn end(&self, i: usize) -> usize {
        self.ends.get(i).map_or(self.bytes.len(), |&end| end as usize)
    }

    /// Appends the encoded strings; how many there are is for the caller to remember.
    pub fn put(&self, c: &mut Compressor, out: &mut Vec<u8>) {
        let lengths: Vec<i64> = (0..self.len()).map(|i| self.get(i).len() as i64).collect();
        ints::put(&lengths, c, out);
        c.put(&self.bytes, out);
    }

    /// Reads `n` strings.
    pub fn read(r: &mut Reader<'_>, n: usize) -> Result<Strings> {
        let lengths = ints::get_ints(r, n)?;
        let bytes = get(r, STREAM_BYTES_MAX)?;
        let mut end = 0u64;
        let mut ends = Vec::with_capacity(n);
        for len in lengths {
            let len = u64::try_from(len).map_err(|_| Corrupt("a string has a negative length"))?;
            end = end.checked_add(len).ok_or(Corrupt("strings are too long"))?;
            if end > bytes.len() as u64 {
                return Err(Corrupt("strings end after their bytes"));
            }
            ends.push(end as u32);
        }
        if end != bytes.len() as u64 {
            return Err(Corrupt("strings end before their bytes"));
        }
        Ok(Strings { bytes, ends })
    }
}

impl<'a> FromIterator<&'a [u8]> for Strings {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(iter: I) -> Strings {
        let mut strings = Strings::new();
        iter.into_iter().for_each(|s| strings.push(s));
        strings
    }
}
