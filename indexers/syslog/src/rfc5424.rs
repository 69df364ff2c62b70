//! `1 2003-10-11T22:14:15.003Z host app procid msgid [sd@1 a="b"] message`, the part behind the priority.

use std::ops::Range;

use gastrolog_index::{Escape, Name, NamePart, RangeSet, Span, TimeRole};
use gastrolog_types::TimeLayout;

use crate::header::{push_message, push_time, token};

/// Names of the tokens between the time and the structured data.
const NAMES: [&str; 4] = ["hostname", "appname", "procid", "msgid"];

/// A header that was found to be well-formed; ranges of nil values are empty.
pub(crate) struct Header {
    time: Range<usize>,
    tokens: [Range<usize>; 4],
    structured_data: Range<usize>,
}

/// Checks the header whose version stands at `at`.
pub(crate) fn read(text: &[u8], at: usize) -> Option<Header> {
    let version = token(text, at)?;
    let version_fits =
        version.len() <= 3 && text[at] != b'0' && text[version.clone()].iter().all(u8::is_ascii_digit);
    if !version_fits {
        return None;
    }
    let time = token(text, version.end + 1)?;
    let written = &text[time.clone()];
    if written != b"-" && TimeLayout::detect_whole(written).is_none() && !looks_like_time(written) {
        return None;
    }
    let (mut tokens, mut end) = ([0..0, 0..0, 0..0, 0..0], time.end);
    for slot in &mut tokens {
        let word = token(text, end + 1)?;
        end = word.end;
        if text[word.clone()] != *b"-" {
            *slot = word;
        }
    }
    let time = if written == b"-" { 0..0 } else { time };
    let start = end + 1;
    let end = structured_data_end(text, start)?;
    let ends = text.get(end).is_none_or(|&b| b == b' ');
    ends.then_some(Header { time, tokens, structured_data: start..end })
}

/// A time that cannot be one (a leap second, a zone in lower case) is still the field it stands in.
fn looks_like_time(written: &[u8]) -> bool {
    matches!(written, [a, b, c, d, b'-', _, _, b'-', ..] if [a, b, c, d].iter().all(|b| b.is_ascii_digit()))
}

impl Header {
    /// Names the ranges of the header, and the message behind it.
    pub(crate) fn push(self, text: &[u8], out: &mut RangeSet) {
        if !self.time.is_empty() {
            push_time(self.time, out);
        }
        for (range, name) in self.tokens.into_iter().zip(NAMES) {
            if !range.is_empty() {
                out.field(range, name);
            }
        }
        let message = self.structured_data.end + 1;
        push_structured_data(text, self.structured_data, out);
        push_message(text, message, out);
    }
}

/// One parameter: where its name and its value are.
struct Param {
    name: Range<usize>,
    value: Range<usize>,
}

/// Where the structured data that starts at `at` ends; none when it is malformed.
fn structured_data_end(text: &[u8], mut at: usize) -> Option<usize> {
    if text.get(at) == Some(&b'-') {
        return Some(at + 1);
    }
    let start = at;
    while text.get(at) == Some(&b'[') {
        at = name(text, at + 1)?.end;
        while let Some(param) = param(text, at) {
            at = param.value.end + 1;
        }
        if text.get(at) != Some(&b']') {
            return None;
        }
        at += 1;
    }
    (at > start).then_some(at)
}

/// Names the values of structured data that [`structured_data_end`] has checked.
fn push_structured_data(text: &[u8], range: Range<usize>, out: &mut RangeSet) {
    let mut at = range.start;
    while at < range.end && text[at] == b'[' {
        let Some(id) = name(text, at + 1) else { return };
        at = id.end;
        let element = out.name(Name::ROOT, key(id));
        while let Some(param) = param(text, at) {
            at = param.value.end + 1;
            let name = out.name(element, key(param.name));
            out.push(Span {
                start: param.value.start as u32,
                end: param.value.end as u32,
                name,
                escape: Escape::StructuredData,
                time: TimeRole::No,
            });
        }
        at += 1;
    }
}

fn key(range: Range<usize>) -> NamePart {
    NamePart::Key { start: range.start as u32, end: range.end as u32, escape: Escape::None }
}

/// An id or the name of a parameter: printable, without `=`, `]`, `"` and space.
fn name(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let len = rest.iter().take_while(|b| !matches!(b, 0..=b' ' | b'=' | b']' | b'"' | 0x7f..)).count();
    (len > 0).then(|| at..at + len)
}

/// ` name="value"` at `at`; the value ends at the first quote without a backslash before it.
fn param(text: &[u8], at: usize) -> Option<Param> {
    if text.get(at) != Some(&b' ') {
        return None;
    }
    let name = name(text, at + 1)?;
    if text.get(name.end..name.end + 2) != Some(b"=\"") {
        return None;
    }
    let start = name.end + 2;
    let mut end = start;
    loop {
        end += memchr::memchr2(b'"', b'\\', text.get(end..)?)?;
        if text[end] == b'"' {
            return Some(Param { name, value: start..end });
        }
        end += 2;
    }
}
