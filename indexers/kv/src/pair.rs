//! Finds the next pair in a text.

use std::ops::Range;

use gastrolog_index::Escape;

use crate::{key, value};

/// A pair, by its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The key.
    pub(crate) key: Range<usize>,
    /// The value without its quotes.
    pub(crate) value: Range<usize>,
    /// [`Escape::Quoted`] if the value stands in quotes.
    pub(crate) escape: Escape,
    /// One past the pair, quotes included.
    pub(crate) end: usize,
}

/// The first pair at `floor` or later. The text begins at `start`; a pair before this one ended at `floor`.
pub(crate) fn next(text: &[u8], start: usize, floor: usize) -> Option<Pair> {
    let mut at = floor;
    loop {
        at += memchr::memchr2(b'=', b':', text.get(at..)?)?;
        let value = match text.get(at) {
            Some(b'=') => key_and(text, start, floor, at, value::after_equals),
            _ if text.get(at + 1) == Some(&b' ') => key_and(text, start, floor, at, value::after_colon),
            _ => None,
        };
        if value.is_some() {
            return value;
        }
        at += 1;
    }
}

#[inline]
fn key_and(
    text: &[u8],
    start: usize,
    floor: usize,
    at: usize,
    value: fn(&[u8], usize) -> Option<value::Found>,
) -> Option<Pair> {
    let key = key::before(text, start, floor, at)?;
    let value::Found { value, escape, end } = value(text, at + 1)?;
    Some(Pair { key, value, escape, end })
}
