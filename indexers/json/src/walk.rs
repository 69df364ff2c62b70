//! Walks JSON once, left to right, and pushes a range for each value it meets.

use gastrolog_index::scan::{end_of_quoted, is_time_key};
use gastrolog_index::{Escape, Name, NamePart, RangeSet, Span, TimeRole};

use crate::scalar::{end_of_scalar, skip_space};
use crate::skip::end_of_content;

/// How deep values are named. The content of deeper objects and arrays is one unnamed range each.
const DEPTH_MAX: u32 = 32;

/// How many members of objects and arrays are named in a record. What follows is one unnamed range for each
/// container that is open then, so that a huge record neither becomes a template nobody shares nor thousands of
/// columns.
const MEMBERS_MAX: u32 = 1024;

/// How many elements of an array are named. The rest is one unnamed range: arrays of many lengths would make as
/// many templates.
const ELEMENTS_MAX: u32 = 64;

/// Objects this deep (the top level is 0) may hold the time of the record.
const TIME_DEPTH_MAX: u32 = 1;

/// A walk over JSON. When it fails, [`Walk::at`] is a position up to which the text was read.
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    out: &'a mut RangeSet,
    members_left: u32,
}

impl<'a> Walk<'a> {
    /// A walk over the JSON that starts at `at`.
    pub(crate) fn new(text: &'a [u8], at: usize, out: &'a mut RangeSet) -> Walk<'a> {
        Walk { text, at, out, members_left: MEMBERS_MAX }
    }

    /// How far the walk has come.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Reads one object or array.
    pub(crate) fn document(&mut self) -> Option<()> {
        self.value(Name::ROOT, 0, TimeRole::No)
    }

    #[inline]
    fn value(&mut self, name: Name, depth: u32, time: TimeRole) -> Option<()> {
        match self.peek()? {
            b'"' => {
                let end = self.string()?;
                self.push(end.0, end.1, name, Escape::Json, time);
                Some(())
            }
            b'{' => self.object(name, depth),
            b'[' => self.array(name, depth),
            _ => {
                let start = self.at;
                self.at = end_of_scalar(self.text, start)?;
                self.push(start, self.at, name, Escape::None, time);
                Some(())
            }
        }
    }

    fn object(&mut self, name: Name, depth: u32) -> Option<()> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        while depth < DEPTH_MAX && self.take_member() {
            let (key, time) = self.key(name, depth)?;
            self.value(key, depth + 1, time)?;
            if self.ends(b'}')? {
                return Some(());
            }
        }
        self.rest(true)
    }

    fn array(&mut self, name: Name, depth: u32) -> Option<()> {
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        let element = self.out.name(name, NamePart::Element);
        let mut elements_left = ELEMENTS_MAX;
        while depth < DEPTH_MAX && elements_left > 0 && self.take_member() {
            elements_left -= 1;
            self.value(element, depth + 1, TimeRole::No)?;
            if self.ends(b']')? {
                return Some(());
            }
        }
        self.rest(false)
    }

    /// Reads `"key":`.
    #[inline]
    fn key(&mut self, parent: Name, depth: u32) -> Option<(Name, TimeRole)> {
        if self.peek()? != b'"' {
            return None;
        }
        let (start, end) = self.string()?;
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        let time = if depth <= TIME_DEPTH_MAX { time_role(self.text.get(start..end)?) } else { TimeRole::No };
        let part = NamePart::Key { start: start as u32, end: end as u32, escape: Escape::Json };
        Some((self.out.name(parent, part), time))
    }

    /// Reads a string; returns the range inside of its quotes.
    #[inline]
    fn string(&mut self) -> Option<(usize, usize)> {
        let start = self.at + 1;
        let Some(end) = end_of_quoted(self.text, start, b'"') else {
            self.at = self.text.len();
            return None;
        };
        self.at = end + 1;
        Some((start, end))
    }

    /// After a member: whether the container ends here. If not, there is a comma, and it is read.
    #[inline]
    fn ends(&mut self, closing: u8) -> Option<bool> {
        let b = self.peek()?;
        if b != b',' && b != closing {
            return None;
        }
        self.at += 1;
        Some(b == closing)
    }

    /// The members from here to the end of the container become one unnamed range.
    fn rest(&mut self, object: bool) -> Option<()> {
        self.peek()?;
        let end = end_of_content(self.text, self.at, object)?;
        self.push(self.at, end, Name::TEXT, Escape::None, TimeRole::No);
        self.at = end + 1;
        Some(())
    }

    #[inline]
    fn take_member(&mut self) -> bool {
        let left = self.members_left > 0;
        self.members_left -= u32::from(left);
        left
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let b = *self.text.get(self.at)?;
        if b > b' ' {
            return Some(b);
        }
        self.at = skip_space(self.text, self.at);
        self.text.get(self.at).copied()
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize, name: Name, escape: Escape, time: TimeRole) {
        self.out.push(Span { start: start as u32, end: end as u32, name, escape, time });
    }
}

/// `$date` is how extended JSON (MongoDB) wraps a time: `{"t":{"$date":"…"}}`.
#[inline]
fn time_role(key: &[u8]) -> TimeRole {
    if is_time_key(key) || key == b"$date" { TimeRole::Named } else { TimeRole::No }
}
