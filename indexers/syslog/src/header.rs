//! What all forms of syslog have in common: priority, time, and the message at the end.

use std::ops::Range;

use gastrolog_index::{Escape, Name, NamePart, RangeSet, Span, TimeRole};
use gastrolog_types::words::is_word_byte;

/// Facility 23, severity 7.
const PRIORITY_MAX: u32 = 191;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The digits in `<191>` at `start`.
pub(crate) fn priority(text: &[u8], start: usize) -> Option<Range<usize>> {
    let inside = text.get(start..)?.strip_prefix(b"<")?;
    let digits = inside.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let value = inside[..digits].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    let fits = (1..=3).contains(&digits) && inside.get(digits) == Some(&b'>') && value <= PRIORITY_MAX;
    fits.then(|| start + 1..start + 1 + digits)
}

/// The bytes from `at` up to the next space, or the end; none when there are none.
pub(crate) fn token(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let len = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    (len > 0).then(|| at..at + len)
}

/// Names the time of the record.
pub(crate) fn push_time(range: Range<usize>, out: &mut RangeSet) {
    let name = out.name(Name::ROOT, NamePart::Static("timestamp"));
    out.push(Span {
        start: range.start as u32,
        end: range.end as u32,
        name,
        escape: Escape::None,
        time: TimeRole::Header,
    });
}

/// Names everything from `at` on as the message, and leaves its inside to the other indexers.
pub(crate) fn push_message(text: &[u8], at: usize, out: &mut RangeSet) {
    if at >= text.len() {
        return;
    }
    out.field(at..text.len(), "message");
    let mut inside = at;
    // A byte order mark is part of the first word, unless what follows is no word.
    if text[at..].starts_with(BYTE_ORDER_MARK) && text.get(at + 3).is_none_or(|&b| !is_word_byte(b)) {
        inside += BYTE_ORDER_MARK.len();
    }
    if inside < text.len() {
        out.leave(inside..text.len());
    }
}
