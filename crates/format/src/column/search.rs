//! The texts of a column, without which row has which and without numbers: enough to say that a word is not there.

use gastrolog_types::TimeLayout;

use super::Encoding;
use super::pattern::PATTERNS_MAX;
use super::read::DEPTH_MAX;
use crate::compress::{get, skip};
use crate::words::TypedWords;
use crate::{Corrupt, ROWS_MAX, Reader, Result, STREAM_BYTES_MAX, ids, ints};

/// What the values of a column are made of.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// All texts, one after the other.
    bytes: Vec<u8>,
    /// Kinds of typed values.
    typed: TypedWords,
    /// Whether some values are hexadecimal.
    has_hex: bool,
}

impl Texts {
    /// Reads those of an encoded column of `rows` values.
    pub fn read(column: &[u8], rows: usize) -> Result<Texts> {
        let mut search = Search { rows_max: rows.min(ROWS_MAX), found: Texts::default() };
        let mut r = Reader::new(column);
        search.column(&mut r, 0)?;
        if r.is_empty() { Ok(search.found) } else { Err(Corrupt("a column ends before its bytes")) }
    }

    /// Whether some value may have `word`; `false` is certain. `stands_in` says whether the word stands in a text: it is
    /// given all of them at once, so that it may see the word where there is none.
    pub fn may_have_word(&self, word: &[u8], stands_in: &dyn Fn(&[u8]) -> bool) -> bool {
        self.typed.may_have(word)
            || (self.has_hex && word.iter().all(u8::is_ascii_hexdigit))
            || stands_in(&self.bytes)
    }

    /// Bytes of memory held.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Texts>() + self.bytes.capacity()
    }
}

struct Search {
    /// No part of the column has more rows.
    rows_max: usize,
    found: Texts,
}

impl Search {
    fn column(&mut self, r: &mut Reader<'_>, depth: u32) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(Corrupt("a column is nested too deep"));
        }
        let encoding = Encoding::ALL.get(r.u8()? as usize).ok_or(Corrupt("unknown encoding of a column"))?;
        match encoding {
            Encoding::Constant => self.text(r.bytes()?.to_vec()),
            Encoding::Dictionary => {
                let values = r.count(self.rows_max.max(1))?;
                self.column(r, depth + 1)?;
                ids::skip(r, values)
            }
            Encoding::Pattern => self.patterns(r, depth),
            Encoding::Text => self.strings(r),
            typed => self.typed(r, *typed),
        }
    }

    fn text(&mut self, text: Vec<u8>) -> Result<()> {
        let bytes = &mut self.found.bytes;
        if bytes.is_empty() {
            *bytes = text;
        } else if bytes.len() + text.len() <= STREAM_BYTES_MAX {
            bytes.extend_from_slice(&text);
        } else {
            return Err(Corrupt("the texts of a column are too long"));
        }
        Ok(())
    }

    fn strings(&mut self, r: &mut Reader<'_>) -> Result<()> {
        ints::skip(r)?;
        let text = get(r, STREAM_BYTES_MAX - self.found.bytes.len())?;
        self.text(text)
    }

    fn patterns(&mut self, r: &mut Reader<'_>, depth: u32) -> Result<()> {
        let patterns = r.count(self.rows_max.min(PATTERNS_MAX))?;
        let variables: usize = r.take(patterns)?.iter().map(|&v| v as usize).sum();
        self.strings(r)?;
        ids::skip(r, patterns + 1)?;
        r.count(self.rows_max)?;
        self.strings(r)?;
        (0..variables).try_for_each(|_| self.column(r, depth + 1))
    }

    fn typed(&mut self, r: &mut Reader<'_>, encoding: Encoding) -> Result<()> {
        if r.count(self.rows_max)? > 0 {
            ints::skip(r)?;
            self.strings(r)?;
        }
        match encoding {
            Encoding::Integer => self.found.typed.0 |= TypedWords::NUMBER,
            Encoding::Ipv4 => self.found.typed.0 |= TypedWords::IPV4,
            Encoding::Decimal => {
                self.found.typed.0 |= TypedWords::NUMBER;
                skip(r)?;
            }
            Encoding::Time => {
                self.found.typed.0 |= TypedWords::TIME;
                TimeLayout::from_bytes(r.array()?).ok_or(Corrupt("unknown layout of times"))?;
            }
            _ => {
                self.found.has_hex = true;
                r.take(2)?;
                return skip(r);
            }
        }
        ints::skip(r)
    }
}
