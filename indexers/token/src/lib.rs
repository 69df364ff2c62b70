//! gastrolog-indexer-token: free text. Names a leading timestamp and the level after it; what remains is text.
//!
//! It claims every record, so it comes last. Finding what varies within the text is not its work: that takes many
//! records, and the store sees them together.

mod level;
#[cfg(test)]
mod tests;

use std::ops::Range;

use gastrolog_index::{Claim, Escape, Indexer, Name, NamePart, RangeSet, Span, TimeRole};
use gastrolog_types::TimeLayout;

/// The indexer of free text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Token;

impl Indexer for Token {
    fn name(&self) -> &'static str {
        "token"
    }

    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        let text = record.get(..part.end).unwrap_or(record);
        // A carriage return before the line feed would make the last word of every record its own.
        let text = text.strip_suffix(b"\r").filter(|t| t.len() >= part.start).unwrap_or(text);
        match time_range(text, part.start) {
            Some(time) => after_time(text, time, out),
            None => push_text(part.start..text.len(), out),
        }
        Claim::Yes
    }
}

/// The timestamp at `start`, which may stand in brackets.
fn time_range(text: &[u8], start: usize) -> Option<Range<usize>> {
    let first = *text.get(start)?;
    let start = if first == b'[' { start + 1 } else { start };
    let (_, bytes) = TimeLayout::detect(text.get(start..)?)?;
    Some(start..start + bytes)
}

fn after_time(text: &[u8], time: Range<usize>, out: &mut RangeSet) {
    let name = out.name(Name::ROOT, NamePart::Static("time"));
    out.push(Span {
        start: time.start as u32,
        end: time.end as u32,
        name,
        escape: Escape::None,
        time: TimeRole::Header,
    });
    let mut at = time.end;
    if let Some(level) = level::find(text, time.end) {
        let between = trim(text, time.end..level.start);
        if !between.is_empty() {
            push_text(between, out);
        }
        at = level.end;
        out.field(level, "level");
    }
    // Padding and closing punctuation go to the template, so that the text starts at its first word.
    let skipped =
        text[at..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b']' | b':' | b',' | b'|')).count();
    if at + skipped < text.len() {
        push_text(at + skipped..text.len(), out);
    }
}

/// The range without the punctuation around it.
fn trim(text: &[u8], range: Range<usize>) -> Range<usize> {
    let bytes = &text[range.clone()];
    let first = bytes.iter().position(|&b| !level::is_gap(b)).unwrap_or(bytes.len());
    let last = bytes.iter().rposition(|&b| !level::is_gap(b)).map_or(first, |at| at + 1);
    range.start + first..range.start + last
}

/// Adds a range of text, unless an outer range already says as much (the message of a syslog record).
fn push_text(range: Range<usize>, out: &mut RangeSet) {
    let covered = out.spans().iter().any(|s| (s.start as usize, s.end as usize) == (range.start, range.end));
    if !covered {
        out.plain(range, Name::TEXT);
    }
}
