//! Columns for tests.

use gastrolog_format::Compressor;
use gastrolog_format::column::{Column, Values, decode, encode};
use gastrolog_format::words::WordSet;
use proptest::prelude::*;

/// The values as a column, encoded as they would be in a row group.
pub(crate) fn column(values: &[String]) -> Column {
    let mut text = Vec::new();
    let mut ranges = Vec::new();
    for value in values {
        let start = text.len() as u32;
        text.extend_from_slice(value.as_bytes());
        ranges.push((start, text.len() as u32));
    }
    let mut out = Vec::new();
    let values = Values { text: &text, ranges: &ranges };
    encode(values, &mut Compressor::new(1), &mut WordSet::default(), &mut out);
    decode(&out, ranges.len()).unwrap()
}

/// Values of one field, of several kinds.
pub(crate) fn texts() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        proptest::collection::vec("/(user|item)/[0-9]{1,2}(/x-[a-c0-9]{2}/y)?", 1..400),
        proptest::collection::vec("-?[0-9]{1,3}|[0-9]{5,12}|x", 1..400),
        proptest::collection::vec("[0-9]{1,2}\\.[0-9]{1,2}", 1..400),
        proptest::collection::vec("[a-c]{0,3}", 1..100),
        proptest::collection::vec("10\\.0\\.[0-9]\\.[0-9]", 300..400),
        proptest::collection::vec("[0-9a-f]{8}", 1..50),
    ]
}
