//! What stands before the request: who asked, and when.

use std::ops::Range;

use gastrolog_index::scan::find_near;
use gastrolog_index::{Escape, Name, NamePart, RangeSet, Span, TimeRole};

/// How far into a record the bracket of the time is looked for.
const HEAD_BYTES_MAX: usize = 1024;
/// Longest time in brackets: `10/Oct/2025:13:55:36.123456 +0000`.
const TIME_BYTES_MAX: usize = 40;

/// Names the fields up to the time; where the request starts (at its quote), or none when this is no access log.
pub(crate) fn index(text: &[u8], start: usize, out: &mut RangeSet) -> Option<usize> {
    // Addresses and host names start with one of these; JSON, syslog priorities and most prose do not get far.
    let first = *text.get(start)?;
    if !(first.is_ascii_alphanumeric() || matches!(first, b':' | b'-' | b'_' | b'*')) {
        return None;
    }
    let time = time_range(text, start)?;
    let request = time.end + 2;
    if text.get(time.end + 1..=request) != Some(b" \"") {
        return None;
    }
    names_before(text, start..time.start - 2, out)?;
    let name = out.name(Name::ROOT, NamePart::Static("time"));
    out.push(Span {
        start: time.start as u32,
        end: time.end as u32,
        name,
        escape: Escape::None,
        time: TimeRole::Header,
    });
    Some(request)
}

/// The time between ` [` and `]`, by its shape.
fn time_range(text: &[u8], start: usize) -> Option<Range<usize>> {
    let window = &text[start..text.len().min(start + HEAD_BYTES_MAX)];
    memchr::memchr_iter(b'[', window).find_map(|at| {
        let open = start + at;
        let inside = text.get(open + 1..)?;
        let shaped =
            inside.get(2) == Some(&b'/') && inside.get(6) == Some(&b'/') && inside.get(11) == Some(&b':');
        if !shaped || at == 0 || text[open - 1] != b' ' {
            return None;
        }
        let len = match inside.get(26) {
            Some(b']') => 26,
            _ => memchr::memchr(b']', &inside[..inside.len().min(TIME_BYTES_MAX)])?,
        };
        Some(open + 1..open + 1 + len)
    })
}

/// `remote ident user`, or `vhost remote ident user`; a user may contain spaces.
fn names_before(text: &[u8], head: Range<usize>, out: &mut RangeSet) -> Option<()> {
    let (first, rest) = token(text, &head)?;
    let (second, rest) = token(text, &rest)?;
    // An ident is almost always `-`, an address never: with four words the first is the virtual host.
    if text[second.clone()] == *b"-" || memchr::memchr(b' ', &text[rest.clone()]).is_none() {
        out.field(first, "remote_addr");
        out.field(second, "ident");
        out.field(rest, "user");
        return Some(());
    }
    let (ident, user) = token(text, &rest)?;
    vhost(text, first, out);
    out.field(second, "remote_addr");
    out.field(ident, "ident");
    out.field(user, "user");
    Some(())
}

/// The bytes up to the next space, and what follows the space.
fn token(text: &[u8], range: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let space = find_near(&text[..range.end], range.start, b' ')?;
    (space > range.start).then(|| (range.start..space, space + 1..range.end))
}

/// A virtual host, its port apart.
fn vhost(text: &[u8], range: Range<usize>, out: &mut RangeSet) {
    let Some(colon) = memchr::memrchr(b':', &text[range.clone()]).map(|at| range.start + at) else {
        return out.field(range, "vhost");
    };
    let port = colon + 1..range.end;
    if port.is_empty() || colon == range.start || !text[port.clone()].iter().all(u8::is_ascii_digit) {
        return out.field(range, "vhost");
    }
    out.field(range.start..colon, "vhost");
    out.field(port, "port");
}
