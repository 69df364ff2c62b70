//! Calls of aggregate functions, as in `p99(duration_ms)`.

use std::ops::Range;

use super::{ParseContext, Parser};
use crate::cursor::Place;
use crate::{Aggregate, Function, ParseError, nearest, parse_number};
use gastrolog_types::Timestamp;

/// How many values `values(f)` gives.
pub(crate) const VALUES_DEFAULT: u64 = 100;

/// Functions by name; percentiles are not among them.
const FUNCTIONS: [(&str, Function); 17] = [
    ("count", Function::Count),
    ("count_distinct", Function::CountDistinct),
    ("count_distinct_approx", Function::CountDistinctApprox),
    ("min", Function::Min),
    ("max", Function::Max),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("stddev", Function::StdDev),
    ("median", Function::Quantile(0.5)),
    ("median_approx", Function::QuantileApprox(0.5)),
    // The fraction is the first argument.
    ("quantile", Function::Quantile(0.5)),
    ("quantile_approx", Function::QuantileApprox(0.5)),
    ("first", Function::First),
    ("last", Function::Last),
    ("values", Function::Values(VALUES_DEFAULT)),
    // Per how many nanoseconds is known when the whole stage is.
    ("rate", Function::Rate(0)),
    ("p99", Function::Quantile(0.99)),
];

const EXPECTED: &str = "a function: count, count_distinct, min, max, sum, avg, stddev, median, p99 (p and a \
                        percentile), quantile, first, last, values, rate, or count_distinct_approx, p99_approx, …";

/// What the functions of other languages are called here.
const ELSEWHERE: [(&str, &str); 9] = [
    ("mean", "avg"),
    ("average", "avg"),
    ("dc", "count_distinct"),
    ("distinct_count", "count_distinct"),
    ("count_uniq", "count_distinct"),
    ("uniq", "count_distinct"),
    ("stdev", "stddev"),
    ("list", "values"),
    ("earliest", "first"),
];

/// A call as it was read.
pub(super) struct Call {
    function: Function,
    field: Option<(String, Range<usize>)>,
    /// In its canonical spelling.
    pub(super) name: String,
}

impl Parser<'_> {
    /// A call, and behind it `as name`.
    pub(super) fn aggregate(&mut self) -> Result<Aggregate, ParseError> {
        let call = self.call()?;
        let (function, mut alias) = (call.function, call.name);
        if let Some((name, span)) = &call.field {
            self.known(name, span.clone())?;
        }
        self.cursor.skip_space();
        if self.cursor.eat_keyword("as") {
            alias = self.name("a name for the result")?;
        }
        Ok(Aggregate { function, field: call.field.map(|(name, _)| name), alias })
    }

    pub(super) fn call(&mut self) -> Result<Call, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let word = self.cursor.word(Place::List);
        let name = self.cursor.slice(word.span);
        let Some(mut function) = function_named(name) else {
            self.cursor = before;
            return Err(self.unknown_function(name));
        };
        let may_be_bare = matches!(function, Function::Count | Function::Rate(_));
        self.cursor.skip_space();
        if !self.cursor.eat("(") {
            if may_be_bare {
                return Ok(Call { function, field: None, name: name.to_owned() });
            }
            return Err(self.cursor.unexpected(format!("`(` and a field, as in {name}(duration_ms)")));
        }
        match name {
            "quantile" => function = Function::Quantile(self.fraction(name)?),
            "quantile_approx" => function = Function::QuantileApprox(self.fraction(name)?),
            _ => {}
        }
        self.cursor.skip_space();
        let none = may_be_bare && self.cursor.peek() == Some(')');
        let field = if none { None } else { Some(self.named("the name of a field")?) };
        if let Function::Values(most) = &mut function
            && self.comma()
        {
            *most = self.count("how many values at most, as in values(host, 20)")?;
        }
        self.close()?;
        let spelling = function.spelling(name, field.as_ref().map(|(name, _)| name.as_str()));
        Ok(Call { function, field, name: spelling })
    }

    fn unknown_function(&mut self, name: &str) -> ParseError {
        let meant = ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
        let meant = meant.or_else(|| nearest(name, FUNCTIONS.iter().map(|(name, _)| *name)));
        let error = self.cursor.unexpected(EXPECTED);
        match meant {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error,
        }
    }

    /// The first argument of `quantile`, and the comma behind it.
    fn fraction(&mut self, name: &str) -> Result<f64, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let word = self.cursor.word(Place::List);
        let number = parse_number(self.cursor.slice(word.span).as_bytes()).map(|n| n.to_f64());
        let Some(fraction) = number.filter(|n| (0.0..=1.0).contains(n)) else {
            self.cursor = before;
            let expected = format!("a number from 0 to 1, as in {name}(0.95, duration_ms)");
            return Err(self.cursor.unexpected(expected));
        };
        self.cursor.skip_space();
        if !self.cursor.eat(",") {
            let expected = format!("`,` and a field, as in {name}(0.95, duration_ms)");
            return Err(self.cursor.unexpected(expected));
        }
        Ok(fraction)
    }

    pub(super) fn close(&mut self) -> Result<(), ParseError> {
        self.cursor.skip_space();
        if self.cursor.eat(")") { Ok(()) } else { Err(self.cursor.unexpected("`)`")) }
    }
}

/// The canonical spelling of a call, if `text` is one and nothing else.
pub(crate) fn call_name(text: &str) -> Option<String> {
    let context = ParseContext::utc(Timestamp(0));
    let mut parser = Parser::new(text, &context);
    let call = parser.call().ok()?;
    parser.cursor.rest().is_empty().then_some(call.name)
}

fn function_named(name: &str) -> Option<Function> {
    if let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
        return Some(*function);
    }
    let digits = name.strip_prefix('p')?;
    match digits.strip_suffix("_approx") {
        Some(digits) => percentile(digits).map(Function::QuantileApprox),
        None => percentile(digits).map(Function::Quantile),
    }
}

/// `99.9` as 0.999: the point is moved in the text, because dividing would round.
pub(crate) fn percentile(digits: &str) -> Option<f64> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let fraction =
        parse_number(digits.as_bytes()).and_then(|_| format!("{digits}e-2").parse::<f64>().ok())?;
    (plain && (0.0..=1.0).contains(&fraction)).then_some(fraction)
}
