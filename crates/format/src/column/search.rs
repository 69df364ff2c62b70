//! Whether a column can have a word at all. Only its texts are unpacked: not which row has which, and no numbers.

use gastrolog_types::TimeLayout;

use super::Encoding;
use super::pattern::PATTERNS_MAX;
use super::read::DEPTH_MAX;
use crate::compress::{get, skip};
use crate::words::TypedWords;
use crate::{Corrupt, ROWS_MAX, Reader, Result, STREAM_BYTES_MAX, ids, ints};

/// Looks through an encoded column of `rows` values for `word`. `stands_in` says whether the word stands in a text; it
/// is given many values at once, one after the other, so that it may see the word where there is none. `false` is
/// certain: no value has the word.
pub fn may_have_word(
    bytes: &[u8],
    rows: usize,
    word: &[u8],
    stands_in: &dyn Fn(&[u8]) -> bool,
) -> Result<bool> {
    Search { word, stands_in, rows_max: rows.min(ROWS_MAX) }.column(&mut Reader::new(bytes), 0)
}

struct Search<'a> {
    word: &'a [u8],
    stands_in: &'a dyn Fn(&[u8]) -> bool,
    /// No part of the column has more rows.
    rows_max: usize,
}

impl Search<'_> {
    /// Whether a column may have the word. If not, it was read to its end.
    fn column(&self, r: &mut Reader<'_>, depth: u32) -> Result<bool> {
        if depth > DEPTH_MAX {
            return Err(Corrupt("a column is nested too deep"));
        }
        let encoding = Encoding::ALL.get(r.u8()? as usize).ok_or(Corrupt("unknown encoding of a column"))?;
        match encoding {
            Encoding::Constant => Ok((self.stands_in)(r.bytes()?)),
            Encoding::Dictionary => {
                let values = r.count(self.rows_max.max(1))?;
                Ok(self.column(r, depth + 1)? || ids::skip(r, values).map(|()| false)?)
            }
            Encoding::Pattern => self.patterns(r, depth),
            Encoding::Text => self.strings(r),
            typed => self.typed(r, *typed),
        }
    }

    fn strings(&self, r: &mut Reader<'_>) -> Result<bool> {
        ints::skip(r)?;
        Ok((self.stands_in)(&get(r, STREAM_BYTES_MAX)?))
    }

    fn patterns(&self, r: &mut Reader<'_>, depth: u32) -> Result<bool> {
        let patterns = r.count(self.rows_max.min(PATTERNS_MAX))?;
        let variables: usize = r.take(patterns)?.iter().map(|&v| v as usize).sum();
        if self.strings(r)? {
            return Ok(true);
        }
        ids::skip(r, patterns + 1)?;
        r.count(self.rows_max)?;
        if self.strings(r)? {
            return Ok(true);
        }
        for _ in 0..variables {
            if self.column(r, depth + 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn typed(&self, r: &mut Reader<'_>, encoding: Encoding) -> Result<bool> {
        if r.count(self.rows_max)? > 0 {
            ints::skip(r)?;
            if self.strings(r)? {
                return Ok(true);
            }
        }
        let is_hex = || self.word.iter().all(u8::is_ascii_hexdigit);
        let kind = match encoding {
            Encoding::Integer | Encoding::Decimal => TypedWords::NUMBER,
            Encoding::Time => TypedWords::TIME,
            Encoding::Ipv4 => TypedWords::IPV4,
            _ if is_hex() => return Ok(true),
            _ => 0,
        };
        if TypedWords(kind).may_have(self.word) {
            return Ok(true);
        }
        match encoding {
            Encoding::Decimal => skip(r)?,
            Encoding::Time => {
                TimeLayout::from_bytes(r.array()?).ok_or(Corrupt("unknown layout of times"))?;
            }
            Encoding::Hex => {
                r.take(2)?;
                return skip(r).map(|()| false);
            }
            _ => {}
        }
        ints::skip(r).map(|()| false)
    }
}
