//! Conditions on fields: the operator and the value behind it.

use std::ops::Range;

use super::Parser;
use super::filter::glob;
use crate::cursor::Place;
use crate::{FieldMatch, FieldName, Filter, Glob, Literal, Ordering, ParseError, Predicate, Regex};

const VALUE: &str = "a value: a word, a number (also 250ms, 10MB, 2026-01-02, 1.2.3, 10.0.0.0/8), \"text\", a pattern \
                     with `*`, or /regex/";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Equal,
    NotEqual,
    Compare(Ordering),
    In,
}

pub(super) struct Operator {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

enum Value {
    Literal(Literal),
    Glob(Glob),
    Regex(Regex),
}

impl Parser<'_> {
    /// The operator that follows a name, white space allowed; if there is none, nothing is taken.
    pub(super) fn operator(&mut self) -> Result<Option<Operator>, ParseError> {
        let before = self.cursor.clone();
        self.cursor.skip_space();
        let start = self.cursor.at();
        let kinds = [
            ("!=", Kind::NotEqual),
            ("<=", Kind::Compare(Ordering::LessOrEqual)),
            (">=", Kind::Compare(Ordering::GreaterOrEqual)),
            ("=", Kind::Equal),
            ("<", Kind::Compare(Ordering::Less)),
            (">", Kind::Compare(Ordering::Greater)),
        ];
        for (token, kind) in kinds {
            if self.cursor.eat(token) {
                return Ok(Some(Operator { kind, span: start..self.cursor.at() }));
            }
        }
        let negated = self.cursor.eat_keyword("not") || self.cursor.eat_keyword("NOT");
        self.cursor.skip_space();
        if self.cursor.eat_keyword("in") || self.cursor.eat_keyword("IN") {
            let span = start..self.cursor.at();
            self.cursor.skip_space();
            if self.cursor.peek() == Some('(') && negated {
                return Err(ParseError::new(span, "`not in` is not an operator", "NOT before the field")
                    .hint("write: NOT field in (a, b)"));
            }
            if self.cursor.peek() == Some('(') {
                return Ok(Some(Operator { kind: Kind::In, span }));
            }
        }
        self.cursor = before;
        Ok(None)
    }

    /// The rest of a condition on `field`.
    pub(super) fn field(&mut self, field: FieldName, operator: Operator) -> Result<Filter, ParseError> {
        let predicate = match operator.kind {
            Kind::In => Predicate::In(self.list()?),
            kind => self.predicate(kind)?,
        };
        Ok(Filter::Field(FieldMatch { field, predicate }))
    }

    fn predicate(&mut self, kind: Kind) -> Result<Predicate, ParseError> {
        let (value, span) = self.value(Place::Value)?;
        match (kind, value) {
            (Kind::Equal, Value::Literal(literal)) => Ok(Predicate::Equal(literal)),
            (Kind::Equal, Value::Glob(glob)) if glob.is_any() => Ok(Predicate::Exists),
            (Kind::Equal, Value::Glob(glob)) => Ok(Predicate::Glob(glob)),
            (Kind::Equal, Value::Regex(regex)) => Ok(Predicate::Regex(regex)),
            (Kind::NotEqual, Value::Literal(literal)) => Ok(Predicate::NotEqual(literal)),
            (Kind::NotEqual, Value::Glob(glob)) if glob.is_any() => {
                Err(ParseError::new(span, "no value differs from `*`", "a value")
                    .hint("for records without the field write: NOT field=*"))
            }
            (Kind::NotEqual, Value::Glob(glob)) => Ok(Predicate::NotGlob(glob)),
            (Kind::NotEqual, Value::Regex(regex)) => Ok(Predicate::NotRegex(regex)),
            (Kind::Compare(_), Value::Literal(literal)) if !literal.has_order() => {
                Err(ParseError::new(span, "a net cannot be compared by size", "`=`, `!=` or `in` before it")
                    .hint(
                        "addresses in the net: field=10.0.0.0/8; addresses compare by size: field<10.0.0.7",
                    ))
            }
            (Kind::Compare(ordering), Value::Literal(literal)) => Ok(Predicate::Compare(ordering, literal)),
            (Kind::Compare(_) | Kind::In, _) => {
                Err(ParseError::new(span, "a pattern cannot be compared by size", "a number or text"))
            }
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, ParseError> {
        self.cursor.skip(1);
        let mut literals = Vec::new();
        loop {
            let (value, span) = self.value(Place::List)?;
            let Value::Literal(literal) = value else {
                return Err(ParseError::new(span, "a pattern in a list", "a plain value")
                    .hint("write: (field=a* OR field=b*)"));
            };
            literals.push(literal);
            self.cursor.skip_space();
            if self.cursor.eat(")") {
                return Ok(literals);
            }
            if !self.cursor.eat(",") {
                return Err(self.cursor.unexpected("`,` or `)`"));
            }
        }
    }

    fn value(&mut self, place: Place) -> Result<(Value, Range<usize>), ParseError> {
        // `#` right behind the operator is part of the value, not a comment.
        if self.cursor.peek().is_some_and(char::is_whitespace) {
            self.cursor.skip_space();
        }
        let start = self.cursor.at();
        let value = match self.cursor.peek() {
            Some('"') => {
                let text = self.cursor.quoted()?;
                match self.cursor.peek() {
                    Some('*') => Value::Glob(glob(self.cursor.pattern_behind(place, &text, start)?)?),
                    _ => Value::Literal(Literal::quoted(text)),
                }
            }
            Some('/') if self.cursor.regex_value_length(place).is_some() => {
                let length = self.cursor.regex_value_length(place).unwrap_or_default();
                Value::Regex(self.regex(length)?)
            }
            Some('=' | '<' | '>' | '!' | '~') => return Err(self.no_value()),
            _ => self.bare_value(place)?,
        };
        let span = start..self.cursor.at();
        self.end_of_word(place)?;
        Ok((value, span))
    }

    fn bare_value(&mut self, place: Place) -> Result<Value, ParseError> {
        let word = self.cursor.pattern(place)?;
        if word.span.is_empty() {
            return Err(self.no_value());
        }
        Ok(match word.plain() {
            Ok(text) => Value::Literal(Literal::bare(text)),
            Err(word) => Value::Glob(glob(word)?),
        })
    }

    fn no_value(&mut self) -> ParseError {
        let hint = match self.cursor.peek() {
            Some('(') => "several values are written: field in (a, b)",
            Some('~') => "a regular expression is written: field=/regex/ or field!=/regex/",
            Some('=' | '<' | '>' | '!') => {
                "the operators are = != < <= > >= in; other text goes in \"quotes\""
            }
            _ => "for any value write field=*, for an empty one field=\"\"",
        };
        self.cursor.unexpected(VALUE).hint(hint)
    }
}
