//! Values as what an operator or a function needs: numbers, texts, truths, times.

use std::borrow::Cow;

use gastrolog_types::{Timestamp, Value};

use super::times::{rfc3339, time_of_number, time_of_text};
use crate::{Number, parse_number};

/// Digits of a float beyond which its text is in scientific notation, so that it reads back as a number.
const FLOAT_BYTES_MAX: usize = 24;

/// Null for what stands for no value.
pub(super) fn usual(value: Value) -> Value {
    match value {
        Value::Float(f) => float(f),
        Value::Time(time) if !time.is_some() => Value::Null,
        value => value,
    }
}

/// Null unless it is finite.
pub(super) fn float(f: f64) -> Value {
    // Adding zero turns -0.0 into 0.0.
    if f.is_finite() { Value::Float(f + 0.0) } else { Value::Null }
}

/// A truth, which is a text.
pub(super) fn truth(is: bool) -> Value {
    Value::Text(if is { b"true".to_vec() } else { b"false".to_vec() })
}

/// Whether it is true; none for what is neither true nor false.
pub(super) fn to_truth(value: &Value) -> Option<bool> {
    match value {
        Value::Text(text) if text.eq_ignore_ascii_case(b"true") => Some(true),
        Value::Text(text) if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

pub(super) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(i) => Some(Number::Int(*i)),
        Value::Float(f) => f.is_finite().then_some(Number::Float(*f)),
        Value::Text(text) => parse_number(text),
        Value::Null | Value::Time(_) => None,
    }
}

pub(super) fn to_time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Time(time) => time.is_some().then_some(*time),
        Value::Text(text) => time_of_text(text),
        Value::Int(i) => time_of_number(Number::Int(*i)),
        Value::Float(f) => time_of_number(Number::Float(*f)),
        Value::Null => None,
    }
}

/// Any value as text; none for null.
pub(super) fn to_text(value: &Value) -> Option<Cow<'_, [u8]>> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Int(i) => Some(Cow::Owned(i.to_string().into_bytes())),
        Value::Float(f) => Some(Cow::Owned(float_text(*f).into_bytes())),
        Value::Time(time) => Some(Cow::Owned(rfc3339(*time).into_bytes())),
    }
}

fn float_text(f: f64) -> String {
    let plain = f.to_string();
    if plain.len() <= FLOAT_BYTES_MAX { plain } else { format!("{f:e}") }
}
