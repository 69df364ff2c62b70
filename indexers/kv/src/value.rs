//! Where the value after a `=` or a `: ` ends.

use std::ops::Range;

use gastrolog_index::Escape;
use gastrolog_index::scan::end_of_quoted;
use gastrolog_types::words::is_word_byte;

use crate::key;

/// A value in brackets (`ids=[1, 2]`) that is longer is cut at white space like any other.
const BRACKETED_BYTES_MAX: usize = 256;

/// A value, by its positions.
pub(crate) struct Found {
    /// The value without its quotes.
    pub(crate) value: Range<usize>,
    /// How it is escaped.
    pub(crate) escape: Escape,
    /// One past its last byte, or past the closing quote.
    pub(crate) end: usize,
}

impl Found {
    fn plain(value: Range<usize>) -> Option<Found> {
        Some(Found { end: value.end, value, escape: Escape::None })
    }

    fn quoted(text: &[u8], start: usize, quote: u8) -> Option<Found> {
        let end = end_of_quoted(text, start, quote)?;
        Some(Found { value: start..end, escape: Escape::Quoted, end: end + 1 })
    }
}

/// The value that starts at `at`, after a `=`. `None` for `==`, `=>`, `=~`, a quote that is not closed, and a
/// bracket in which pairs stand: they are fields themselves.
#[inline]
pub(crate) fn after_equals(text: &[u8], at: usize) -> Option<Found> {
    match text.get(at) {
        None => Found::plain(at..at),
        Some(b'=' | b'>' | b'~') => None,
        Some(&quote @ (b'"' | b'\'')) => Found::quoted(text, at + 1, quote),
        Some(b'[' | b'{' | b'(') if key::stands_at(text, at + 1) => None,
        Some(b'[' | b'{' | b'(') => Found::plain(at..bracketed(text, at).unwrap_or_else(|| bare(text, at))),
        Some(_) => Found::plain(at..bare(text, at)),
    }
}

/// The value after `: `, where `at` is the position of the space. Much prose has a colon, so it must be quoted,
/// or one plain word that has a digit in it or ends its clause.
pub(crate) fn after_colon(text: &[u8], at: usize) -> Option<Found> {
    let start = at + 1;
    if let Some(&quote @ (b'"' | b'\'')) = text.get(start) {
        return Found::quoted(text, start + 1, quote);
    }
    let rest = text.get(start..)?;
    let run = rest.iter().position(|&b| !is_plain(b)).unwrap_or(rest.len());
    let word = trim_full_stop(rest.get(..run)?);
    let ends_clause = match rest.get(run) {
        Some(b',' | b';') => blank_at(rest, run + 1),
        after => matches!(after, None | Some(b')' | b']' | b'}' | b'\n' | b'\r')),
    };
    let is_value = ends_clause || (rest.get(run)? == &b' ' && word.iter().any(u8::is_ascii_digit));
    (is_value && word.iter().any(|&b| is_word_byte(b))).then(|| Found::plain(start..start + word.len()))?
}

fn is_plain(b: u8) -> bool {
    is_word_byte(b) || matches!(b, b'.' | b'-' | b'+' | b'%' | b'/' | b'@' | b'#' | b'$')
}

fn trim_full_stop(word: &[u8]) -> &[u8] {
    word.strip_suffix(b".").unwrap_or(word)
}

/// One past the bracket that closes the one at `at`, unless pairs stand inside.
fn bracketed(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let mut depth = 0;
    for (i, &b) in rest.iter().enumerate().take(BRACKETED_BYTES_MAX) {
        match b {
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth -= 1,
            b'=' | b'\n' => return None,
            _ => {}
        }
        if depth == 0 {
            return Some(at + i + 1);
        }
    }
    None
}

/// One past an unquoted value that starts at `start`: up to white space, a quote, a bracket that was not opened
/// in it, or a separator after which white space or the next key follows.
fn bare(text: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0u32;
    let mut is_path = false;
    while let Some(plain) = text.get(at..).and_then(|rest| rest.iter().position(|&b| SPECIAL[usize::from(b)]))
    {
        at += plain;
        let ends = match text.get(at) {
            Some(b',' | b';' | b'|') => blank_at(text, at + 1) || key::stands_at(text, at + 1),
            Some(b'&') => !is_path && key::stands_at(text, at + 1),
            Some(b')' | b']' | b'}') if depth > 0 => {
                depth -= 1;
                false
            }
            Some(b'(' | b'[' | b'{') => {
                depth += 1;
                false
            }
            Some(b'/' | b'?') => {
                is_path = true;
                false
            }
            _ => true,
        };
        if ends {
            return start + trim(text.get(start..at).unwrap_or(&[]));
        }
        at += 1;
    }
    start + trim(text.get(start..).unwrap_or(&[]))
}

/// The length of `run` without what ends a clause or a sentence after it.
fn trim(run: &[u8]) -> usize {
    let end = run.iter().rposition(|b| !matches!(b, b',' | b';')).map_or(0, |last| last + 1);
    match run.get(..end) {
        Some([.., before, b'.' | b':']) if is_word_byte(*before) => end - 1,
        _ => end,
    }
}

#[inline]
fn blank_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|&b| b <= b' ')
}

/// The bytes that an unquoted value is looked at closer for.
static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = matches!(
            b as u8,
            0..=b' '
                | b'"'
                | b','
                | b';'
                | b'|'
                | b'&'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'/'
                | b'?'
        );
        b += 1;
    }
    table
};
