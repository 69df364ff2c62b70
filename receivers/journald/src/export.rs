//! Parses the journal export format as it arrives, in pieces of any size.
//!
//! ```text
//!     NAME=value LF                                       a field of text
//!     NAME LF, 64-bit little-endian length, bytes, LF     a field of any bytes
//!     LF                                                  the end of the entry
//! ```

use std::ops::Range;

/// What an entry may hold.
#[derive(Clone, Copy, Debug)]
pub struct ExportLimits {
    /// The rest of a longer value is dropped.
    pub value_bytes_max: usize,
    /// Fields beyond it are dropped.
    pub entry_bytes_max: usize,
    /// Fields beyond it are dropped.
    pub fields_max: usize,
}

impl Default for ExportLimits {
    fn default() -> Self {
        ExportLimits { value_bytes_max: 1 << 20, entry_bytes_max: 4 << 20, fields_max: 1024 }
    }
}

/// A longer binary field is none: the journal itself takes 768 MiB.
const BINARY_BYTES_MAX: u64 = 1 << 30;

/// One entry.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its fields are in here; all of it as it came, but for what was dropped.
    pub raw: &'a [u8],
    /// Names and values, in order.
    pub fields: &'a [(Range<usize>, Range<usize>)],
    /// Whether something was over a limit and was dropped.
    pub truncated: bool,
    /// Why it does not follow the format; then only `raw` counts.
    pub malformed: Option<&'static str>,
}

impl<'a> Entry<'a> {
    /// Names and values, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let raw = self.raw;
        let bytes = move |range: &Range<usize>| raw.get(range.clone()).unwrap_or_default();
        self.fields.iter().map(move |(name, value)| (bytes(name), bytes(value)))
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A field or the end of the entry; up to here the line was searched for its LF.
    Line { searched: usize },
    /// The length of a binary field, whose name ends here.
    Length { name_end: usize },
    /// So many more bytes of a binary value; the field began, and its value.
    Value { name_end: usize, start: usize, left: usize, skip: u64 },
    /// The LF behind a binary value.
    ValueEnd,
    /// The rest of a line of text that is too long.
    RestOfLine,
    /// Lines up to an empty one, after something that was not understood.
    Lost,
}

/// The parser.
#[derive(Debug)]
pub struct Export {
    limits: ExportLimits,
    /// The entry so far, from its first byte.
    buffer: Vec<u8>,
    /// Up to here it is understood.
    at: usize,
    state: State,
    fields: Vec<(Range<usize>, Range<usize>)>,
    truncated: bool,
    malformed: Option<&'static str>,
}

impl Export {
    /// A parser at the beginning of an upload.
    pub fn new(limits: ExportLimits) -> Export {
        Export {
            limits,
            buffer: Vec::new(),
            at: 0,
            state: State::Line { searched: 0 },
            fields: Vec::new(),
            truncated: false,
            malformed: None,
        }
    }

    /// Takes bytes as they come, and calls `each` with every entry that ends in them.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Entry<'_>)) {
        while !bytes.is_empty() {
            // In parts, so that what is dropped is dropped before it is held.
            let (part, rest) = bytes.split_at(bytes.len().min(64 << 10));
            self.buffer.extend_from_slice(part);
            while self.step(&mut each) {}
            bytes = rest;
        }
    }

    /// The upload has ended: an entry without the empty line behind it ends too.
    pub fn finish(&mut self, mut each: impl FnMut(Entry<'_>)) {
        if self.buffer.is_empty() {
            return;
        }
        if self.at < self.buffer.len() || !matches!(self.state, State::Line { .. } | State::Lost) {
            self.malformed.get_or_insert("the upload ended inside of a field");
        }
        self.at = self.buffer.len();
        self.end_entry(&mut each);
    }

    /// Goes on as far as one step; false when more bytes are needed.
    fn step(&mut self, each: &mut impl FnMut(Entry<'_>)) -> bool {
        match self.state {
            State::Line { searched } => self.line(searched, each),
            State::Length { name_end } => self.length(name_end),
            State::Value { name_end, start, left, skip } => self.value(name_end, start, left, skip),
            State::ValueEnd => match self.buffer.get(self.at) {
                None => false,
                Some(b'\n') => self.go(self.at + 1, State::Line { searched: self.at + 1 }),
                Some(_) => self.lose("a binary field is longer than it says"),
            },
            State::RestOfLine => self.rest_of_line(),
            State::Lost => self.lost(each),
        }
    }

    fn line(&mut self, searched: usize, each: &mut impl FnMut(Entry<'_>)) -> bool {
        let found = find(&self.buffer, searched);
        let keep = self.at + self.limits.value_bytes_max;
        if found.unwrap_or(self.buffer.len()) > keep {
            // Kept up to the limit; the rest is dropped as it comes.
            if !self.text_field(keep) {
                return self.lose("a line that is no field");
            }
            self.truncated = true;
            return self.go(keep, State::RestOfLine);
        }
        let Some(end) = found else {
            self.state = State::Line { searched: self.buffer.len() };
            return false;
        };
        if end == self.at {
            let after = end + 1;
            self.at = end;
            self.end_entry(each);
            self.buffer.drain(..after.min(self.buffer.len()));
            self.at = 0;
            self.state = State::Line { searched: 0 };
            return true;
        }
        if self.text_field(end) {
            return self.go(end + 1, State::Line { searched: end + 1 });
        }
        self.go(end + 1, State::Length { name_end: end })
    }

    /// Takes the line up to `end` as a field of text; false when it has no `=`.
    fn text_field(&mut self, end: usize) -> bool {
        let line = self.buffer.get(self.at..end).unwrap_or_default();
        let Some(equals) = line.iter().position(|&b| b == b'=') else { return false };
        let name = self.at..self.at + equals;
        self.fields.push((name, self.at + equals + 1..end));
        true
    }

    fn length(&mut self, name_end: usize) -> bool {
        let Some(bytes) = self.buffer.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) else {
            return false;
        };
        let length = u64::from_le_bytes(*bytes);
        if length > BINARY_BYTES_MAX {
            return self.lose("a line that is no field");
        }
        let left = length.min(self.limits.value_bytes_max as u64);
        let start = self.at + 8;
        self.truncated |= length > left;
        let next = State::Value { name_end, start, left: left as usize, skip: length - left };
        self.go(start, next)
    }

    fn value(&mut self, name_end: usize, start: usize, left: usize, skip: u64) -> bool {
        if self.at < start + left {
            if self.buffer.len() < start + left {
                return false;
            }
            self.at = start + left;
        }
        let there = (self.buffer.len() - self.at).min(usize::try_from(skip).unwrap_or(usize::MAX));
        self.buffer.drain(self.at..self.at + there);
        let skip = skip - there as u64;
        if skip > 0 {
            self.state = State::Value { name_end, start, left, skip };
            return false;
        }
        let name_start = name_end - self.name_length(name_end);
        self.fields.push((name_start..name_end, start..start + left));
        self.go(self.at, State::ValueEnd)
    }

    /// How long the name is that ends at `end`: back to the LF before it.
    fn name_length(&self, end: usize) -> usize {
        let before = self.buffer.get(..end).unwrap_or_default();
        before.iter().rev().take_while(|&&b| b != b'\n').count()
    }

    fn rest_of_line(&mut self) -> bool {
        let end = find(&self.buffer, self.at);
        self.buffer.drain(self.at..end.unwrap_or(self.buffer.len()));
        match end {
            None => false,
            Some(_) => self.go(self.at + 1, State::Line { searched: self.at + 1 }),
        }
    }

    fn go(&mut self, at: usize, state: State) -> bool {
        self.at = at;
        self.state = state;
        // A field that is over the limits of the entry is forgotten once it is complete.
        let over = self.at > self.limits.entry_bytes_max || self.fields.len() > self.limits.fields_max;
        if over && matches!(state, State::Line { .. }) {
            self.drop_last();
        }
        true
    }

    /// Forgets the last field and its bytes.
    fn drop_last(&mut self) {
        let Some((name, _)) = self.fields.pop() else { return };
        let start = name.start.min(self.at);
        self.buffer.drain(start..self.at);
        self.at = start;
        self.state = State::Line { searched: start };
        self.truncated = true;
    }

    fn lose(&mut self, reason: &'static str) -> bool {
        self.malformed = Some(reason);
        self.state = State::Lost;
        true
    }

    /// Passes over lines up to an empty one.
    fn lost(&mut self, each: &mut impl FnMut(Entry<'_>)) -> bool {
        let Some(end) = find(&self.buffer, self.at) else {
            let max = self.limits.entry_bytes_max;
            if self.buffer.len() > max {
                self.truncated = true;
                // A byte of the line stays, or its end would be taken for an empty line.
                self.buffer.truncate(max.max(self.at + 1));
            }
            return false;
        };
        if end > self.at && self.buffer.get(end - 1) != Some(&b'\n') {
            self.at = end + 1;
            return true;
        }
        self.at = end;
        self.end_entry(each);
        self.buffer.drain(..(end + 1).min(self.buffer.len()));
        self.at = 0;
        self.state = State::Line { searched: 0 };
        true
    }

    /// Hands out what was read up to here.
    fn end_entry(&mut self, each: &mut impl FnMut(Entry<'_>)) {
        let raw = self.buffer.get(..self.at).unwrap_or_default();
        if !self.fields.is_empty() || self.malformed.is_some() {
            each(Entry { raw, fields: &self.fields, truncated: self.truncated, malformed: self.malformed });
        }
        self.fields.clear();
        self.truncated = false;
        self.malformed = None;
    }
}

/// The first LF from `from` on.
fn find(buffer: &[u8], from: usize) -> Option<usize> {
    Some(from + memchr::memchr(b'\n', buffer.get(from..)?)?)
}
