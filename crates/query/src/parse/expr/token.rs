//! Tokens of expressions: operators, numbers, durations, texts, names.

use gastrolog_types::Value;

use super::Reader;
use crate::expr::{begins_name, in_name};
use crate::parse::time::{DURATION, parse_duration};
use crate::{BinaryOperator, Expr, ParseError, parse_number};

/// Names that mean something of their own, in any case.
const RESERVED: [&str; 6] = ["and", "or", "not", "true", "false", "null"];

/// Whether a field of this name cannot stand without quotes.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// The operator that `text` begins with, and its length.
pub(super) fn operator(text: &str) -> Option<(BinaryOperator, usize)> {
    let word = text.get(..name_bytes(text)).unwrap_or_default();
    if word.eq_ignore_ascii_case("and") {
        return Some((BinaryOperator::And, word.len()));
    }
    if word.eq_ignore_ascii_case("or") {
        return Some((BinaryOperator::Or, word.len()));
    }
    let found = BinaryOperator::TOKENS.into_iter().find(|(token, _)| text.starts_with(token));
    found.map(|(token, operator)| (operator, token.len()))
}

/// The length of the name that `text` begins with.
pub(super) fn name_bytes(text: &str) -> usize {
    if text.starts_with(begins_name) { text.find(|c| !in_name(c)).unwrap_or(text.len()) } else { 0 }
}

/// The value of a word that is one.
pub(super) fn word_value(word: &str) -> Option<Value> {
    ["true", "false"]
        .into_iter()
        .find(|truth| truth.eq_ignore_ascii_case(word))
        .map(|truth| Value::Text(truth.as_bytes().to_vec()))
        .or_else(|| "null".eq_ignore_ascii_case(word).then_some(Value::Null))
}

/// The length of what `text` begins with that can only be meant as a number or a duration.
pub(super) fn number_bytes(text: &str) -> usize {
    let from = |at: usize| text.get(at..).unwrap_or_default();
    let run = |at: usize, takes: fn(char) -> bool| from(at).find(|c| !takes(c)).unwrap_or(from(at).len());
    let digits = run(0, |c| c.is_ascii_digit() || c == '.');
    // The sign of an exponent is part of the number, that of `5m-3` is not.
    let exponent = match from(digits).as_bytes() {
        [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] => 2,
        _ => 0,
    };
    let end = digits + exponent;
    end + run(end, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | 'µ' | 'μ'))
}

impl Reader<'_, '_> {
    /// A number or a duration.
    pub(super) fn number(&mut self) -> Result<Expr, ParseError> {
        let start = self.cursor().at();
        let length = number_bytes(self.cursor().rest());
        let text = self.cursor().slice(start..start + length);
        self.cursor().skip(length);
        if let Some(number) = parse_number(text.as_bytes()) {
            return Ok(Expr::Literal(number.to_value()));
        }
        if let Some(ns) = parse_duration(text) {
            return Ok(Expr::Duration(ns));
        }
        let message = format!("`{}` cannot be read", text.chars().take(40).collect::<String>());
        let error = ParseError::new(start..start + length, message, format!("a number or {DURATION}"));
        Err(if text.ends_with('B') {
            error.hint(format!("a size is written: size(\"{text}\")"))
        } else {
            error
        })
    }

    /// A text in quotes: `\"`, `\\`, `\n` and `\t` are escapes, any other backslash is itself.
    pub(super) fn text(&mut self) -> Result<String, ParseError> {
        let start = self.cursor().at();
        let mut out = String::new();
        let mut chars = self.cursor().rest().char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.cursor().skip(i + 1);
                    return Ok(out);
                }
                '\\' => {
                    let escaped = chars.next_if(|&(_, next)| matches!(next, '"' | '\\' | 'n' | 't'));
                    out.push(match escaped {
                        None => '\\',
                        Some((_, 'n')) => '\n',
                        Some((_, 't')) => '\t',
                        Some((_, c)) => c,
                    });
                }
                c => out.push(c),
            }
        }
        Err(ParseError::new(start..start + 1, "a quote that is not closed", "another `\"` further on"))
    }
}
