//! Decoded columns: random access to each value.

use gastrolog_types::TimeLayout;

use super::Encoding;
use super::typed::{write_decimal, write_hex, write_int, write_ipv4};
use crate::{Ids, Strings};

/// Values that did not fit the type of their column, by row.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    /// Rows, rising.
    pub rows: Vec<u32>,
    /// The value of each.
    pub values: Strings,
}

impl Exceptions {
    /// The value of row `i` if it is an exception.
    #[inline]
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        if self.rows.is_empty() {
            return None;
        }
        self.rows.binary_search(&(i as u32)).ok().map(|at| self.values.get(at))
    }
}

/// A pattern of a text column: literals with a variable between each two.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// One more than there are variables.
    pub literals: Strings,
    /// The variables' values, one column each, one value for each row that has this pattern.
    pub variables: Vec<Column>,
}

/// A decoded column.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Column {
    /// One value for all rows.
    Constant { value: Vec<u8>, rows: usize },
    /// Distinct values and an id a row.
    Dictionary { values: Strings, ids: Ids },
    /// Integers.
    Integer { values: Vec<i64>, exceptions: Exceptions },
    /// `mantissa / 10^scale`, written with exactly `scale` digits after the point (0: no point).
    Decimal { mantissas: Vec<i64>, scales: Vec<u8>, exceptions: Exceptions },
    /// Timestamps as ticks of their layout.
    Time { layout: TimeLayout, ticks: Vec<i64>, exceptions: Exceptions },
    /// Bytes of hexadecimal numbers, `width` bytes a row, written as `2 * width` digits.
    Hex { width: usize, upper: bool, dashes: bool, bytes: Vec<u8>, exceptions: Exceptions },
    /// Addresses.
    Ipv4 { values: Vec<u32>, exceptions: Exceptions },
    /// Texts by pattern. `ids` has the pattern of each row, or `patterns.len()` for a row of `rest`; `ranks`
    /// has the row's place among the rows of its pattern (or of `rest`).
    Pattern { patterns: Vec<Pattern>, ids: Ids, ranks: Vec<u32>, rest: Strings },
    /// Plain text.
    Text(Strings),
}

impl Column {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        match self {
            Column::Constant { rows, .. } => *rows,
            Column::Dictionary { ids, .. } | Column::Pattern { ids, .. } => ids.len(),
            Column::Integer { values, .. } => values.len(),
            Column::Decimal { mantissas, .. } => mantissas.len(),
            Column::Time { ticks, .. } => ticks.len(),
            Column::Hex { width, bytes, .. } => bytes.len() / (*width).max(1),
            Column::Ipv4 { values, .. } => values.len(),
            Column::Text(values) => values.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How it was encoded.
    pub fn encoding(&self) -> Encoding {
        match self {
            Column::Constant { .. } => Encoding::Constant,
            Column::Dictionary { .. } => Encoding::Dictionary,
            Column::Integer { .. } => Encoding::Integer,
            Column::Decimal { .. } => Encoding::Decimal,
            Column::Time { .. } => Encoding::Time,
            Column::Hex { .. } => Encoding::Hex,
            Column::Ipv4 { .. } => Encoding::Ipv4,
            Column::Pattern { .. } => Encoding::Pattern,
            Column::Text(_) => Encoding::Text,
        }
    }

    /// Appends the exact bytes of the value of row `i` to `out`; nothing when there is no such row.
    pub fn write(&self, i: usize, out: &mut Vec<u8>) {
        if let Some(value) = self.exceptions().and_then(|e| e.get(i)) {
            out.extend_from_slice(value);
            return;
        }
        match self {
            Column::Constant { value, .. } => out.extend_from_slice(value),
            Column::Dictionary { values, ids } => out.extend_from_slice(values.get(ids.get(i) as usize)),
            Column::Integer { values, .. } => values.get(i).into_iter().for_each(|&v| write_int(v, out)),
            Column::Decimal { mantissas, scales, .. } => {
                if let (Some(&m), Some(&s)) = (mantissas.get(i), scales.get(i)) {
                    write_decimal(m, s, out);
                }
            }
            Column::Time { layout, ticks, .. } => {
                ticks.get(i).into_iter().for_each(|&t| layout.format(t, out));
            }
            Column::Hex { width, upper, dashes, bytes, .. } => {
                let row = bytes.get(i * width..(i + 1) * width).unwrap_or(&[]);
                write_hex(row, *upper, *dashes, out);
            }
            Column::Ipv4 { values, .. } => values.get(i).into_iter().for_each(|&v| write_ipv4(v, out)),
            Column::Pattern { patterns, ids, ranks, rest } => {
                let rank = ranks.get(i).copied().unwrap_or(0) as usize;
                match patterns.get(ids.get(i) as usize) {
                    Some(pattern) => pattern.write(rank, out),
                    None => out.extend_from_slice(rest.get(rank)),
                }
            }
            Column::Text(values) => out.extend_from_slice(values.get(i)),
        }
    }

    /// The value of row `i`, borrowed where it is held as bytes, else written to `scratch`.
    #[inline]
    pub fn value<'a>(&'a self, i: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self {
            Column::Constant { value, .. } => value,
            Column::Dictionary { values, ids } => values.get(ids.get(i) as usize),
            Column::Text(values) => values.get(i),
            _ => {
                scratch.clear();
                self.write(i, scratch);
                scratch
            }
        }
    }

    /// The exceptions of a typed column.
    pub fn exceptions(&self) -> Option<&Exceptions> {
        match self {
            Column::Integer { exceptions, .. }
            | Column::Decimal { exceptions, .. }
            | Column::Time { exceptions, .. }
            | Column::Hex { exceptions, .. }
            | Column::Ipv4 { exceptions, .. } => Some(exceptions),
            _ => None,
        }
    }

    /// Bytes of memory held, for the cache's accounts.
    pub fn memory_bytes(&self) -> usize {
        let own = match self {
            Column::Constant { value, .. } => value.len(),
            Column::Dictionary { values, ids } => values.memory_bytes() + ids.memory_bytes(),
            Column::Integer { values, .. } => 8 * values.len(),
            Column::Decimal { mantissas, scales, .. } => 8 * mantissas.len() + scales.len(),
            Column::Time { ticks, .. } => 8 * ticks.len(),
            Column::Hex { bytes, .. } => bytes.len(),
            Column::Ipv4 { values, .. } => 4 * values.len(),
            Column::Pattern { patterns, ids, ranks, rest } => {
                let inner = |p: &Pattern| {
                    p.literals.memory_bytes() + p.variables.iter().map(Column::memory_bytes).sum::<usize>()
                };
                patterns.iter().map(inner).sum::<usize>()
                    + ids.memory_bytes()
                    + 4 * ranks.len()
                    + rest.memory_bytes()
            }
            Column::Text(values) => values.memory_bytes(),
        };
        own + self.exceptions().map_or(0, |e| e.values.memory_bytes() + 4 * e.rows.len()) + 64
    }
}

impl Pattern {
    /// Appends the text of the pattern's row `rank`.
    pub fn write(&self, rank: usize, out: &mut Vec<u8>) {
        for (i, variable) in self.variables.iter().enumerate() {
            out.extend_from_slice(self.literals.get(i));
            variable.write(rank, out);
        }
        out.extend_from_slice(self.literals.get(self.variables.len()));
    }
}
