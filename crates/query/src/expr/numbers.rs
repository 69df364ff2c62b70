//! Functions of numbers.

use gastrolog_types::Value;

use super::read::{float, to_number};
use crate::{ExprFunction, Number};

/// The largest power of ten that is a float.
const DIGITS_MAX: i64 = 308;

/// None for what cannot be computed.
pub(super) fn call(function: ExprFunction, first: &Value, second: Option<&Value>) -> Option<Value> {
    let x = to_number(first)?;
    Some(match function {
        ExprFunction::Abs => magnitude(x),
        ExprFunction::Ceil => whole(x, f64::ceil),
        ExprFunction::Floor => whole(x, f64::floor),
        ExprFunction::Round => match second {
            None => whole(x, f64::round),
            Some(digits) => rounded(x, to_number(digits)?.to_i64()?),
        },
        ExprFunction::Sqrt => float(x.to_f64().sqrt()),
        ExprFunction::Pow => power(x, to_number(second?)?),
        ExprFunction::Exp => float(x.to_f64().exp()),
        ExprFunction::Ln => float(x.to_f64().ln()),
        ExprFunction::Log10 => float(x.to_f64().log10()),
        ExprFunction::Log2 => float(x.to_f64().log2()),
        ExprFunction::Int => match x {
            Number::Float(f) => Value::Int(Number::Float(f.trunc()).to_i64()?),
            whole => whole.to_value(),
        },
        ExprFunction::Number => x.to_value(),
        _ => return None,
    })
}

pub(super) fn negated(value: &Value) -> Value {
    match to_number(value) {
        Some(Number::Int(i)) => i.checked_neg().map_or(float(-(i as f64)), Value::Int),
        Some(Number::Wide(i)) => Number::whole(-i).to_value(),
        Some(Number::Float(f)) => float(-f),
        None => Value::Null,
    }
}

/// None only for a division by zero.
pub(super) fn remainder(a: i64, b: i64) -> Option<i64> {
    // The one overflow is a remainder of zero.
    (b != 0).then(|| a.wrapping_rem(b))
}

fn magnitude(x: Number) -> Value {
    match x {
        Number::Int(i) => i.checked_abs().map_or(float((i as f64).abs()), Value::Int),
        Number::Wide(i) => Number::Wide(i.abs()).to_value(),
        Number::Float(f) => float(f.abs()),
    }
}

/// An integer, if it fits one.
fn whole(x: Number, round: fn(f64) -> f64) -> Value {
    match x {
        Number::Float(f) => Number::Float(round(f)).to_i64().map_or(float(round(f)), Value::Int),
        whole => whole.to_value(),
    }
}

fn rounded(x: Number, digits: i64) -> Value {
    match x {
        Number::Int(_) | Number::Wide(_) if digits >= 0 => x.to_value(),
        Number::Int(i) => rounded_int(i128::from(i), digits.unsigned_abs()),
        Number::Wide(i) => rounded_int(i, digits.unsigned_abs()),
        Number::Float(f) if digits == 0 => whole(Number::Float(f), f64::round),
        Number::Float(f) => float(rounded_float(f, digits.clamp(-DIGITS_MAX, DIGITS_MAX))),
    }
}

fn rounded_int(i: i128, digits: u64) -> Value {
    let Some(unit) = u32::try_from(digits).ok().and_then(|digits| 10i128.checked_pow(digits)) else {
        return Value::Int(0);
    };
    // At most 1e37 + 1e38 / 2, which fits.
    let rounded = (i + unit / 2 * i.signum()) / unit * unit;
    i64::try_from(rounded).map_or(float(rounded as f64), Value::Int)
}

/// Where the product is too large there is no such digit.
fn rounded_float(f: f64, digits: i64) -> f64 {
    let unit = 10f64.powi(digits.unsigned_abs() as i32);
    let result = if digits > 0 { (f * unit).round() / unit } else { (f / unit).round() * unit };
    if result.is_finite() { result } else { f }
}

fn power(x: Number, y: Number) -> Value {
    if let (Number::Int(x), Number::Int(y)) = (x, y)
        && let Some(exact) = u32::try_from(y).ok().and_then(|y| x.checked_pow(y))
    {
        return Value::Int(exact);
    }
    float(x.to_f64().powf(y.to_f64()))
}
