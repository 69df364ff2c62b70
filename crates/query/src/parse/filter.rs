//! Conditions: AND, OR, NOT, groups, words, phrases, patterns and regular expressions.

use std::ops::Range;

use super::time::Bound;
use super::{DEPTH_MAX, Parser, REGEXES_MAX};
use crate::cursor::{Place, Word};
use crate::{FieldName, Filter, Glob, ParseError, Regex, TextMatch};

const CONDITION: &str = "a condition: a word, a \"phrase\", field=value, or `(`";
const IN_QUOTES: &str = "what is to be searched for as it stands goes in \"quotes\"";

/// A condition, and the bounds of time that stood beside it.
pub(super) struct Condition {
    filter: Filter,
    times: Vec<Bound>,
}

impl Condition {
    pub(super) fn into_parts(self) -> (Filter, Vec<Bound>) {
        (self.filter, self.times)
    }

    /// Bounds apply to the whole query, so they may not stand where only a part of it would hold.
    pub(super) fn without_times(self, place: &str) -> Result<Filter, ParseError> {
        let Some(bound) = self.times.first() else {
            return Ok(self.filter);
        };
        let message = format!("a time inside {place}, where it cannot hold for the whole query");
        Err(ParseError::new(bound.span.clone(), message, "it beside the other conditions of the query")
            .hint("write: last=1h (a OR b); a field of this name goes in quotes: \"start\"=x"))
    }
}

impl From<Filter> for Condition {
    fn from(filter: Filter) -> Condition {
        Condition { filter, times: Vec::new() }
    }
}

impl Parser<'_> {
    /// One or more conjunctions with OR between them.
    pub(super) fn either(&mut self, depth: usize) -> Result<Condition, ParseError> {
        let first = self.all(depth)?;
        self.cursor.skip_space();
        if !self.cursor.at_keyword("OR") {
            return Ok(first);
        }
        let mut branches = vec![first.without_times("OR")?];
        while self.cursor.eat_keyword("OR") {
            branches.push(self.all(depth)?.without_times("OR")?);
            self.cursor.skip_space();
        }
        Ok(Filter::Or(branches).into())
    }

    /// One or more terms, with or without AND between them.
    fn all(&mut self, depth: usize) -> Result<Condition, ParseError> {
        let Condition { filter, mut times } = self.term(depth)?;
        let mut filters = vec![filter];
        loop {
            self.cursor.skip_space();
            let and = self.cursor.eat_keyword("AND");
            let over = matches!(self.cursor.peek(), None | Some(')' | '|')) || self.cursor.at_keyword("OR");
            if over && !and {
                return Ok(Condition { filter: Filter::And(filters), times });
            }
            let next = self.term(depth)?;
            filters.push(next.filter);
            times.extend(next.times);
        }
    }

    fn term(&mut self, depth: usize) -> Result<Condition, ParseError> {
        self.cursor.skip_space();
        let start = self.cursor.at();
        if depth > DEPTH_MAX {
            let message = format!("parentheses and NOT nested more than {DEPTH_MAX} deep");
            return Err(ParseError::new(start..start + 1, message, "a simpler query"));
        }
        if self.cursor.eat_keyword("NOT") {
            return self.negated(depth);
        }
        if self.cursor.at_keyword("AND") || self.cursor.at_keyword("OR") {
            return Err(self.cursor.unexpected(CONDITION).hint("to search for AND, OR, NOT: in \"quotes\""));
        }
        match self.cursor.peek() {
            Some('(') => self.group(depth),
            Some('-') => {
                self.cursor.skip(1);
                match self.cursor.peek() {
                    Some(c) if c != '-' && !c.is_whitespace() => self.negated(depth),
                    _ => Err(ParseError::new(start..start + 1, "`-` before nothing", "-word, for NOT word")
                        .hint(IN_QUOTES)),
                }
            }
            Some('!') => Err(self
                .cursor
                .unexpected(CONDITION)
                .hint("NOT is written NOT or -; other text goes in \"quotes\"")),
            Some('"') => self.quoted_term(),
            Some('/') => {
                let regex = self.slashed_regex()?;
                self.text(TextMatch::Regex(regex), start).map(Condition::from)
            }
            _ => self.bare_term(),
        }
    }

    fn negated(&mut self, depth: usize) -> Result<Condition, ParseError> {
        let inner = self.term(depth + 1)?.without_times("NOT")?;
        Ok(Filter::Not(Box::new(inner)).into())
    }

    fn group(&mut self, depth: usize) -> Result<Condition, ParseError> {
        let open = self.cursor.at();
        self.cursor.skip(1);
        let inner = self.either(depth + 1)?;
        self.cursor.skip_space();
        if self.cursor.eat(")") {
            return Ok(inner);
        }
        let column = self.cursor.slice(0..open).chars().count() + 1;
        Err(self.cursor.unexpected(format!("`)` for the `(` at character {column}")))
    }

    fn quoted_term(&mut self) -> Result<Condition, ParseError> {
        let start = self.cursor.at();
        let text = self.cursor.quoted()?;
        if self.cursor.peek() == Some('*') {
            let word = self.cursor.pattern_behind(Place::Text, &text, start)?;
            return self.pattern_term(word);
        }
        let span = start..self.cursor.at();
        if let Some(operator) = self.operator()? {
            self.known(&text, span)?;
            return self.field(FieldName::Exact(text), operator).map(Condition::from);
        }
        self.end_of_word(Place::Text)?;
        if text.is_empty() {
            return Err(ParseError::new(
                span,
                "an empty phrase",
                "something to search for, or `*` for all records",
            ));
        }
        self.text(TextMatch::Phrase(text), start).map(Condition::from)
    }

    /// A condition on the text, which only records have.
    fn text(&self, text: TextMatch, start: usize) -> Result<Filter, ParseError> {
        if self.columns.is_none() {
            return Ok(Filter::Text(text));
        }
        let message = "a search for text in a table";
        Err(ParseError::new(start..self.cursor.at(), message, "a condition on a column: name=value")
            .hint("for a word in some column write name=*word*, in any column *=*word*"))
    }

    fn bare_term(&mut self) -> Result<Condition, ParseError> {
        let word = self.cursor.pattern(Place::Text)?;
        if word.span.is_empty() {
            return Err(self.cursor.unexpected(CONDITION).hint(IN_QUOTES));
        }
        self.pattern_term(word)
    }

    /// The condition that a word or pattern begins.
    fn pattern_term(&mut self, word: Word) -> Result<Condition, ParseError> {
        if let Some(operator) = self.operator()? {
            if let Some(bound) = self.time_bound(&word, &operator)? {
                return Ok(Condition { filter: Filter::All, times: vec![bound] });
            }
            let span = word.span.clone();
            let name = match word.plain() {
                Ok(name) => {
                    self.known(&name, span)?;
                    FieldName::Exact(name)
                }
                Err(word) => FieldName::Glob(glob(word)?),
            };
            return self.field(name, operator).map(Condition::from);
        }
        self.end_of_word(Place::Text)?;
        let start = word.span.start;
        let filter = match word.plain() {
            Ok(text) => self.text(TextMatch::Phrase(text), start)?,
            Err(word) => match glob(word)? {
                any if any.is_any() => Filter::All,
                glob => self.text(TextMatch::Glob(glob), start)?,
            },
        };
        Ok(filter.into())
    }

    /// What comes right behind a word or a value must not look as if it belonged to it.
    pub(super) fn end_of_word(&mut self, place: Place) -> Result<(), ParseError> {
        if self.cursor.at_boundary(place) {
            return Ok(());
        }
        let expected =
            if place == Place::List { "`,` or `)`" } else { "a space before it, or quotes around all of it" };
        let error = self.cursor.unexpected(expected);
        Err(error
            .hint("a field and its value are written field=\"some value\", several values field in (a, b)"))
    }

    /// In the place of a word, what begins with `/` is a regular expression and nothing else.
    pub(super) fn slashed_regex(&mut self) -> Result<Regex, ParseError> {
        let start = self.cursor.at();
        let hint = "to search for text that begins with `/`, put it in \"quotes\"";
        let Some(length) = self.cursor.regex_length() else {
            let span = self.cursor.word(Place::Value).span;
            let message = "a regular expression that is not closed";
            return Err(ParseError::new(span, message, "another `/` further on").hint(hint));
        };
        if self.cursor.regex_value_length(Place::Text).is_none() {
            let end = start + length;
            let message = "a `/` that ends the regular expression too early";
            return Err(ParseError::new(end - 1..end, message, "`\\/` for a slash in a regular expression")
                .hint(hint));
        }
        self.regex(length)
    }

    /// Compiles the `/…/` of this length that stands here.
    pub(super) fn regex(&mut self, length: usize) -> Result<Regex, ParseError> {
        let start = self.cursor.at();
        let span: Range<usize> = start + 1..start + length - 1;
        self.regexes += 1;
        if self.regexes > REGEXES_MAX {
            let message = format!("more than {REGEXES_MAX} regular expressions");
            return Err(ParseError::new(span, message, "one with alternatives: /a|b|c/"));
        }
        let regex = Regex::new(self.cursor.slice(span.clone())).map_err(|e| {
            ParseError::new(
                span.start + e.span.start..span.start + e.span.end,
                e.message,
                "a regular expression",
            )
        })?;
        self.cursor.skip(length);
        Ok(regex)
    }
}

/// The pattern of a word with stars.
pub(super) fn glob(word: Word) -> Result<Glob, ParseError> {
    let span = word.span;
    Glob::from_pieces(word.pieces).ok_or_else(|| ParseError::new(span, "a pattern without `*`", "`*`"))
}
