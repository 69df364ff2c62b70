//! The mark in each record that says which one it is.

use gastrolog_types::Timestamp;

use crate::format::Format;

const PREFIX: &[u8] = b"cbx-";
/// Longest token: prefix, four parts of at most 20 digits, the marks between them.
const BYTES_MAX: usize = 128;

/// Which record it is: `cbx-RUN-NUMBER-TIME-FORMAT`, with `.end` after the last of a run. One word, made of letters,
/// digits, `-` and `.`, so that no format needs to escape it.
///
/// ```
/// use gastrolog_receiver_chatterbox::{Format, Token};
/// use gastrolog_types::Timestamp;
///
/// let token = Token { run: 7, number: 12, time: Timestamp(5), format: Format::Json, last: false };
/// assert_eq!(token.to_string(), "cbx-7-12-5-json");
/// assert_eq!(Token::find(br#"{"msg":"hello cbx-7-12-5-json"}"#), Some(token));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The run: the seed it was started with.
    pub run: u64,
    /// Its number in the run, from 0 and without gaps.
    pub number: u64,
    /// When it was made.
    pub time: Timestamp,
    /// How it is written.
    pub format: Format,
    /// Whether the run has no more after it.
    pub last: bool,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Token { run, number, time, format, last } = self;
        write!(f, "cbx-{run}-{number}-{}-{}{}", time.0, format.name(), if *last { ".end" } else { "" })
    }
}

impl Token {
    /// The first token in `text`.
    pub fn find(text: &[u8]) -> Option<Token> {
        let mut at = 0;
        while let Some(found) = find_bytes(text.get(at..)?, PREFIX) {
            let start = at + found + PREFIX.len();
            let rest = text.get(start..(start + BYTES_MAX).min(text.len())).unwrap_or(&[]);
            if let Some(token) = Token::parse(rest) {
                return Some(token);
            }
            at = start;
        }
        None
    }

    /// Reads what follows the prefix.
    fn parse(rest: &[u8]) -> Option<Token> {
        let end = rest.iter().position(|b| !is_token_byte(*b)).unwrap_or(rest.len());
        let word = std::str::from_utf8(rest.get(..end)?).ok()?;
        let (word, last) = word.strip_suffix(".end").map_or((word, false), |word| (word, true));
        let mut parts = word.splitn(4, '-');
        let run = parts.next()?.parse().ok()?;
        let number = parts.next()?.parse().ok()?;
        let time = Timestamp(parts.next()?.parse().ok().filter(|ns| *ns >= 0)?);
        let format = Format::named(parts.next()?.trim_end_matches(['.', '-']))?;
        Some(Token { run, number, time, format, last })
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

fn find_bytes(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
