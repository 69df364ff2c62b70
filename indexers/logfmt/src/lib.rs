//! The logfmt indexer: `key=value key2="quoted \" value" key3= flag`, by the rules of go-logfmt.
//!
//! It claims a part only when all of it is logfmt. Text with a few pairs in it is for the kv indexer. A flag (a
//! word without `=`) is unnamed text: nothing says that the words vary little.
//!
//! **Invariant:** a key stands right before its `=`, outside of all ranges, so the template alone tells the names.

#[cfg(test)]
mod goldens;
mod tokens;

use std::ops::Range;

use gastrolog_index::scan::is_time_key;
use gastrolog_index::{Claim, Escape, Indexer, Name, NamePart, RangeSet, Span, TimeRole};

use tokens::{Token, Tokens};

/// A single pair may stand in any text; two that begin it make logfmt.
const PAIRS_MIN: usize = 2;

/// At most one token in so many may be a flag; in prose with some pairs there are more.
const TOKENS_PER_FLAG_MIN: usize = 4;

/// How many tokens of a record are named. What follows is one unnamed range, so that a huge record does not
/// become thousands of columns.
const TOKENS_MAX: usize = 1024;

/// Names the values of logfmt; see the crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogfmtIndexer;

impl Indexer for LogfmtIndexer {
    fn name(&self) -> &'static str {
        "logfmt"
    }

    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        match record.get(..part.end).and_then(|text| index(text, part.start, out)) {
            Some(()) => Claim::Yes,
            None => Claim::No,
        }
    }
}

/// Pushes the ranges of `text[at..]`; `None` if it is not logfmt.
fn index(text: &[u8], at: usize, out: &mut RangeSet) -> Option<()> {
    let mut tokens = Tokens::new(text, at);
    let (mut pairs, mut flags) = (0, 0);
    // Flags next to each other are one range: how many there are shall not make a template.
    let mut open_flags: Option<Range<usize>> = None;
    while pairs + flags < TOKENS_MAX {
        match tokens.next() {
            Some(Ok(Token::Pair { key, value, escape })) => {
                if escape == Escape::None && ends_like_a_list(text.get(value.clone())?) {
                    return None;
                }
                push_flags(open_flags.take(), out);
                push_pair(text, key, value, escape, out);
                pairs += 1;
            }
            Some(Ok(Token::Flag(_))) if pairs == 0 => return None,
            Some(Ok(Token::Flag(word))) => {
                let start = open_flags.map_or(word.start, |open| open.start);
                open_flags = Some(start..word.end);
                flags += 1;
            }
            Some(Err(_)) => return None,
            None => break,
        }
    }
    push_flags(open_flags, out);
    push_flags(tokens.rest(), out);
    (pairs >= PAIRS_MIN && flags * TOKENS_PER_FLAG_MIN <= pairs + flags).then_some(())
}

/// `a=1, b=2` is not logfmt: the commas would become part of the values.
fn ends_like_a_list(value: &[u8]) -> bool {
    matches!(value.last(), Some(b',' | b';'))
}

fn push_flags(words: Option<Range<usize>>, out: &mut RangeSet) {
    if let Some(words) = words {
        out.plain(words, Name::TEXT);
    }
}

#[inline]
fn push_pair(text: &[u8], key: Range<usize>, value: Range<usize>, escape: Escape, out: &mut RangeSet) {
    let time = if text.get(key.clone()).is_some_and(is_time_key) { TimeRole::Named } else { TimeRole::No };
    let part = NamePart::Key { start: key.start as u32, end: key.end as u32, escape: Escape::None };
    let name = out.name(Name::ROOT, part);
    out.push(Span { start: value.start as u32, end: value.end as u32, name, escape, time });
}
