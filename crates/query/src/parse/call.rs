//! Calls of aggregate functions, as in `p99(duration_ms)`.

use super::{ParseContext, Parser};
use crate::cursor::{Cursor, Place};
use crate::{Aggregate, Function, ParseError, parse_number};
use gastrolog_types::Timestamp;

const FUNCTIONS: &str =
    "count, count_distinct, min, max, sum, avg, first, last, median, p99 (p and a percentile) or quantile";

impl Parser<'_> {
    /// A call, and behind it `as name`.
    pub(super) fn aggregate(&mut self) -> Result<Aggregate, ParseError> {
        let (function, field, mut alias) = self.call()?;
        self.cursor.skip_space();
        if self.cursor.eat_keyword("as") {
            alias = self.name("a name for the result")?;
        }
        Ok(Aggregate { function, field, alias })
    }

    /// Function, field, and the call in its canonical spelling.
    pub(super) fn call(&mut self) -> Result<(Function, Option<String>, String), ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let word = self.cursor.word(Place::List);
        let name = self.cursor.slice(word.span);
        let Some(mut function) = function_named(name) else {
            self.cursor = before;
            return Err(self.cursor.unexpected(format!("a function: {FUNCTIONS}")));
        };
        self.cursor.skip_space();
        if !self.cursor.eat("(") {
            if function == Function::Count {
                return Ok((function, None, "count".into()));
            }
            return Err(self.cursor.unexpected(format!("`(` and a field, as in {name}(duration_ms)")));
        }
        if name == "quantile" {
            function = Function::Quantile(self.fraction()?);
        }
        self.cursor.skip_space();
        let none = function == Function::Count && self.cursor.peek() == Some(')');
        let field = if none { None } else { Some(self.name("the name of a field")?) };
        self.cursor.skip_space();
        if !self.cursor.eat(")") {
            return Err(self.cursor.unexpected("`)`"));
        }
        let spelling = function.spelling(name, field.as_deref());
        Ok((function, field, spelling))
    }

    /// The first argument of `quantile`, and the comma behind it.
    fn fraction(&mut self) -> Result<f64, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let word = self.cursor.word(Place::List);
        let number = parse_number(self.cursor.slice(word.span).as_bytes()).map(|n| n.to_f64());
        let Some(fraction) = number.filter(|n| (0.0..=1.0).contains(n)) else {
            self.cursor = before;
            return Err(self.cursor.unexpected("a number from 0 to 1, as in quantile(0.95, duration_ms)"));
        };
        self.cursor.skip_space();
        if !self.cursor.eat(",") {
            return Err(self.cursor.unexpected("`,` and a field, as in quantile(0.95, duration_ms)"));
        }
        Ok(fraction)
    }
}

/// The canonical spelling of a call, if `text` is one and nothing else.
pub(crate) fn call_name(text: &str) -> Option<String> {
    let context = ParseContext { now: Timestamp(0), utc_offset_seconds: 0 };
    let mut parser = Parser { cursor: Cursor::new(text), context, regexes: 0 };
    let (_, _, name) = parser.call().ok()?;
    parser.cursor.rest().is_empty().then_some(name)
}

fn function_named(name: &str) -> Option<Function> {
    Some(match name {
        "count" => Function::Count,
        "count_distinct" => Function::CountDistinct,
        "min" => Function::Min,
        "max" => Function::Max,
        "sum" => Function::Sum,
        "avg" => Function::Avg,
        "first" => Function::First,
        "last" => Function::Last,
        // The fraction of `quantile` is its first argument.
        "median" | "quantile" => Function::Quantile(0.5),
        _ => Function::Quantile(percentile(name.strip_prefix('p')?)?),
    })
}

/// `99.9` as 0.999: the point is moved in the text, because dividing would round.
pub(crate) fn percentile(digits: &str) -> Option<f64> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let fraction =
        parse_number(digits.as_bytes()).and_then(|_| format!("{digits}e-2").parse::<f64>().ok())?;
    (plain && (0.0..=1.0).contains(&fraction)).then_some(fraction)
}
