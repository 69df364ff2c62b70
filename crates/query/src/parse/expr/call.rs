//! Calls: the name, the arguments, and what can be said about them before there is a row.

use std::ops::Range;

use gastrolog_types::Value;

use super::Reader;
use crate::expr::table::{Signature, named, similar};
use crate::expr::{Net, Strength, check_format, time_of_text};
use crate::{Expr, ExprFunction, ParseError};

const TIME: &str = "a time such as 2026-01-02T03:04:05Z or 2026-01-02";

impl Reader<'_, '_> {
    /// The rest of a call, its name (which begins at `start`) and the parenthesis taken.
    pub(super) fn call(&mut self, name: &str, start: usize) -> Result<Expr, ParseError> {
        let name_span = start..start + name.len();
        match name {
            "field" => return self.field_call(),
            "now" => return self.now(),
            _ => {}
        }
        let Some(signature) = named(name) else {
            let error = ParseError::new(name_span, format!("no function `{name}`"), "the name of a function");
            return Err(match (self.parser.column_called(name), similar(name)) {
                (Some(column), _) => {
                    let written = column.replace('\\', "\\\\").replace('"', "\\\"");
                    error.hint(format!("write field(\"{written}\"), or name it before: {column} as …"))
                }
                (None, Some(meant)) => error.hint(format!("did you mean {meant}(…)?")),
                (None, None) => error.hint("a field before parentheses cannot be; text goes in \"quotes\""),
            });
        };
        let (arguments, spans) = self.arguments(signature)?;
        let span = start..self.cursor().at();
        check_count(signature, arguments.len(), span)?;
        check_values(signature.function, arguments, &spans)
    }

    /// `field("any name")`.
    fn field_call(&mut self) -> Result<Expr, ParseError> {
        self.cursor().skip_space();
        if self.cursor().peek() != Some('"') {
            return Err(self
                .cursor()
                .unexpected("the name of a field in quotes, as in field(\"content-type\")"));
        }
        let start = self.cursor().at();
        let name = self.text()?;
        let span = start..self.cursor().at();
        self.parser.known(&name, span)?;
        self.close()?;
        Ok(Expr::Field(name))
    }

    /// The time of the query.
    fn now(&mut self) -> Result<Expr, ParseError> {
        self.close()?;
        Ok(Expr::Literal(Value::Time(self.parser.context.now)))
    }

    fn close(&mut self) -> Result<(), ParseError> {
        self.cursor().skip_space();
        if self.cursor().eat(")") { Ok(()) } else { Err(self.cursor().unexpected("`)`")) }
    }

    fn arguments(&mut self, signature: &Signature) -> Result<(Vec<Expr>, Vec<Range<usize>>), ParseError> {
        let (mut arguments, mut spans) = (Vec::new(), Vec::new());
        self.cursor().skip_space();
        if self.cursor().eat(")") {
            return Ok((arguments, spans));
        }
        loop {
            self.cursor().skip_space();
            let start = self.cursor().at();
            arguments.push(self.argument(signature.function, arguments.len())?);
            spans.push(start..self.cursor().at());
            self.cursor().skip_space();
            if self.cursor().eat(")") {
                return Ok((arguments, spans));
            }
            if !self.cursor().eat(",") {
                return Err(self.cursor().unexpected("an operator, `,` or `)`"));
            }
        }
    }

    /// A regular expression is one only where the function takes it.
    fn argument(&mut self, function: ExprFunction, index: usize) -> Result<Expr, ParseError> {
        let takes = index == 1 && matches!(function, ExprFunction::Matches | ExprFunction::Replace);
        if takes && self.cursor().peek() == Some('/') {
            let start = self.cursor().at();
            let Some(length) = self.cursor().regex_length() else {
                let message = "a regular expression that is not closed";
                return Err(ParseError::new(start..start + 1, message, "another `/` further on"));
            };
            let regex = Expr::Regex(self.parser.regex(length)?);
            return self.part(regex, start);
        }
        if function == ExprFunction::Matches && index == 1 {
            return Err(self.cursor().unexpected("a regular expression, as in matches(path, /^\\/api/)"));
        }
        self.operation(Strength::Or)
    }
}

fn check_count(signature: &Signature, count: usize, span: Range<usize>) -> Result<(), ParseError> {
    let fits = count >= signature.least && signature.most.is_none_or(|most| count <= most);
    if fits {
        return Ok(());
    }
    let message = format!("{} takes {}; here are {count}", signature.name, signature.takes());
    Err(ParseError::new(span, message, format!("as in {}", signature.example)))
}

/// What is the same for every row is looked at now: a text that can never be read is a mistake.
fn check_values(
    function: ExprFunction,
    arguments: Vec<Expr>,
    spans: &[Range<usize>],
) -> Result<Expr, ParseError> {
    let text = |i: usize| match arguments.get(i) {
        Some(Expr::Literal(Value::Text(text))) => std::str::from_utf8(text).ok(),
        _ => None,
    };
    let wrong = |i: usize, message: String, expected: &str| {
        Err(ParseError::new(spans.get(i).cloned().unwrap_or_default(), message, expected))
    };
    match (function, text(0), text(1)) {
        (ExprFunction::Time, Some(text), _) => match time_of_text(text.as_bytes()) {
            Some(time) => return Ok(Expr::Literal(Value::Time(time))),
            None => return wrong(0, format!("`{text}` cannot be read"), TIME),
        },
        (ExprFunction::CidrMatch, _, Some(net)) if Net::parse(net).is_none() => {
            return wrong(1, format!("`{net}` is no net"), "a net such as 10.0.0.0/8 or 2001:db8::/32");
        }
        (ExprFunction::FormatTime, _, Some(format)) => {
            if let Err(why) = check_format(format) {
                return wrong(1, why, "a format such as %Y-%m-%d %H:%M:%S");
            }
        }
        _ => {}
    }
    Ok(Expr::Call(function, arguments))
}
