//! The key=value indexer: a heuristic for pairs anywhere in free text.
//!
//! It finds `key=value`, `key="quoted"`, `key='quoted'` and, with more care, `key: value`. The words between the
//! pairs become unnamed text, so that messages do not multiply templates; only the head of a record, when a digit
//! is in it (a time, most often), is left to the indexers after this one.
//!
//! **Invariant:** a key stands right before its `=` or `: `, outside of all ranges, so the template alone tells
//! the names.

mod key;
mod pair;
mod value;

use std::ops::Range;

use gastrolog_index::scan::is_time_key;
use gastrolog_index::{Claim, Escape, Indexer, Name, NamePart, RangeSet, Span, TimeRole};
use gastrolog_types::words::is_word_byte;

use pair::Pair;

/// How many pairs of a record are named. What follows is one unnamed range, so that a huge record does not become
/// thousands of columns.
const PAIRS_MAX: usize = 1024;

/// Names the values of pairs in text; see the crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvIndexer;

impl Indexer for KvIndexer {
    fn name(&self) -> &'static str {
        "kv"
    }

    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        match record.get(..part.end).and_then(|text| index(text, part.start, out)) {
            Some(()) => Claim::Yes,
            None => Claim::No,
        }
    }
}

/// Pushes the ranges of `text[start..]`; `None` if there is no pair in it.
fn index(text: &[u8], start: usize, out: &mut RangeSet) -> Option<()> {
    let first = pair::next(text, start, start)?;
    push_head(text, start..first.key.start, out);
    let mut end = first.end;
    push_pair(text, first, out);
    for _ in 1..PAIRS_MAX {
        let Some(pair) = pair::next(text, start, end) else { break };
        push_words(text, end..pair.key.start, out);
        end = pair.end;
        push_pair(text, pair, out);
    }
    push_words(text, end..text.len(), out);
    Some(())
}

fn push_head(text: &[u8], head: Range<usize>, out: &mut RangeSet) {
    let bytes = text.get(head.clone()).unwrap_or(&[]);
    if !bytes.iter().any(u8::is_ascii_digit) {
        return push_words(text, head, out);
    }
    // The bracket before a time tells what it is, so the front is cut by white space only.
    let start = head.end - bytes.trim_ascii_start().len();
    let words = bytes.iter().rposition(|&b| is_word_byte(b)).map_or(head.start, |last| head.start + last + 1);
    out.leave(start..words);
}

/// Pushes what stands in `gap` as unnamed text, without the separators around it.
#[inline]
fn push_words(text: &[u8], gap: Range<usize>, out: &mut RangeSet) {
    let bytes = text.get(gap.clone()).unwrap_or(&[]);
    let first = bytes.iter().position(|&b| is_word_byte(b));
    let last = bytes.iter().rposition(|&b| is_word_byte(b));
    if let (Some(first), Some(last)) = (first, last) {
        out.plain(gap.start + first..gap.start + last + 1, Name::TEXT);
    }
}

#[inline]
fn push_pair(text: &[u8], pair: Pair, out: &mut RangeSet) {
    let Pair { key, value, escape, .. } = pair;
    let time = if text.get(key.clone()).is_some_and(is_time_key) { TimeRole::Named } else { TimeRole::No };
    let part = NamePart::Key { start: key.start as u32, end: key.end as u32, escape: Escape::None };
    let name = out.name(Name::ROOT, part);
    out.push(Span { start: value.start as u32, end: value.end as u32, name, escape, time });
}
