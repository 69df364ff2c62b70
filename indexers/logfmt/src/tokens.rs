//! Cuts logfmt into pairs and flags.

use std::ops::Range;

use gastrolog_index::Escape;
use gastrolog_index::scan::end_of_quoted;

/// A piece of logfmt, by its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `key=value`; the quotes of a quoted value are not part of it.
    Pair {
        /// The key.
        key: Range<usize>,
        /// The value, maybe empty.
        value: Range<usize>,
        /// [`Escape::Quoted`] if the value stands in quotes.
        escape: Escape,
    },
    /// A word without `=`.
    Flag(Range<usize>),
}

/// The text is not logfmt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Iterator over the tokens of a text. After an error it must not be asked again.
pub(crate) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of `text[at..]`.
    pub(crate) fn new(text: &'a [u8], at: usize) -> Tokens<'a> {
        Tokens { text, at }
    }

    /// What has not been read, without the white space around it; `None` if nothing is left.
    pub(crate) fn rest(&self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.iter().position(|&b| b > b' ')?;
        let end = self.at + rest.iter().rposition(|&b| b > b' ')? + 1;
        Some(start..end)
    }

    /// Reads up to the next byte that ends a key or a value; returns the classes of the bytes passed.
    #[inline]
    fn run(&mut self) -> u8 {
        let mut seen = 0;
        while let Some(&b) = self.text.get(self.at) {
            let class = CLASS[usize::from(b)];
            if class & END != 0 {
                break;
            }
            seen |= class;
            self.at += 1;
        }
        seen
    }

    fn token(&mut self, start: usize) -> Result<Token, Malformed> {
        let seen = self.run();
        let key = start..self.at;
        match self.text.get(self.at) {
            Some(b'"') => Err(Malformed),
            Some(b'=') if key.is_empty() || seen & ODD != 0 => Err(Malformed),
            Some(b'=') => {
                self.at += 1;
                self.value(key)
            }
            _ => Ok(Token::Flag(key)),
        }
    }

    #[inline]
    fn value(&mut self, key: Range<usize>) -> Result<Token, Malformed> {
        let start = self.at;
        if self.text.get(start) == Some(&b'"') {
            let end = end_of_quoted(self.text, start + 1, b'"').ok_or(Malformed)?;
            self.at = end + 1;
            return Ok(Token::Pair { key, value: start + 1..end, escape: Escape::Quoted });
        }
        self.run();
        match self.text.get(self.at) {
            Some(b'"' | b'=') => Err(Malformed),
            _ => Ok(Token::Pair { key, value: start..self.at, escape: Escape::None }),
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while *self.text.get(self.at)? <= b' ' {
            self.at += 1;
        }
        Some(self.token(self.at))
    }
}

/// Ends a key or an unquoted value: white space, control characters, `=`, `"`.
const END: u8 = 1;

/// Not in a key: go-logfmt would allow it, but `f(a=1, b=2)` and `[x=1]` are not logfmt.
const ODD: u8 = 2;

static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            0..=b' ' | b'=' | b'"' => END,
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b',' | b';' | b'|' | b'\'' | b'`'
            | b'\\' | b'?' | b'&' | b'!' => ODD,
            _ => 0,
        };
        b += 1;
    }
    table
};
