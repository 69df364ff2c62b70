//! Cuts a TCP stream into messages (RFC 6587, both ways of framing, told apart message by message).
//!
//! A message that begins with a count (1 to 8 digits, the first not 0, and a space) has that many bytes. Any other
//! ends at the next LF or NUL. Counts over [`COUNT_MAX`] are not believed: the message is a line then, so that a
//! line that begins with a date does not swallow what follows it. Empty messages are skipped.

/// Largest octet count that is believed.
const COUNT_MAX: usize = 16 << 20;
/// Digits of [`COUNT_MAX`].
const COUNT_DIGITS_MAX: usize = 8;
/// A buffer larger than this is given back when little is in it: most connections are silent most of the time.
const KEPT_BYTES: usize = 1 << 10;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It was longer than the limit; this is its beginning.
    Truncated,
    /// The connection ended before its counted bytes had come; this is what had.
    CutOff,
}

/// A message without its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its bytes.
    pub text: &'a [u8],
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// The state of one connection. Holds the limit and one read at most.
#[derive(Debug)]
pub struct Framer {
    buf: Vec<u8>,
    at: usize,
    /// Bytes from `at` that were searched for a line ending already.
    scanned: usize,
    skip: Skip,
    message_bytes_max: usize,
}

#[derive(Debug)]
enum Skip {
    Nothing,
    Bytes(usize),
    Line,
}

enum Header {
    /// The count, and how long it is with its space.
    Count(usize, usize),
    Line,
    Unknown,
}

/// Where the next message is: start, end, flaw; `at` is past it already.
type Found = (usize, usize, Option<Flaw>);

impl Framer {
    /// For messages of up to `message_bytes_max`.
    pub fn new(message_bytes_max: usize) -> Framer {
        Framer {
            buf: Vec::new(),
            at: 0,
            scanned: 0,
            skip: Skip::Nothing,
            message_bytes_max: message_bytes_max.max(1),
        }
    }

    /// The buffer, to append what was read. Take all messages with [`Framer::next`] first.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.buf.drain(..self.at);
        self.at = 0;
        if self.buf.capacity() > KEPT_BYTES && self.buf.len() < self.buf.capacity() / 4 {
            self.buf.shrink_to_fit();
        }
        &mut self.buf
    }

    /// Bytes that wait for the rest of their message, or to be taken.
    pub fn waiting(&self) -> usize {
        self.buf.len() - self.at
    }

    /// The next whole message, or `None` until more is read.
    #[expect(clippy::should_implement_trait, reason = "the message borrows from the framer")]
    pub fn next(&mut self) -> Option<Message<'_>> {
        loop {
            let (start, end, flaw) = self.find()?;
            if end > start {
                return Some(Message { text: self.buf.get(start..end)?, flaw });
            }
        }
    }

    /// What is left when the connection ends: a line without its ending is a message, a counted message that is
    /// not complete is one with a flaw.
    pub fn finish(&mut self) -> Option<Message<'_>> {
        if !matches!(self.skip, Skip::Nothing) {
            return None;
        }
        let rest = self.buf.get(self.at..)?;
        let (skipped, flaw) = match header(rest) {
            Header::Count(_, digits) => (digits, Some(Flaw::CutOff)),
            Header::Line | Header::Unknown => (0, None),
        };
        let text = trim_end(rest.get(skipped..)?);
        self.at = self.buf.len();
        // A line may have had room for a CR that did not come.
        let (text, flaw) = match text.get(..self.message_bytes_max) {
            Some(start) if start.len() < text.len() => (start, Some(Flaw::Truncated)),
            _ => (text, flaw),
        };
        (!text.is_empty()).then_some(Message { text, flaw })
    }

    fn find(&mut self) -> Option<Found> {
        self.pass_over()?;
        let separators = self.rest().iter().take_while(|b| matches!(b, b'\n' | 0)).count();
        if separators > 0 {
            self.advance(separators);
        }
        match header(self.rest()) {
            Header::Unknown => None,
            Header::Count(count, digits) => self.counted(count, digits),
            Header::Line => self.line(),
        }
    }

    fn rest(&self) -> &[u8] {
        self.buf.get(self.at..).unwrap_or(&[])
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.scanned = 0;
    }

    /// Drops what is left of a message that was too long; `None` when all that was read belongs to it.
    fn pass_over(&mut self) -> Option<()> {
        let have = self.rest().len();
        match self.skip {
            Skip::Nothing => return Some(()),
            Skip::Bytes(left) if left > have => {
                self.advance(have);
                self.skip = Skip::Bytes(left - have);
                return None;
            }
            Skip::Bytes(left) => self.advance(left),
            Skip::Line => match memchr::memchr2(b'\n', 0, self.rest()) {
                Some(end) => self.advance(end + 1),
                None => {
                    self.advance(have);
                    return None;
                }
            },
        }
        self.skip = Skip::Nothing;
        Some(())
    }

    fn counted(&mut self, count: usize, digits: usize) -> Option<Found> {
        let max = self.message_bytes_max;
        let kept = count.min(max);
        let text = self.rest().get(digits..digits + kept)?;
        let start = self.at + digits;
        if count > max {
            self.skip = Skip::Bytes(count - max);
            self.advance(digits + kept);
            return Some((start, start + kept, Some(Flaw::Truncated)));
        }
        let end = start + trim_end(text).len();
        self.advance(digits + kept);
        Some((start, end, None))
    }

    fn line(&mut self) -> Option<Found> {
        let (start, max) = (self.at, self.message_bytes_max);
        let rest = self.rest();
        let Some(found) = rest.get(self.scanned..).and_then(|new| memchr::memchr2(b'\n', 0, new)) else {
            let have = rest.len();
            self.scanned = have;
            // One byte more than a full message with its CR: it is too long, wherever it ends.
            if have < max + 2 {
                return None;
            }
            self.skip = Skip::Line;
            self.advance(have);
            return Some((start, start + max, Some(Flaw::Truncated)));
        };
        let end = self.scanned + found;
        let len = trim_end(rest.get(..end)?).len();
        self.advance(end + 1);
        Some((start, start + len.min(max), (len > max).then_some(Flaw::Truncated)))
    }
}

fn header(rest: &[u8]) -> Header {
    let digits = rest.iter().take(COUNT_DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
    if digits == rest.len() && digits <= COUNT_DIGITS_MAX {
        return Header::Unknown;
    }
    if digits == 0
        || digits > COUNT_DIGITS_MAX
        || rest.first() == Some(&b'0')
        || rest.get(digits) != Some(&b' ')
    {
        return Header::Line;
    }
    let count = rest.iter().take(digits).fold(0, |n, b| n * 10 + usize::from(b - b'0'));
    if count > COUNT_MAX { Header::Line } else { Header::Count(count, digits + 1) }
}

/// Without LF and NUL at the end, and without one CR before them.
pub(crate) fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| !matches!(b, b'\n' | 0)).map_or(0, |last| last + 1);
    let text = text.get(..end).unwrap_or(&[]);
    text.strip_suffix(b"\r").unwrap_or(text)
}
