//! Calls: which arguments are computed, and who computes the result.

use std::cmp::Ordering;

use gastrolog_types::Value;

use super::capped::Capped;
use super::operators::compare;
use super::read::{to_text, to_truth, truth};
use super::{Fields, formats, numbers, replace, texts, times};
use crate::{Expr, ExprFunction};

/// Null for a wrong number of arguments.
pub(super) fn call(function: ExprFunction, arguments: &[Expr], field: Fields<'_>) -> Value {
    match (function, arguments) {
        (ExprFunction::Coalesce, _) => first_of(arguments, field),
        (ExprFunction::If | ExprFunction::Case, _) => choose(arguments, field),
        (ExprFunction::IsNull, [only]) => truth(only.eval(field) == Value::Null),
        (ExprFunction::Min, _) => extreme(arguments, field, Ordering::Less),
        (ExprFunction::Max, _) => extreme(arguments, field, Ordering::Greater),
        (ExprFunction::Concat, _) => concat(arguments, field),
        (ExprFunction::Matches, [text, Expr::Regex(regex)]) => replace::matches(&text.eval(field), regex),
        (ExprFunction::Replace, [text, Expr::Regex(regex), to]) => {
            replace::replace_regex(&text.eval(field), regex, &to.eval(field)).unwrap_or(Value::Null)
        }
        (ExprFunction::Replace, [text, from, to]) => {
            replace::replace_text(&text.eval(field), &from.eval(field), &to.eval(field))
                .unwrap_or(Value::Null)
        }
        (_, [first, more @ ..]) => strict(function, first, more, field).unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// A function of one to three values none of which is null.
fn strict(function: ExprFunction, first: &Expr, more: &[Expr], field: Fields<'_>) -> Option<Value> {
    let value = |expr: &Expr| Some(expr.eval(field)).filter(|value| *value != Value::Null);
    let first = value(first)?;
    let (second, third) = match more {
        [] => (None, None),
        [second] => (Some(value(second)?), None),
        [second, third] => (Some(value(second)?), Some(value(third)?)),
        _ => return None,
    };
    let (second, third) = (second.as_ref(), third.as_ref());
    use ExprFunction as F;
    match function {
        F::Abs
        | F::Ceil
        | F::Floor
        | F::Round
        | F::Sqrt
        | F::Pow
        | F::Exp
        | F::Ln
        | F::Log10
        | F::Log2
        | F::Int
        | F::Number => numbers::call(function, &first, second),
        F::Lower
        | F::Upper
        | F::Trim
        | F::Length
        | F::Substring
        | F::Contains
        | F::StartsWith
        | F::EndsWith
        | F::Split
        | F::Text => texts::call(function, &first, [second, third]),
        F::Time
        | F::Unix
        | F::Bin
        | F::Year
        | F::Month
        | F::Day
        | F::Hour
        | F::Minute
        | F::Second
        | F::Weekday
        | F::FormatTime => times::call(function, &first, second),
        F::Duration | F::Size | F::CidrMatch | F::UrlDecode | F::JsonGet | F::Hash => {
            formats::call(function, &first, second)
        }
        F::Coalesce | F::If | F::Case | F::IsNull | F::Min | F::Max | F::Concat | F::Matches | F::Replace => {
            None
        }
    }
}

fn first_of(arguments: &[Expr], field: Fields<'_>) -> Value {
    arguments.iter().map(|a| a.eval(field)).find(|value| *value != Value::Null).unwrap_or(Value::Null)
}

/// Pairs of a condition and a value, and behind them what holds else.
fn choose(arguments: &[Expr], field: Fields<'_>) -> Value {
    for pair in arguments.chunks(2) {
        match pair {
            [condition, value] if to_truth(&condition.eval(field)) == Some(true) => return value.eval(field),
            [otherwise] => return otherwise.eval(field),
            _ => {}
        }
    }
    Value::Null
}

fn extreme(arguments: &[Expr], field: Fields<'_>, wanted: Ordering) -> Value {
    let mut best: Option<Value> = None;
    for argument in arguments {
        let value = argument.eval(field);
        let better = match &best {
            None if value == Value::Null => return Value::Null,
            None => true,
            Some(best) => match compare(&value, best) {
                None => return Value::Null,
                Some(ordering) => ordering == wanted,
            },
        };
        if better {
            best = Some(value);
        }
    }
    best.unwrap_or(Value::Null)
}

/// One argument after the other, so that no more than two texts are held.
fn concat(arguments: &[Expr], field: Fields<'_>) -> Value {
    let mut out = Capped::default();
    for argument in arguments {
        let value = argument.eval(field);
        let Some(text) = to_text(&value) else {
            return Value::Null;
        };
        // A null further on still makes the whole null.
        out.push(&text);
    }
    out.finish()
}
