//! What a key looks like, read backwards from its `=` and forwards.

use std::ops::Range;

use gastrolog_types::words::is_word_byte;

/// Longer ones are not keys. Bounds how far is looked back.
const KEY_BYTES_MAX: usize = 64;

/// The key that ends at `end` and starts at `floor` or later. It must begin with a letter or `_`, at the start of
/// the text or after something that separates words: so the parameters of a URL are not taken for pairs.
///
/// `start` is where the text starts; at `floor` the pair before ended, after which a `&` separates as well.
pub(crate) fn before(text: &[u8], start: usize, floor: usize, end: usize) -> Option<Range<usize>> {
    let low = floor.max(end.saturating_sub(KEY_BYTES_MAX));
    let run = text.get(low..end)?;
    let first = low + run.iter().rposition(|&b| !is_key_byte(b)).map_or(0, |i| i + 1);
    if first == end || !begins_key(text[first]) {
        return None;
    }
    let separated = match first.checked_sub(1).and_then(|i| text.get(i)) {
        _ if first == start => true,
        Some(b'&') => first == floor + 1 && floor > start,
        Some(&b) => separates(b),
        None => true,
    };
    separated.then_some(first..end)
}

/// Whether `key=` stands at `at`.
pub(crate) fn stands_at(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or(&[]);
    let key_bytes = rest.iter().take(KEY_BYTES_MAX + 1).take_while(|&&b| is_key_byte(b)).count();
    rest.first().is_some_and(|&b| begins_key(b)) && rest.get(key_bytes) == Some(&b'=')
}

fn separates(b: u8) -> bool {
    b <= b' ' || matches!(b, b',' | b';' | b'(' | b'[' | b'{' | b'"' | b'|')
}

fn begins_key(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

#[inline]
fn is_key_byte(b: u8) -> bool {
    KEY[usize::from(b)]
}

static KEY: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        table[b] = is_word_byte(c) || c == b'-' || c == b'.';
        b += 1;
    }
    table
};
