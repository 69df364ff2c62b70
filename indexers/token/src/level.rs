//! Finds the level word that follows a timestamp.

use std::ops::Range;

use gastrolog_types::words::is_word_byte;

/// Words of digits, and names in brackets, that may stand between time and level (process, thread).
const TOKENS_MAX: usize = 2;
/// Longest name in brackets that is stepped over.
const BRACKET_BYTES_MAX: usize = 64;
/// How far after the time a level may start; bounds the look at padding.
const GAP_BYTES_MAX: usize = 200;

const LEVELS: [&[u8]; 15] = [
    b"TRACE",
    b"DEBUG",
    b"INFO",
    b"NOTICE",
    b"WARN",
    b"WARNING",
    b"ERROR",
    b"ERR",
    b"CRIT",
    b"CRITICAL",
    b"FATAL",
    b"SEVERE",
    b"ALERT",
    b"EMERG",
    b"PANIC",
];

/// Whether `b` is punctuation that may stand between time and level.
pub(crate) fn is_gap(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'[' | b']' | b'(' | b')' | b'-' | b',' | b':' | b'|')
}

/// The level after the time that ends at `start`: `- INFO`, `148 INFO`, `[main] WARN`, `] [error]`, `] [core:error]`.
pub(crate) fn find(text: &[u8], start: usize) -> Option<Range<usize>> {
    let text = &text[..text.len().min(start + GAP_BYTES_MAX)];
    let mut at = start;
    for _ in 0..=TOKENS_MAX {
        at += text[at..].iter().take_while(|&&b| is_gap(b)).count();
        let word = word_at(text, at);
        if is_level(text, &word) {
            return Some(word);
        }
        at = match in_brackets(text, at) {
            Some(inside) => match last_word_level(text, &inside) {
                Some(level) => return Some(level),
                None => inside.end,
            },
            None if !word.is_empty() && text[word.clone()].iter().all(u8::is_ascii_digit) => word.end,
            None => return None,
        };
    }
    None
}

fn word_at(text: &[u8], at: usize) -> Range<usize> {
    at..at + text[at..].iter().take_while(|&&b| is_word_byte(b)).count()
}

/// A whole word that names a level and is not the key of a value.
fn is_level(text: &[u8], word: &Range<usize>) -> bool {
    let is_key = text.get(word.end) == Some(&b'=');
    (3..=8).contains(&word.len())
        && !is_key
        && LEVELS.iter().any(|l| l.eq_ignore_ascii_case(&text[word.clone()]))
}

/// From `at` to the closing bracket, when an opening one stands right before it.
fn in_brackets(text: &[u8], at: usize) -> Option<Range<usize>> {
    let opened = at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'[');
    let window = &text[at..text.len().min(at + BRACKET_BYTES_MAX)];
    let close = memchr::memchr2(b']', b'[', window)?;
    (opened && close > 0 && window[close] == b']').then(|| at..at + close)
}

/// The level in `module:level`, as Apache writes it.
fn last_word_level(text: &[u8], inside: &Range<usize>) -> Option<Range<usize>> {
    let colon = inside.start + memchr::memrchr(b':', &text[inside.clone()])?;
    let word = word_at(text, colon + 1);
    (word.end == inside.end && is_level(text, &word)).then_some(word)
}
