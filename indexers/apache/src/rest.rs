//! The request and what stands behind it.

use std::ops::Range;

use gastrolog_index::scan::find_near;
use gastrolog_index::{Name, RangeSet};

/// Names of the quoted fields behind the sizes, in order. nginx and its imitators put X-Forwarded-For third.
const QUOTED: [&str; 8] =
    ["referer", "user_agent", "http_x_forwarded_for", "extra1", "extra2", "extra3", "extra4", "extra5"];
/// Longest word taken for a request method.
const METHOD_BYTES_MAX: usize = 24;

/// Names the fields from the request on, whose opening quote is at `at`; none when no status follows it.
pub(crate) fn index(text: &[u8], at: usize, out: &mut RangeSet) -> Option<()> {
    let request = quoted(text, at);
    let status = request.end + 2..request.end + 5;
    let follows = text.get(request.end + 1) == Some(&b' ');
    if !follows || !is_status(text, status.clone()) {
        return None;
    }
    split_request(text, request, out);
    let status = if text[status.start] == b'-' { status.start..status.start + 1 } else { status };
    out.field(status.clone(), "status");
    let mut at = status.end;
    let bytes = bare(text, at + 1);
    let is_count = text[bytes.clone()].iter().all(u8::is_ascii_digit) || text[bytes.clone()] == *b"-";
    if is_count && !bytes.is_empty() {
        at = bytes.end;
        out.field(bytes, "bytes");
    }
    extras(text, at, out);
    Some(())
}

/// Three digits or `-`, and a space or the end.
fn is_status(text: &[u8], at: Range<usize>) -> bool {
    let ends = |end: usize| text.get(end).is_none_or(|&b| b == b' ');
    match text.get(at.start) {
        Some(b'-') => ends(at.start + 1),
        Some(b'0'..=b'9') => {
            text.get(at.clone()).is_some_and(|s| s.iter().all(u8::is_ascii_digit)) && ends(at.end)
        }
        _ => false,
    }
}

/// Names the fields behind the sizes: quoted ones by their order, bare ones as text. Words like `rt=0.1` are left
/// to those who know key=value.
fn extras(text: &[u8], mut at: usize, out: &mut RangeSet) {
    let mut names = QUOTED.into_iter();
    while at < text.len() {
        if text[at] == b' ' {
            at += 1;
            continue;
        }
        if text[at] == b'"' {
            let field = quoted(text, at);
            at = field.end + 1;
            match names.next() {
                Some(name) => out.field(field, name),
                None => out.plain(field, Name::TEXT),
            }
            continue;
        }
        let word = bare(text, at);
        if memchr::memchr(b'=', &text[word.clone()]).is_some() {
            out.leave(at..text.len());
            return;
        }
        at = word.end;
        out.plain(word, Name::TEXT);
    }
}

/// The inside of the quotes that open at `at`. They close at a quote without a backslash before it and with a
/// space or the end behind it; a line that was cut off has no closing quote, then the field runs to the end.
#[inline]
fn quoted(text: &[u8], at: usize) -> Range<usize> {
    let start = at + 1;
    let inside = text.get(start..).unwrap_or(&[]);
    for quote in memchr::memchr_iter(b'"', inside) {
        let closes = inside.get(quote + 1).is_none_or(|&b| b == b' ');
        if closes && !is_escaped(inside, quote) {
            return start..start + quote;
        }
    }
    start..text.len().max(start)
}

/// Whether an odd number of backslashes stands before `at`. Only a handful of them are looked at, to stay linear.
#[inline]
fn is_escaped(text: &[u8], at: usize) -> bool {
    const BACKSLASHES_MAX: usize = 64;
    text[..at].iter().rev().take(BACKSLASHES_MAX).take_while(|&&b| b == b'\\').count() % 2 == 1
}

/// The bytes from `at` to the next space or the end.
fn bare(text: &[u8], at: usize) -> Range<usize> {
    let at = at.min(text.len());
    at..find_near(text, at, b' ').unwrap_or(text.len())
}

/// Position of the last space. It is nearly always before `HTTP/1.1`.
#[inline]
fn last_space(line: &[u8]) -> Option<usize> {
    if let Some([b' ', version @ ..]) = line.last_chunk::<9>()
        && !version.contains(&b' ')
    {
        return Some(line.len() - 9);
    }
    memchr::memrchr(b' ', line)
}

/// `GET /path HTTP/1.1` in its parts, inside of a range for the whole; what has no method stays whole.
fn split_request(text: &[u8], request: Range<usize>, out: &mut RangeSet) {
    out.field(request.clone(), "request");
    let line = &text[request.clone()];
    let method =
        line.iter().take(METHOD_BYTES_MAX).take_while(|&&b| b.is_ascii_uppercase() || b == b'-' || b == b'_');
    let method = method.count();
    if method < 2 || line.get(method) != Some(&b' ') {
        return;
    }
    let path_start = method + 1;
    let protocol = last_space(line).filter(|&at| at > method && line[at + 1..].starts_with(b"HTTP/"));
    let path_end = protocol.unwrap_or(line.len());
    if path_end == path_start {
        return;
    }
    let at = |range: Range<usize>| request.start + range.start..request.start + range.end;
    out.field(at(0..method), "method");
    out.field(at(path_start..path_end), "path");
    if let Some(space) = protocol {
        out.field(at(space + 1..line.len()), "protocol");
    }
}
