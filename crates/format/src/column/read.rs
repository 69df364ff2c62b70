//! Decoding of columns.

use gastrolog_types::TimeLayout;

use super::pattern::{PATTERNS_MAX, VARIABLES_MAX};
use super::{Column, Encoding, Exceptions, Pattern};
use crate::compress::get;
use crate::{Corrupt, ROWS_MAX, Reader, Result, STREAM_BYTES_MAX, Strings, ids, ints};

/// How deep columns may nest: a dictionary of patterns of dictionaries of integers.
pub(super) const DEPTH_MAX: u32 = 4;

/// Decodes a column of `rows` values; everything must be read.
pub fn decode(bytes: &[u8], rows: usize) -> Result<Column> {
    let mut r = Reader::new(bytes);
    let column = read(&mut r, rows, 0)?;
    if r.is_empty() { Ok(column) } else { Err(Corrupt("a column ends before its bytes")) }
}

fn read(r: &mut Reader<'_>, rows: usize, depth: u32) -> Result<Column> {
    if rows > ROWS_MAX || depth > DEPTH_MAX {
        return Err(Corrupt("a column has too many rows or is nested too deep"));
    }
    let encoding = Encoding::ALL.get(r.u8()? as usize).ok_or(Corrupt("unknown encoding of a column"))?;
    match encoding {
        Encoding::Constant => Ok(Column::Constant { value: r.bytes()?.to_vec(), rows }),
        Encoding::Dictionary => read_dictionary(r, rows, depth),
        Encoding::Pattern => read_pattern(r, rows, depth),
        Encoding::Text => Ok(Column::Text(Strings::read(r, rows)?)),
        typed => read_typed(r, rows, *typed),
    }
}

fn read_dictionary(r: &mut Reader<'_>, rows: usize, depth: u32) -> Result<Column> {
    let n = r.count(rows.max(1))?;
    let entries = read(r, n, depth + 1)?;
    let values = match entries {
        Column::Text(values) => values,
        other => {
            let mut values = Strings::new();
            for i in 0..n {
                values.push_with(|out| other.write(i, out));
                if values.bytes().len() > STREAM_BYTES_MAX {
                    return Err(Corrupt("the values of a dictionary are too long"));
                }
            }
            values
        }
    };
    let ids = ids::read(r, rows, n)?;
    Ok(Column::Dictionary { values, ids })
}

fn read_exceptions(r: &mut Reader<'_>, rows: usize) -> Result<Exceptions> {
    let n = r.count(rows)?;
    if n == 0 {
        return Ok(Exceptions::default());
    }
    let mut at = Vec::with_capacity(n);
    for row in ints::get_ints(r, n)? {
        match u32::try_from(row) {
            Ok(row) if (row as usize) < rows && at.last().is_none_or(|&before| before < row) => at.push(row),
            _ => return Err(Corrupt("rows of exceptions are out of order")),
        }
    }
    Ok(Exceptions { rows: at, values: Strings::read(r, n)? })
}

fn read_typed(r: &mut Reader<'_>, rows: usize, encoding: Encoding) -> Result<Column> {
    let exceptions = read_exceptions(r, rows)?;
    Ok(match encoding {
        Encoding::Integer => Column::Integer { values: ints::get_ints(r, rows)?, exceptions },
        Encoding::Decimal => {
            let scales = get(r, rows)?;
            if scales.len() != rows || scales.iter().any(|&s| s > 18) {
                return Err(Corrupt("scales of decimals are wrong"));
            }
            Column::Decimal { mantissas: ints::get_ints(r, rows)?, scales, exceptions }
        }
        Encoding::Time => {
            let layout = TimeLayout::from_bytes(r.array()?).ok_or(Corrupt("unknown layout of times"))?;
            Column::Time { layout, ticks: ints::get_ints(r, rows)?, exceptions }
        }
        Encoding::Ipv4 => {
            let values = ints::get_ints(r, rows)?.into_iter().map(|v| v as u32).collect();
            Column::Ipv4 { values, exceptions }
        }
        _ => read_hex(r, rows, exceptions)?,
    })
}

fn read_hex(r: &mut Reader<'_>, rows: usize, exceptions: Exceptions) -> Result<Column> {
    let width = r.u8()? as usize;
    let flags = r.u8()?;
    let bytes = get(r, rows * width)?;
    if width == 0 || bytes.len() != rows * width {
        return Err(Corrupt("a column of hex has the wrong length"));
    }
    Ok(Column::Hex { width, upper: flags & 1 != 0, dashes: flags & 2 != 0, bytes, exceptions })
}

fn read_pattern(r: &mut Reader<'_>, rows: usize, depth: u32) -> Result<Column> {
    let n = r.count(rows.min(PATTERNS_MAX))?;
    let variables = r.take(n)?;
    if variables.iter().any(|&v| v as usize > VARIABLES_MAX) {
        return Err(Corrupt("a pattern has too many variables"));
    }
    let literal_count = variables.iter().map(|&v| v as usize + 1).sum();
    let mut literals = {
        let all = Strings::read(r, literal_count)?;
        (0..literal_count).map(move |i| all.get(i).to_vec()).collect::<Vec<_>>().into_iter()
    };
    let ids = ids::read(r, rows, n + 1)?;
    let mut counts = vec![0u32; n + 1];
    let mut ranks = Vec::with_capacity(rows);
    for i in 0..rows {
        let id = ids.get(i) as usize;
        let count = counts.get_mut(id).ok_or(Corrupt("a pattern has no such number"))?;
        ranks.push(*count);
        *count += 1;
    }
    let rest_rows = r.count(rows)?;
    if counts.get(n).copied() != Some(rest_rows as u32) {
        return Err(Corrupt("texts without a pattern are not as many as they should be"));
    }
    let rest = Strings::read(r, rest_rows)?;
    let mut patterns = Vec::with_capacity(n);
    for (&variables, &rows) in variables.iter().zip(&counts) {
        let own: Strings = {
            let taken: Vec<Vec<u8>> = literals.by_ref().take(variables as usize + 1).collect();
            taken.iter().map(Vec::as_slice).collect()
        };
        let columns: Result<Vec<Column>> =
            (0..variables).map(|_| read(r, rows as usize, depth + 1)).collect();
        patterns.push(Pattern { literals: own, variables: columns? });
    }
    Ok(Column::Pattern { patterns, ids, ranks, rest })
}

const _: () = assert!(ROWS_MAX * 64 <= STREAM_BYTES_MAX, "a column of the widest hex fits a stream");
