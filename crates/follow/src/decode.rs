//! What the lines of a file mean: the seam between following files and their formats.

use std::borrow::Cow;
use std::path::Path;

use gastrolog_types::Timestamp;

/// Attributes: names and values.
pub type Pairs = Vec<(String, Vec<u8>)>;

/// A format of files.
pub trait Format: Send {
    /// What reads the lines of the file at `path`, which was opened just now.
    fn decoder(&self, path: &Path) -> Box<dyn Decoder>;
}

/// Reads the lines of one file.
pub trait Decoder: Send {
    /// What is known of the file beside its path, if that has changed since it was asked last (the first time: if there
    /// is anything). Asked before every look at the file: must not wait.
    fn news(&mut self) -> Option<Pairs> {
        None
    }

    /// What a line is, which comes without its LF. An error is the reason why it is not of the format; then it is stored
    /// as it is. Depends on the line alone, so that one that is read again after a restart is the same.
    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String>;
}

/// Which output of a program a line is of. The lines of each are in order, and pieces of one are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// There is only one.
    #[default]
    Only,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The stream that is called `name`.
    pub fn of_name(name: &[u8]) -> Option<Stream> {
        match name {
            b"stdout" => Some(Stream::Stdout),
            b"stderr" => Some(Stream::Stderr),
            _ => None,
        }
    }

    /// Its value of the attribute `stream`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Stream::Only => None,
            Stream::Stdout => Some("stdout"),
            Stream::Stderr => Some("stderr"),
        }
    }

    /// Where it is joined: the only one and standard output do not occur in one file.
    pub(crate) fn lane(self) -> usize {
        usize::from(self == Stream::Stderr)
    }
}

/// A line, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Of which stream.
    pub stream: Stream,
    /// Its text.
    pub text: Cow<'a, [u8]>,
    /// Whether the next piece of its stream is part of the same line.
    pub goes_on: bool,
    /// When it was written.
    pub source: Option<Timestamp>,
    /// Attributes of this line.
    pub attributes: Pairs,
}

/// Lines that are records.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainLines;

impl Decoder for PlainLines {
    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String> {
        Ok(Piece { text: Cow::Borrowed(line), ..Piece::default() })
    }
}
