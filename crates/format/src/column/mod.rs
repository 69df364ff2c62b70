//! Columns: the values that stand in one place of many records, stored together.
//!
//! Each encoding gives back the exact bytes of every value. Typed encodings (integers, times, addresses, hex)
//! take only values whose canonical text is the value itself; what does not fit is kept beside as an exception.

mod decoded;
mod dictionary;
mod encode;
mod parsed;
mod pattern;
mod read;
mod search;
mod typed;
mod wide;

pub use decoded::{Column, Exceptions, Pattern};
pub(crate) use dictionary::{Distinct, Numberer};
pub(crate) use encode::encode_distinct;
pub use encode::{Encoded, encode};
pub use pattern::cut_variables;
pub use read::decode;
pub use search::Texts;

/// Values to encode: ranges of one buffer.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The buffer.
    pub text: &'a [u8],
    /// Where each value starts and ends in it.
    pub ranges: &'a [(u32, u32)],
}

impl<'a> Values<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The `i`-th; empty when there is none.
    #[inline]
    pub fn get(&self, i: usize) -> &'a [u8] {
        self.ranges.get(i).and_then(|&(s, e)| self.text.get(s as usize..e as usize)).unwrap_or(&[])
    }

    /// Of each its length, and the buffer from where it starts on.
    fn onward(&self) -> impl Iterator<Item = (&'a [u8], usize)> + Clone {
        let text = self.text;
        let bytes = |(s, e): (u32, u32)| e.saturating_sub(s) as usize;
        self.ranges.iter().map(move |&(s, e)| (text.get(s as usize..).unwrap_or(&[]), bytes((s, e))))
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let text = self.text;
        self.ranges.iter().map(move |&(s, e)| text.get(s as usize..e as usize).unwrap_or(&[]))
    }
}

/// How a column is encoded. The number is the first byte of the encoded column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Encoding {
    /// One value for all rows.
    Constant = 0,
    /// Distinct values once, and an id a row.
    Dictionary = 1,
    /// Decimal integers.
    Integer = 2,
    /// Decimal numbers with a point, as scaled integers.
    Decimal = 3,
    /// Timestamps of one layout.
    Time = 4,
    /// Hexadecimal of one length, with or without the dashes of a UUID.
    Hex = 5,
    /// IPv4 addresses.
    Ipv4 = 6,
    /// Texts that share few patterns, with columns of their variable parts.
    Pattern = 7,
    /// Plain text.
    Text = 8,
}

impl Encoding {
    /// All encodings, by number.
    pub const ALL: [Encoding; 9] = [
        Encoding::Constant,
        Encoding::Dictionary,
        Encoding::Integer,
        Encoding::Decimal,
        Encoding::Time,
        Encoding::Hex,
        Encoding::Ipv4,
        Encoding::Pattern,
        Encoding::Text,
    ];

    /// The name shown by `inspect` and explain.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Constant => "constant",
            Encoding::Dictionary => "dictionary",
            Encoding::Integer => "integer",
            Encoding::Decimal => "decimal",
            Encoding::Time => "time",
            Encoding::Hex => "hex",
            Encoding::Ipv4 => "ipv4",
            Encoding::Pattern => "pattern",
            Encoding::Text => "text",
        }
    }
}
