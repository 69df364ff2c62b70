//! Cuts a stream into frames: `NUMBER COMMAND LENGTH[ DATA]` and LF.

/// Digits of a number and of a length.
const DIGITS_MAX: usize = 9;
/// Letters of a command.
const COMMAND_BYTES_MAX: usize = 32;
/// A buffer larger than this is given back when little is in it: most connections are silent most of the time.
const KEPT_BYTES: usize = 1 << 10;

/// What a frame asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins a session and offers what the client can do.
    Open,
    /// Carries a message.
    Syslog,
    /// Ends the session.
    Close,
    /// Anything else.
    Other,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its transaction number, which the answer repeats.
    pub number: u32,
    /// What it asks for.
    pub command: Command,
    /// What it carries.
    pub data: &'a [u8],
    /// It was longer than the limit; `data` is its beginning.
    pub truncated: bool,
}

/// The stream is not RELP, or no longer: where the next frame begins cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A transaction number of 1 to 9 digits and a space.
    #[error("a frame begins without a transaction number")]
    Number,
    /// 1 to 32 letters and a space.
    #[error("a frame has no command")]
    Command,
    /// 1 to 9 digits, then a space or LF.
    #[error("a frame has no length")]
    Length,
    /// LF after the data.
    #[error("a frame does not end where it says")]
    Trailer,
}

/// The state of one connection. Holds the limit and one read at most.
#[derive(Debug)]
pub struct Decoder {
    buf: Vec<u8>,
    at: usize,
    /// What is left of a frame that was too long, its LF not counted.
    skip: Option<usize>,
    data_bytes_max: usize,
}

struct Header {
    number: u32,
    command: Command,
    data_len: usize,
    /// Bytes before the data.
    len: usize,
}

impl Decoder {
    /// Data of up to `data_bytes_max` is kept, what is longer truncated.
    pub fn new(data_bytes_max: usize) -> Decoder {
        Decoder { buf: Vec::new(), at: 0, skip: None, data_bytes_max: data_bytes_max.max(1) }
    }

    /// The buffer, to append what was read. Take all frames with [`Decoder::next`] first.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.buf.drain(..self.at);
        self.at = 0;
        if self.buf.capacity() > KEPT_BYTES && self.buf.len() < self.buf.capacity() / 4 {
            self.buf.shrink_to_fit();
        }
        &mut self.buf
    }

    /// Like [`Decoder::space`], when there may be frames that were not taken yet.
    pub fn append(&mut self) -> &mut Vec<u8> {
        &mut self.buf
    }

    /// Bytes that wait for the rest of their frame, or to be taken.
    pub fn waiting(&self) -> usize {
        self.buf.len() - self.at
    }

    /// The next whole frame, or `None` until more is read.
    #[expect(clippy::should_implement_trait, reason = "the frame borrows from the decoder")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        if !self.pass_over()? {
            return Ok(None);
        }
        let Some(header) = header(self.rest())? else { return Ok(None) };
        let kept = header.data_len.min(self.data_bytes_max);
        let truncated = kept < header.data_len;
        let start = self.at + header.len;
        let end = start + kept;
        if truncated {
            if self.buf.len() < end {
                return Ok(None);
            }
            self.skip = Some(header.data_len - kept);
            self.at = end;
        } else {
            match self.buf.get(end) {
                None => return Ok(None),
                Some(b'\n') => self.at = end + 1,
                Some(_) => return Err(Broken::Trailer),
            }
        }
        let data = self.buf.get(start..end).unwrap_or(&[]);
        Ok(Some(Frame { number: header.number, command: header.command, data, truncated }))
    }

    /// Bytes that were read and not taken.
    pub fn rest(&self) -> &[u8] {
        self.buf.get(self.at..).unwrap_or(&[])
    }

    /// Drops what is left of a frame that was too long; false when all that was read belongs to it.
    fn pass_over(&mut self) -> Result<bool, Broken> {
        let Some(left) = self.skip else { return Ok(true) };
        let have = self.waiting();
        if have <= left {
            self.skip = Some(left - have);
            self.at += have;
            return Ok(false);
        }
        self.at += left + 1;
        self.skip = None;
        match self.buf.get(self.at - 1) {
            Some(b'\n') => Ok(true),
            _ => Err(Broken::Trailer),
        }
    }
}

/// `None` until all of the header is there.
fn header(rest: &[u8]) -> Result<Option<Header>, Broken> {
    let Some((number, after_number)) = digits(rest).map_err(|()| Broken::Number)? else { return Ok(None) };
    if rest.get(after_number) != Some(&b' ') {
        return Err(Broken::Number);
    }
    let word = rest.get(after_number + 1..).unwrap_or(&[]);
    let letters = word.iter().take(COMMAND_BYTES_MAX + 1).take_while(|b| b.is_ascii_alphanumeric()).count();
    match word.get(letters) {
        None if letters <= COMMAND_BYTES_MAX => return Ok(None),
        Some(b' ') if (1..=COMMAND_BYTES_MAX).contains(&letters) => {}
        _ => return Err(Broken::Command),
    }
    let command = command(word.get(..letters).unwrap_or(&[]));
    let length = word.get(letters + 1..).unwrap_or(&[]);
    let Some((data_len, after)) = digits(length).map_err(|()| Broken::Length)? else { return Ok(None) };
    let before = after_number + 1 + letters + 1 + after;
    match length.get(after) {
        Some(b' ') => Ok(Some(Header { number, command, data_len: data_len as usize, len: before + 1 })),
        Some(b'\n') if data_len == 0 => Ok(Some(Header { number, command, data_len: 0, len: before })),
        _ => Err(Broken::Length),
    }
}

/// A number of 1 to 9 digits and how long it is; `None` when it may go on.
fn digits(bytes: &[u8]) -> Result<Option<(u32, usize)>, ()> {
    let count = bytes.iter().take(DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
    if count > DIGITS_MAX || (count == 0 && !bytes.is_empty()) {
        return Err(());
    }
    if count == bytes.len() {
        return Ok(None);
    }
    Ok(Some((bytes.iter().take(count).fold(0, |n, b| n * 10 + u32::from(b - b'0')), count)))
}

fn command(word: &[u8]) -> Command {
    match word {
        b"open" => Command::Open,
        b"syslog" => Command::Syslog,
        b"close" => Command::Close,
        _ => Command::Other,
    }
}
