//! A place in the text of a query, and the tokens that can be read there.

use std::ops::Range;

use crate::ParseError;
use crate::glob::Pieces;

/// Characters of an unexpected token that an error repeats.
const TOKEN_CHARS_MAX: usize = 40;

#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Where a bare word stands, which decides what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A condition begins here: an operator ends the word.
    Text,
    /// After an operator.
    Value,
    /// In a list or a stage: a comma ends the word.
    List,
}

impl Place {
    fn ends_word(self, c: char, rest: &str) -> bool {
        match c {
            '(' | ')' | '|' | '"' => true,
            ',' => self == Place::List,
            '=' | '<' | '>' => self == Place::Text,
            '!' => self == Place::Text && rest.starts_with("!="),
            c => c.is_whitespace(),
        }
    }
}

/// A word without quotes, cut at its stars: one piece if it has none.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) pieces: Vec<String>,
    pub(crate) span: Range<usize>,
}

impl Word {
    /// Its text, if it has no stars.
    pub(crate) fn plain(self) -> Result<String, Word> {
        match <[String; 1]>::try_from(self.pieces) {
            Ok([only]) => Ok(only),
            Err(pieces) => Err(Word { pieces, span: self.span }),
        }
    }
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn slice(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes back to a place that [`Cursor::at`] told.
    pub(crate) fn move_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Moves on by `bytes` of what [`Cursor::rest`] starts with.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// White space, and comments from `#` to the end of the line.
    pub(crate) fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Whether a bare word may end here: at white space, `)`, `|`, the end, or in a list a comma.
    pub(crate) fn at_boundary(&self, place: Place) -> bool {
        self.is_boundary(self.at, place)
    }

    fn is_boundary(&self, at: usize, place: Place) -> bool {
        match self.text.get(at..).unwrap_or_default().chars().next() {
            None | Some(')' | '|') => true,
            Some(',') => place == Place::List,
            Some(c) => c.is_whitespace(),
        }
    }

    /// Takes `keyword` if it stands here as a word of its own.
    pub(crate) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    pub(crate) fn at_keyword(&self, keyword: &str) -> bool {
        let after = self.rest().strip_prefix(keyword).map(|rest| rest.chars().next());
        after.is_some_and(|c| c.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"' | ',')))
    }

    /// A word without quotes; empty if none stands here.
    pub(crate) fn word(&mut self, place: Place) -> Word {
        let start = self.at;
        let mut pieces = Pieces::default();
        self.bare_part(place, &mut pieces);
        Word { pieces: pieces.finish(), span: start..self.at }
    }

    /// A word or a pattern. A part of a pattern may stand in quotes beside a star: `*"connection ref"*`.
    pub(crate) fn pattern(&mut self, place: Place) -> Result<Word, ParseError> {
        let start = self.at;
        self.rest_of_pattern(place, Pieces::default(), start)
    }

    /// As [`Cursor::pattern`], of one that begins at `start` with a text in quotes that was read already.
    pub(crate) fn pattern_behind(
        &mut self,
        place: Place,
        text: &str,
        start: usize,
    ) -> Result<Word, ParseError> {
        let mut pieces = Pieces::default();
        text.chars().for_each(|c| pieces.push(c));
        self.rest_of_pattern(place, pieces, start)
    }

    fn rest_of_pattern(
        &mut self,
        place: Place,
        mut pieces: Pieces,
        start: usize,
    ) -> Result<Word, ParseError> {
        while self.bare_part(place, &mut pieces) && self.peek() == Some('"') {
            self.quoted()?.chars().for_each(|c| pieces.push(c));
            if self.peek() != Some('*') {
                break;
            }
        }
        Ok(Word { pieces: pieces.finish(), span: start..self.at })
    }

    /// What stands here without quotes; whether it ends with a star.
    fn bare_part(&mut self, place: Place, pieces: &mut Pieces) -> bool {
        let mut starred = false;
        while let Some(c) = self.peek().filter(|&c| !place.ends_word(c, self.rest())) {
            self.at += c.len_utf8();
            starred = c == '*';
            match c {
                '*' => pieces.star(),
                '\\' => match self.peek().filter(|next| !next.is_ascii_alphanumeric()) {
                    Some(next) => {
                        self.at += next.len_utf8();
                        pieces.push(next);
                    }
                    None => pieces.push(c),
                },
                c => pieces.push(c),
            }
        }
        starred
    }

    /// The text in the quotes that begin here: `\"` and `\\` are escapes, any other backslash is itself.
    pub(crate) fn quoted(&mut self) -> Result<String, ParseError> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += i + 1;
                    return Ok(out);
                }
                '\\' => {
                    let escaped = chars.next_if(|&(_, next)| matches!(next, '"' | '\\'));
                    out.push(escaped.map_or('\\', |(_, next)| next));
                }
                c => out.push(c),
            }
        }
        Err(ParseError::new(start..start + 1, "a quote that is not closed", "another `\"` further on"))
    }

    /// The length of the `/…/` that begins here, slashes included: it ends at the first `/` without a backslash.
    pub(crate) fn regex_length(&self) -> Option<usize> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            match c {
                '/' => return Some(i + 1),
                '\\' => drop(chars.next()),
                _ => {}
            }
        }
        None
    }

    /// As [`Cursor::regex_length`], if a regular expression is not empty and ends as a word may: the rule that
    /// tells `path=/^\/api/` from `path=/api/v1`.
    pub(crate) fn regex_value_length(&self, place: Place) -> Option<usize> {
        self.regex_length().filter(|&length| length > 2 && self.is_boundary(self.at + length, place))
    }

    /// An error about what stands here (after white space).
    pub(crate) fn unexpected(&mut self, expected: impl Into<String>) -> ParseError {
        let before = self.slice(0..self.at).trim_end().len();
        self.skip_space();
        let start = self.at;
        if self.rest().is_empty() {
            return ParseError::new(before..before, "the query ends too early", expected);
        }
        if self.word(Place::List).span.is_empty() {
            self.at = start + self.peek().map_or(0, char::len_utf8);
        }
        let span = start..self.at;
        let mut token: String = self.slice(span.clone()).chars().take(TOKEN_CHARS_MAX).collect();
        if token.len() < span.len() {
            token.push('…');
        }
        ParseError::new(span, format!("unexpected `{token}`"), expected)
    }
}
