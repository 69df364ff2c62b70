//! Where in a part of a record the JSON stands: all of it, or an object with text before or after it.

use std::ops::Range;

use gastrolog_index::RangeSet;

use crate::walk::Walk;

/// How many places that look like the start of an object are tried. Text that holds more braces is hardly JSON.
const CANDIDATES_MAX: u32 = 2;

/// Indexes the part if it is, or holds, JSON; leaves the text around it to other indexers.
pub(crate) fn index(record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Option<()> {
    let text = record.get(..part.end)?;
    let first = part.start + text.get(part.start..)?.iter().position(|b| !b.is_ascii_whitespace())?;
    let mut look_from = first;
    let mut candidates = CANDIDATES_MAX;
    if matches!(text.get(first), Some(b'{' | b'[')) {
        let mark = out.mark();
        let mut walk = Walk::new(text, first, out);
        let read = walk.document();
        let end = walk.at();
        // An array with text after it is more likely `[main]` or `[12.5]` at the head of a line of text.
        let whole = blank(text, end);
        if read.is_some() && (whole || text.get(first) == Some(&b'{')) {
            leave_trimmed(text, end..part.end, out);
            return Some(());
        }
        out.rollback(mark);
        look_from = end.max(first + 1);
        candidates -= 1;
    }
    for _ in 0..candidates {
        let start = find_object(text, look_from)?;
        let mark = out.mark();
        let mut walk = Walk::new(text, start, out);
        let read = walk.document();
        let end = walk.at();
        if read.is_some() {
            leave_trimmed(text, part.start..start, out);
            leave_trimmed(text, end..part.end, out);
            return Some(());
        }
        out.rollback(mark);
        // Not inside of what was just read: the tail of a cut-off record would be named as if it stood alone.
        look_from = end.max(start + 1);
    }
    None
}

/// Position of the next `{"` from `at` on.
fn find_object(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(b'{', text.get(at..)?)?;
        if text.get(at + 1) == Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

fn blank(text: &[u8], from: usize) -> bool {
    text.get(from..).is_none_or(|t| t.iter().all(u8::is_ascii_whitespace))
}

/// Leaves `range` to other indexers without the white space around it; not at all if nothing else is in it.
fn leave_trimmed(text: &[u8], range: Range<usize>, out: &mut RangeSet) {
    let bytes = text.get(range.clone()).unwrap_or(&[]);
    let start = range.end - bytes.trim_ascii_start().len();
    let end = range.start + bytes.trim_ascii_end().len();
    if start < end {
        out.leave(start..end);
    }
}
