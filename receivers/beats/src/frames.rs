//! Frames of Lumberjack, version 2: bytes in, windows and events out.
//!
//! ```text
//!     '2' 'W'  count u32                      so many events follow, then the sender waits
//!     '2' 'J'  seq u32  bytes u32  JSON       one event
//!     '2' 'C'  bytes u32  zlib of frames      any of the above, compressed
//!     '2' 'A'  seq u32                        the answer: all events up to this one are durable
//! ```
//! All integers are big-endian.

use gastrolog_net::inflate::{Codec, InflateLimits, inflate};

const VERSION: u8 = b'2';
/// Version, kind and one integer: the shortest frame.
const HEAD_BYTES: usize = 6;
/// The head of an event: its sequence number and its length.
const EVENT_HEAD_BYTES: usize = 10;
/// What an idle decoder may keep allocated.
const IDLE_BYTES: usize = 32 << 10;

/// The answer that says that everything up to `seq` is durable; 0 says that the server is still at work.
pub fn ack(seq: u32) -> [u8; HEAD_BYTES] {
    let [a, b, c, d] = seq.to_be_bytes();
    [VERSION, b'A', a, b, c, d]
}

/// How large frames may be.
#[derive(Clone, Copy, Debug)]
pub struct FrameLimits {
    /// Longer events are cut to this.
    pub event_bytes_max: usize,
    /// A compressed frame as it comes; a longer one is a [`Flaw`].
    pub compressed_bytes_max: usize,
    /// What it may inflate to.
    pub inflate: InflateLimits,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// So many events follow before the sender waits for an answer.
    Window(u32),
    /// An event.
    Event {
        /// Its sequence number.
        seq: u32,
        /// Its JSON.
        text: &'a [u8],
        /// Whether it was longer than the limit, and `text` is its beginning.
        truncated: bool,
    },
}

/// Bytes after which no frame can be found any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Something else than version 2.
    #[error("not a frame of Lumberjack version 2: it begins with {0:02x} {1:02x}")]
    NotAFrame(u8, u8),
    /// A compressed frame over the limit.
    #[error("a compressed frame of {0} bytes; at most {1} are taken")]
    TooLong(usize, usize),
    /// Compressed bytes that do not inflate, or to more than is allowed.
    #[error("a compressed frame cannot be inflated: {0}")]
    Inflate(String),
    /// A frame within a compressed frame goes on beyond its end, or is compressed itself.
    #[error("a compressed frame does not hold whole frames")]
    Inside,
}

/// Finds frames in what a connection brings.
#[derive(Debug)]
pub struct Decoder {
    limits: FrameLimits,
    outer: Buffer,
    /// Frames of a compressed frame, while there are any.
    inner: Option<Buffer>,
    /// What is left of an event that was too long.
    skip: usize,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    at: usize,
}

impl Buffer {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    /// Forgets what was read.
    fn compact(&mut self) {
        self.bytes.drain(..self.at.min(self.bytes.len()));
        self.at = 0;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(IDLE_BYTES);
        }
    }
}

/// What stands at the beginning of some bytes.
enum Found {
    /// Not all of a frame.
    Part,
    Window(u32),
    /// An event: sequence number, bytes of text that are kept, bytes of text in all.
    Event(u32, usize, usize),
    Compressed(usize),
}

impl Decoder {
    /// A decoder at the start of a connection.
    pub fn new(limits: FrameLimits) -> Decoder {
        Decoder { limits, outer: Buffer::default(), inner: None, skip: 0 }
    }

    /// Where the next bytes of the connection are to be appended.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.outer.compact();
        &mut self.outer.bytes
    }

    /// What the next frame would begin with; after an error what could not be read.
    pub fn rest(&self) -> &[u8] {
        self.inner.as_ref().map(Buffer::rest).filter(|rest| !rest.is_empty()).unwrap_or(self.outer.rest())
    }

    /// Bytes that came and are not decoded yet.
    pub fn waiting_bytes(&self) -> usize {
        self.outer.rest().len()
    }

    /// Bytes held, inflated ones too.
    pub fn held_bytes(&self) -> usize {
        self.outer.rest().len() + self.inner.as_ref().map_or(0, |b| b.bytes.len())
    }

    /// The next frame; `None` when more bytes are needed. After an error nothing more can be found.
    #[expect(clippy::should_implement_trait, reason = "the frames borrow from the decoder")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Flaw> {
        let skipped = self.skip.min(self.outer.rest().len());
        self.outer.at += skipped;
        self.skip -= skipped;
        if self.skip > 0 {
            return Ok(None);
        }
        if self.inner.as_ref().is_some_and(|inner| inner.rest().is_empty()) {
            self.inner = None;
        }
        if self.inner.is_none() {
            let Found::Compressed(bytes) = find(self.outer.rest(), &self.limits)? else {
                return self.take_outer();
            };
            self.open(bytes)?;
        }
        self.take_inner()
    }

    fn open(&mut self, bytes: usize) -> Result<(), Flaw> {
        let compressed = self.outer.rest().get(HEAD_BYTES..HEAD_BYTES + bytes).unwrap_or(&[]);
        let frames = inflate(Codec::Zlib, compressed, &self.limits.inflate)
            .map_err(|e| Flaw::Inflate(e.to_string()))?;
        self.outer.at += HEAD_BYTES + bytes;
        self.inner = Some(Buffer { bytes: frames, at: 0 });
        Ok(())
    }

    fn take_outer(&mut self) -> Result<Option<Frame<'_>>, Flaw> {
        let found = find(self.outer.rest(), &self.limits)?;
        if let Found::Event(_, kept, all) = found {
            // The rest of a text that is too long has not come yet, in general.
            self.skip = all - kept;
        }
        Ok(take(&mut self.outer, found))
    }

    fn take_inner(&mut self) -> Result<Option<Frame<'_>>, Flaw> {
        let Some(inner) = &mut self.inner else { return Ok(None) };
        if inner.rest().is_empty() {
            return Ok(None);
        }
        let found = find(inner.rest(), &self.limits)?;
        let left = inner.rest().len();
        let fits = match found {
            Found::Event(_, _, all) => EVENT_HEAD_BYTES + all <= left,
            Found::Window(_) => true,
            Found::Part | Found::Compressed(_) => false,
        };
        if !fits {
            return Err(Flaw::Inside);
        }
        let dropped = if let Found::Event(_, kept, all) = found { all - kept } else { 0 };
        let frame = take_with(inner, found, dropped);
        Ok(frame)
    }
}

fn take(buffer: &mut Buffer, found: Found) -> Option<Frame<'_>> {
    take_with(buffer, found, 0)
}

/// The frame at the beginning, which is passed over with `dropped` bytes more.
fn take_with(buffer: &mut Buffer, found: Found, dropped: usize) -> Option<Frame<'_>> {
    let start = buffer.at;
    match found {
        Found::Part | Found::Compressed(_) => None,
        Found::Window(count) => {
            buffer.at += HEAD_BYTES;
            Some(Frame::Window(count))
        }
        Found::Event(seq, kept, all) => {
            let text = start + EVENT_HEAD_BYTES;
            buffer.at = text + kept + dropped;
            let truncated = kept < all;
            Some(Frame::Event { seq, text: buffer.bytes.get(text..text + kept).unwrap_or(&[]), truncated })
        }
    }
}

fn find(bytes: &[u8], limits: &FrameLimits) -> Result<Found, Flaw> {
    let &[version, kind, a, b, c, d, ..] = bytes else {
        // A wrong beginning is known before the head is whole.
        return match bytes {
            [] | [VERSION] | [VERSION, b'W' | b'J' | b'C', ..] => Ok(Found::Part),
            [first, ..] => Err(Flaw::NotAFrame(*first, bytes.get(1).copied().unwrap_or(0))),
        };
    };
    let number = u32::from_be_bytes([a, b, c, d]);
    let bytes_said = number as usize;
    match (version, kind) {
        (VERSION, b'W') => Ok(Found::Window(number)),
        (VERSION, b'J') => Ok(find_event(number, bytes, limits)),
        (VERSION, b'C') if bytes_said > limits.compressed_bytes_max => {
            Err(Flaw::TooLong(bytes_said, limits.compressed_bytes_max))
        }
        (VERSION, b'C') if bytes.len() - HEAD_BYTES < bytes_said => Ok(Found::Part),
        (VERSION, b'C') => Ok(Found::Compressed(bytes_said)),
        _ => Err(Flaw::NotAFrame(version, kind)),
    }
}

fn find_event(seq: u32, bytes: &[u8], limits: &FrameLimits) -> Found {
    let Some(&[a, b, c, d]) = bytes.get(HEAD_BYTES..EVENT_HEAD_BYTES) else { return Found::Part };
    let all = u32::from_be_bytes([a, b, c, d]) as usize;
    let kept = all.min(limits.event_bytes_max);
    if bytes.len() - EVENT_HEAD_BYTES < kept {
        return Found::Part;
    }
    Found::Event(seq, kept, all)
}
