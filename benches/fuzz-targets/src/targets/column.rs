//! Columns: hostile bytes, and values that must come back.

use gastrolog_format::Compressor;
use gastrolog_format::column::{Column, Texts, Values, cut_variables, decode, encode};
use gastrolog_format::words::WordSet;

use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] = &[
    Target::new("column_decode", run_decode, decode_seeds).with_streams(),
    Target::new("column_round_trip", round_trip, || samples().into_iter().map(|v| v.join(&b'\n')).collect()),
    Target::new("cut_variables", cut, || lines("app.log", 8)),
];

/// Bytes of values that are written out of one column.
const WRITTEN_BYTES_MAX: usize = 32 << 20;

/// Values that each encoding likes.
fn samples() -> Vec<Vec<Vec<u8>>> {
    let many = |make: &dyn Fn(usize) -> String| (0..40).map(|i| make(i).into_bytes()).collect();
    vec![
        many(&|_| "same".into()),
        many(&|i| ["GET", "POST", "PUT"].get(i % 3).map_or(String::new(), |m| (*m).into())),
        many(&|i| (i * 7919).to_string()),
        many(&|i| format!("{}.{:02}", i * 31, i)),
        many(&|i| format!("2026-11-10T10:00:{:02}.{:03}Z", i % 60, i)),
        many(&|i| format!("{:032x}", i * 0x9E37_79B9)),
        many(&|i| format!("10.0.{i}.{}", i * 5)),
        many(&|i| format!("user {} logged in from 10.0.0.{i} after {i}ms", i * 3)),
        many(&|i| "x y z ".repeat(i)),
        many(&|i| if i % 9 == 0 { "-".into() } else { i.to_string() }),
    ]
}

fn encoded(values: &[Vec<u8>]) -> Vec<u8> {
    let text = values.concat();
    let mut at = 0;
    let mut range = |v: &Vec<u8>| {
        at += v.len() as u32;
        (at - v.len() as u32, at)
    };
    let ranges: Vec<(u32, u32)> = values.iter().map(&mut range).collect();
    let mut out = Vec::new();
    encode(Values { text: &text, ranges: &ranges }, &mut Compressor::new(1), &mut WordSet::new(), &mut out);
    out
}

fn decode_seeds() -> Vec<Vec<u8>> {
    let seed = |values: Vec<Vec<u8>>| {
        let mut seed = (values.len() as u16).to_le_bytes().to_vec();
        seed.extend(encoded(&values));
        seed
    };
    samples().into_iter().map(seed).collect()
}

/// The first two bytes are the number of rows.
fn run_decode(data: &[u8]) {
    let Some((rows, bytes)) = data.split_first_chunk::<2>() else { return };
    let rows = usize::from(u16::from_le_bytes(*rows));
    let _ = Texts::read(bytes, rows);
    let Ok(column) = decode(bytes, rows) else { return };
    column.memory_bytes();
    write_rows(&column, usize::MAX);
}

/// Writes the values of the first `rows` rows, as far as they are not many bytes: one of 256 MiB may stand in each row.
pub(crate) fn write_rows(column: &Column, rows: usize) {
    let (mut out, mut written) = (Vec::new(), 0);
    for row in 0..=column.len().min(rows) {
        out.clear();
        column.write(row, &mut out);
        written += out.len();
        if written > WRITTEN_BYTES_MAX {
            return;
        }
    }
}

fn round_trip(data: &[u8]) {
    let values: Vec<Vec<u8>> = data.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
    let column = decode(&encoded(&values), values.len());
    let Ok(column) = column else { panic!("what was written cannot be read: {column:?}") };
    assert_eq!(column.len(), values.len());
    let mut scratch = Vec::new();
    for (row, value) in values.iter().enumerate() {
        assert_eq!(column.value(row, &mut scratch), value, "row {row} of {:?}", column.encoding());
    }
}

fn cut(data: &[u8]) {
    let mut cuts = Vec::new();
    cut_variables(data, &mut cuts);
    let mut before = 0;
    for (start, end) in cuts {
        assert!(before <= start && start <= end && end as usize <= data.len(), "{start}..{end}");
        before = end;
    }
}
