//! `Oct 11 22:14:15 host tag[123]: message`, as RFC 3164 tells it and as others write it.

use std::ops::Range;

use gastrolog_index::RangeSet;
use gastrolog_types::TimeLayout;

use crate::header::{push_message, push_time, token};

/// How long a tag with its process may be.
const TAG_BYTES_MAX: usize = 128;
/// Messages that syslog daemons write without a tag.
const UNTAGGED: [&[u8]; 2] = [b"last message repeated ", b"message repeated "];

/// A header; ranges of what is not there are empty.
#[derive(Default)]
pub(crate) struct Header {
    time: Range<usize>,
    hostname: Range<usize>,
    tag: Tag,
    message: usize,
}

/// What wrote the message, and where the message starts.
#[derive(Default)]
struct Tag {
    appname: Range<usize>,
    procid: Range<usize>,
    end: usize,
}

impl Header {
    /// Names the ranges of the header, and the message behind it.
    pub(crate) fn push(self, text: &[u8], out: &mut RangeSet) {
        push_time(self.time, out);
        for (range, name) in
            [(self.hostname, "hostname"), (self.tag.appname, "appname"), (self.tag.procid, "procid")]
        {
            if !range.is_empty() {
                out.field(range, name);
            }
        }
        push_message(text, self.message, out);
    }
}

/// The header behind a priority. Only the time is a must; the host may be missing (Docker), or the tag.
pub(crate) fn read(text: &[u8], at: usize) -> Option<Header> {
    let (layout, bytes) = TimeLayout::detect(text.get(at..)?)?;
    if layout.has_year() && text.get(at + 10) != Some(&b'T') {
        return None;
    }
    let time = at..at + bytes;
    // Cisco puts a colon behind the time.
    let at = time.end + usize::from(text.get(time.end) == Some(&b':'));
    if text.get(at).is_some_and(|&b| b != b' ') {
        return None;
    }
    let at = skip_spaces(text, at);
    if let Some(tag) = tag(text, at) {
        return Some(Header { time, hostname: 0..0, message: tag.end, tag });
    }
    let Some(hostname) = token(text, at) else {
        return Some(Header { time, message: at, ..Header::default() });
    };
    let at = skip_spaces(text, hostname.end);
    let tag = tag(text, at).unwrap_or(Tag { end: at, ..Tag::default() });
    Some(Header { time, hostname, message: tag.end, tag })
}

/// A whole record without priority, as files have it: time, host and tag are all needed to believe it.
pub(crate) fn from_file(text: &[u8], at: usize, out: &mut RangeSet) -> Option<()> {
    let head = text.get(at..at + 20)?;
    let classic = (head[3], head[6], head[9], head[12]) == (b' ', b' ', b':', b':');
    let modern = (head[4], head[7], head[10], head[13]) == (b'-', b'-', b'T', b':');
    if !(classic || modern) || !may_have_host(&text[at + if modern { 19 } else { 15 }..]) {
        return None;
    }
    let (_, bytes) = TimeLayout::detect(&text[at..])?;
    let time = at..at + bytes;
    if text.get(time.end) != Some(&b' ') {
        return None;
    }
    let hostname = token(text, time.end + 1).filter(|host| is_host(&text[host.clone()]))?;
    let at = skip_spaces(text, hostname.end);
    let untagged =
        || UNTAGGED.iter().any(|m| text[at..].starts_with(m)).then(|| Tag { end: at, ..Tag::default() });
    let tag = tag(text, at).or_else(untagged)?;
    Header { time, hostname, message: tag.end, tag }.push(text, out);
    Some(())
}

/// Whether a host, or an offset from UTC, may follow the first space. Cheaper than to read the time, and refuses
/// most logs that only begin with one.
fn may_have_host(after_seconds: &[u8]) -> bool {
    let next = after_seconds.iter().position(|&b| b == b' ').and_then(|space| after_seconds.get(space + 1));
    next.is_some_and(|&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
}

fn is_host(token: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | 0x80..);
    token.first().is_some_and(u8::is_ascii_alphanumeric)
        && token.last() != Some(&b':')
        && token.iter().all(allowed)
}

fn skip_spaces(text: &[u8], at: usize) -> usize {
    let Some(rest) = text.get(at..) else { return text.len() };
    at + rest.iter().take_while(|&&b| b == b' ').count()
}

/// `tag: `, `tag[pid]: `, `tag[pid] `, `syslogd 1.4.1: ` or `-- root[1]: ` at `at`.
fn tag(text: &[u8], at: usize) -> Option<Tag> {
    let rest = text.get(at..)?;
    // The login program puts dashes before its name.
    let start = at + if rest.starts_with(b"-- ") { 3 } else { 0 };
    let window = &text[start..text.len().min(start + TAG_BYTES_MAX)];
    let mut from = 0;
    loop {
        let len = from + memchr::memchr3(b' ', b':', b'[', window.get(from..)?)?;
        let ends_here = |end: usize| window.get(end).is_none_or(|&b| b == b' ') && start + end <= text.len();
        match window[len] {
            b':' if len > 0 && ends_here(len + 1) => {
                return Some(done(text, start..start + len, 0..0, start + len + 1));
            }
            b'[' if len > 0 => {
                let pid = start + len + 1..start + len + 1 + pid_bytes(&window[len + 1..])?;
                let end = pid.end + 1;
                let colon = usize::from(text.get(end) == Some(&b':'));
                return ends_here(end + colon - start)
                    .then(|| done(text, start..start + len, pid, end + colon));
            }
            b' ' if len > 0 => {
                // A version between name and colon: `syslogd 1.4.1: restart.`
                let version =
                    window[len + 1..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
                let end = len + 1 + version;
                let fits = version > 0 && window.get(end) == Some(&b':') && ends_here(end + 1);
                return fits.then(|| done(text, start..start + end, 0..0, start + end + 1));
            }
            b':' if len > 0 => from = len + 1,
            _ => return None,
        }
    }
}

/// Bytes of a process id up to its closing bracket.
fn pid_bytes(inside: &[u8]) -> Option<usize> {
    let len = memchr::memchr3(b']', b' ', b'[', inside)?;
    (len > 0 && inside[len] == b']').then_some(len)
}

fn done(text: &[u8], appname: Range<usize>, procid: Range<usize>, end: usize) -> Tag {
    // One space belongs to the header; more of them are the message's own.
    let end = end + usize::from(text.get(end) == Some(&b' '));
    Tag { appname, procid, end }
}
