//! Keys of groups: the parts one after the other, in a form that is equal only for equal keys.

use std::cmp::Ordering;

use gastrolog_query::parse_number;
use gastrolog_types::Timestamp;

use crate::Value;
use crate::accumulate::whole_or_float;

const TIME: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const LACKING: u8 = 3;

/// The key of a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyBytes(pub(super) Vec<u8>);

impl KeyBytes {
    /// Appends the beginning of a time bin.
    pub(crate) fn push_time(&mut self, start: i64) {
        self.0.push(TIME);
        self.0.extend_from_slice(&start.to_le_bytes());
    }

    /// Appends the value of a field; empty where it is lacking.
    pub(crate) fn push_text(&mut self, value: &[u8]) {
        self.0.push(TEXT);
        self.0.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.0.extend_from_slice(value);
    }

    /// Appends the bin of a number that is written as `value`; an empty text for what is no number.
    pub(crate) fn push_bin(&mut self, value: &[u8], width: f64) {
        match parse_number(value) {
            Some(number) => {
                self.0.push(NUMBER);
                self.0.extend_from_slice(&number.bin(width).to_le_bytes());
            }
            None => self.push_text(&[]),
        }
    }

    /// Appends that the row lacks a field which it must have to count.
    pub(crate) fn push_lacking(&mut self) {
        self.0.push(LACKING);
    }

    /// A key that was made elsewhere.
    pub(crate) fn from_bytes(bytes: &[u8]) -> KeyBytes {
        KeyBytes(bytes.to_vec())
    }

    /// Its bytes: equal for equal keys.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends the parts of another key.
    pub(crate) fn extend(&mut self, other: &KeyBytes) {
        self.0.extend_from_slice(&other.0);
    }
}

/// A part of a key, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part<'a> {
    Time(i64),
    Text(&'a [u8]),
    Number(f64),
    Lacking,
}

impl Part<'_> {
    pub(super) fn value(self) -> Value {
        match self {
            Part::Time(time) => Value::Time(Timestamp(time)),
            Part::Text(text) => Value::Text(text.to_vec()),
            Part::Number(n) => whole_or_float(n),
            Part::Lacking => Value::Null,
        }
    }

    /// Times and numbers by value, texts by bytes; an empty text comes before a number.
    fn compare(self, other: Part<'_>) -> Ordering {
        match (self, other) {
            (Part::Time(a), Part::Time(b)) => a.cmp(&b),
            (Part::Text(a), Part::Text(b)) => a.cmp(b),
            (Part::Number(a), Part::Number(b)) => a.total_cmp(&b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Part::Lacking => 0,
            Part::Time(_) => 1,
            Part::Text(_) => 2,
            Part::Number(_) => 3,
        }
    }
}

/// The first part of a key, and the others.
pub(super) fn split_first(key: &[u8]) -> Option<(Part<'_>, &[u8])> {
    let (&kind, rest) = key.split_first()?;
    match kind {
        TIME => rest.split_first_chunk().map(|(time, rest)| (Part::Time(i64::from_le_bytes(*time)), rest)),
        NUMBER => rest.split_first_chunk().map(|(n, rest)| (Part::Number(f64::from_le_bytes(*n)), rest)),
        LACKING => Some((Part::Lacking, rest)),
        _ => {
            let (len, rest) = rest.split_first_chunk()?;
            let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            Some((Part::Text(text), rest))
        }
    }
}

/// The parts of a key.
pub(super) fn parts(mut key: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (part, rest) = split_first(key)?;
        key = rest;
        Some(part)
    })
}

/// The parts of a key as values.
pub(crate) fn key_values(key: &[u8]) -> Vec<Value> {
    parts(key).map(Part::value).collect()
}

/// The order of keys: by their parts.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let pairs = parts(a).zip(parts(b)).map(|(a, b)| a.compare(b));
    pairs.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The beginning of the bin that a time is in.
pub(crate) fn bin_of(time: i64, bin: i64) -> i64 {
    time.div_euclid(bin.max(1)).saturating_mul(bin.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(value: &str, width: f64) -> Value {
        let mut key = KeyBytes::default();
        key.push_bin(value.as_bytes(), width);
        parts(&key.0).next().map_or(Value::Null, Part::value)
    }

    #[test]
    fn numbers_fall_into_bins() {
        assert_eq!(bin("250", 100.0), Value::Int(200));
        assert_eq!(bin("-1", 100.0), Value::Int(-100));
        assert_eq!(bin("300", 100.0), Value::Int(300));
        assert_eq!(bin("299.99", 100.0), Value::Int(200));
        assert_eq!(bin("0.3", 0.1), Value::Float(0.3));
        assert_eq!(bin("0.35", 0.1), Value::Float(0.3));
        assert_eq!(bin("-0.05", 0.1), Value::Float(-0.1));
        assert_eq!(bin("7.6", 2.5), Value::Float(7.5));
        assert_eq!(bin("0.0", 2.5), Value::Int(0));
        assert_eq!(bin("x", 2.5), Value::Text(Vec::new()));
    }

    #[test]
    fn keys_order_by_their_parts() {
        let key = |time: i64, text: &str, number: &str| {
            let mut key = KeyBytes::default();
            key.push_time(time);
            key.push_text(text.as_bytes());
            key.push_bin(number.as_bytes(), 1.0);
            key.0
        };
        let rising = [
            key(-5, "z", "9"),
            key(1, "", "9"),
            key(1, "a", "x"),
            key(1, "a", "-2"),
            key(1, "a", "10"),
            key(1, "ab", "1"),
        ];
        for pair in rising.windows(2) {
            assert_eq!(compare(&pair[0], &pair[1]), Ordering::Less);
            assert_eq!(compare(&pair[0], &pair[0]), Ordering::Equal);
        }
    }
}
