//! Msgpack, token by token: where a value ends, and what it is. Nothing is allocated for what a length claims.

/// Why bytes are not msgpack, or not what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The value goes on beyond the end of the bytes.
    #[error("the message ends too early")]
    Ends,
    /// The one byte that msgpack does not use.
    #[error("not msgpack: there is a byte c1")]
    Unused,
    /// Deeper than anything sensible.
    #[error("nested deeper than {0} levels")]
    Deep(usize),
    /// Msgpack, but not this protocol; the text says what is expected.
    #[error("{0}")]
    Unexpected(&'static str),
}

/// One value without its children.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Nil,
    Bool(bool),
    Uint(u64),
    Int(i64),
    F32(f32),
    F64(f64),
    Str(&'a [u8]),
    Bin(&'a [u8]),
    /// So many values follow.
    Array(u32),
    /// So many pairs of values follow.
    Map(u32),
    Ext(i8, &'a [u8]),
}

impl Token<'_> {
    /// How many values follow that belong to it.
    fn children(&self) -> u64 {
        match self {
            Token::Array(count) => u64::from(*count),
            Token::Map(pairs) => u64::from(*pairs) * 2,
            _ => 0,
        }
    }
}

/// Reads tokens from bytes that are all there.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let taken = self.rest().get(..count).ok_or(Flaw::Ends)?;
        self.at += count;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        self.take(N)?.first_chunk().copied().ok_or(Flaw::Ends)
    }

    /// A length of 1, 2 or 4 bytes.
    fn length(&mut self, bytes: usize) -> Result<usize, Flaw> {
        Ok(self.take(bytes)?.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
    }

    fn ext(&mut self, bytes: usize) -> Result<Token<'a>, Flaw> {
        let [kind] = self.number()?;
        Ok(Token::Ext(kind as i8, self.take(bytes)?))
    }

    /// The next token. After an error the reader stands anywhere.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Flaw> {
        let [kind] = self.number()?;
        Ok(match kind {
            0x00..=0x7f => Token::Uint(u64::from(kind)),
            0x80..=0x8f => Token::Map(u32::from(kind & 0x0f)),
            0x90..=0x9f => Token::Array(u32::from(kind & 0x0f)),
            0xa0..=0xbf => Token::Str(self.take(usize::from(kind & 0x1f))?),
            0xc0 => Token::Nil,
            0xc1 => return Err(Flaw::Unused),
            0xc2 | 0xc3 => Token::Bool(kind == 0xc3),
            0xc4..=0xc6 => {
                let length = self.length(1 << (kind - 0xc4))?;
                Token::Bin(self.take(length)?)
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (kind - 0xc7))?;
                self.ext(length)?
            }
            0xca => Token::F32(f32::from_be_bytes(self.number()?)),
            0xcb => Token::F64(f64::from_be_bytes(self.number()?)),
            0xcc => Token::Uint(u64::from(u8::from_be_bytes(self.number()?))),
            0xcd => Token::Uint(u64::from(u16::from_be_bytes(self.number()?))),
            0xce => Token::Uint(u64::from(u32::from_be_bytes(self.number()?))),
            0xcf => Token::Uint(u64::from_be_bytes(self.number()?)),
            0xd0 => Token::Int(i64::from(i8::from_be_bytes(self.number()?))),
            0xd1 => Token::Int(i64::from(i16::from_be_bytes(self.number()?))),
            0xd2 => Token::Int(i64::from(i32::from_be_bytes(self.number()?))),
            0xd3 => Token::Int(i64::from_be_bytes(self.number()?)),
            0xd4..=0xd8 => self.ext(1 << (kind - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(1 << (kind - 0xd9))?;
                Token::Str(self.take(length)?)
            }
            0xdc => Token::Array(u32::from(u16::from_be_bytes(self.number()?))),
            0xdd => Token::Array(u32::from_be_bytes(self.number()?)),
            0xde => Token::Map(u32::from(u16::from_be_bytes(self.number()?))),
            0xdf => Token::Map(u32::from_be_bytes(self.number()?)),
            0xe0..=0xff => Token::Int(i64::from(kind as i8)),
        })
    }

    /// Passes over the next value with all that belongs to it.
    pub(crate) fn skip(&mut self) -> Result<(), Flaw> {
        let mut left = 1u64;
        while left > 0 {
            // As each value takes a byte, this ends with the bytes whatever a length claims.
            left = (left - 1).saturating_add(self.token()?.children());
        }
        Ok(())
    }

    /// The next value with all that belongs to it, as bytes.
    pub(crate) fn whole(&mut self) -> Result<&'a [u8], Flaw> {
        let start = self.at;
        self.skip()?;
        self.bytes.get(start..self.at).ok_or(Flaw::Ends)
    }
}

/// Finds where a value ends in bytes that come piece by piece, without beginning anew for each.
#[derive(Clone, Debug)]
pub struct Scanner {
    at: usize,
    left: u64,
}

/// What [`Scanner::scan`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// The value takes so many bytes.
    Whole(usize),
    /// It goes on.
    Part,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner { at: 0, left: 1 }
    }
}

impl Scanner {
    /// Looks for the end of the value that begins with `bytes`, which must begin with what was given before.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<Scanned, Flaw> {
        let mut reader = Reader { bytes, at: self.at };
        while self.left > 0 {
            match reader.token() {
                Ok(token) => self.left = (self.left - 1).saturating_add(token.children()),
                Err(Flaw::Ends) => return Ok(Scanned::Part),
                Err(flaw) => return Err(flaw),
            }
            self.at = reader.at;
        }
        Ok(Scanned::Whole(std::mem::take(self).at))
    }
}
