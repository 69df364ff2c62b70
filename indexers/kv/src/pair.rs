//! Finds the next pair in a text.

use std::ops::Range;

use gastrolog_index::Escape;
use gastrolog_index::scan::find_either;

use crate::key;
use crate::value::{self, Found};

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
#[inline]
pub(crate) fn next(text: &[u8], start: usize, floor: usize) -> Option<Pair> {
    let mut from = floor;
    loop {
        let at = find_either(text, from, b'=', b':')?;
        let pair = if text.get(at) == Some(&b'=') {
            with_equals(text, start, floor, at)
        } else if text.get(at + 1) == Some(&b' ') {
            with_colon(text, start, floor, at)
        } else {
            None
        };
        if pair.is_some() {
            return pair;
        }
        from = at + 1;
    }
}

#[inline]
fn with_equals(text: &[u8], start: usize, floor: usize, at: usize) -> Option<Pair> {
    let key = key::before(text, start, floor, at)?;
    let Found { value, escape, end } = value::after_equals(text, at + 1)?;
    Some(Pair { key, value, escape, end })
}

/// A key with a dot in it is more likely the name of a class before its message, unless the value is quoted.
fn with_colon(text: &[u8], start: usize, floor: usize, at: usize) -> Option<Pair> {
    let key = key::before(text, start, floor, at)?;
    let Found { value, escape, end } = value::after_colon(text, at + 1)?;
    let dotted = escape == Escape::None && text.get(key.clone())?.contains(&b'.');
    (!dotted).then_some(Pair { key, value, escape, end })
}
