//! Times: reading them, their parts, adding seconds to them.

use gastrolog_types::{Timestamp, Value, find_time};
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::read::{float, to_number, to_text, to_time};
use crate::{ExprFunction, Number};

const SECOND_NS: i64 = 1_000_000_000;

/// Longer texts are not times.
const TIME_BYTES_MAX: usize = 64;

/// Longer formats are refused: a conversion may make some hundred bytes of three.
const FORMAT_BYTES_MAX: usize = 1024;

/// None for what cannot be computed.
pub(super) fn call(function: ExprFunction, first: &Value, second: Option<&Value>) -> Option<Value> {
    if function == ExprFunction::Bin {
        return bin(first, second?);
    }
    let time = to_time(first)?;
    let civil = || Some(TimeZone::UTC.to_datetime(jiff_time(time)?));
    Some(match function {
        ExprFunction::Time => Value::Time(time),
        ExprFunction::Unix => seconds(i128::from(time.0)),
        ExprFunction::FormatTime => Value::Text(format(time, &to_text(second?)?).ok()?.into_bytes()),
        _ => Value::Int(part(function, civil()?)?),
    })
}

fn part(function: ExprFunction, civil: DateTime) -> Option<i64> {
    Some(match function {
        ExprFunction::Year => i64::from(civil.year()),
        ExprFunction::Month => i64::from(civil.month()),
        ExprFunction::Day => i64::from(civil.day()),
        ExprFunction::Hour => i64::from(civil.hour()),
        ExprFunction::Minute => i64::from(civil.minute()),
        ExprFunction::Second => i64::from(civil.second()),
        ExprFunction::Weekday => i64::from(civil.weekday().to_monday_one_offset()),
        _ => return None,
    })
}

/// A number is rounded down as such, also one in a text.
fn bin(value: &Value, width: &Value) -> Option<Value> {
    let width = to_number(width).filter(|w| *w > Number::Int(0))?;
    match (to_number(value), width) {
        (Some(Number::Int(x)), Number::Int(width)) => x.div_euclid(width).checked_mul(width).map(Value::Int),
        (Some(x), width) => Some(float(x.bin(width.to_f64()))),
        (None, width) => {
            let (time, width_ns) = (to_time(value)?, nanoseconds(width).filter(|ns| *ns > 0)?);
            time_at(i128::from(time.0.div_euclid(width_ns)) * i128::from(width_ns))
        }
    }
}

/// A number of seconds, an integer if it is whole.
pub(super) fn seconds(ns: i128) -> Value {
    let (whole, rest) = (ns / i128::from(SECOND_NS), ns % i128::from(SECOND_NS));
    match i64::try_from(whole) {
        Ok(whole) if rest == 0 => Value::Int(whole),
        // Whole and fraction apart, because so many nanoseconds would be rounded.
        _ => float(whole as f64 + rest as f64 / SECOND_NS as f64),
    }
}

/// `time` and so many seconds, times `sign`.
pub(super) fn shifted(time: Timestamp, by: Option<Number>, sign: i64) -> Value {
    let ns = by.filter(|_| time.is_some()).and_then(nanoseconds);
    ns.and_then(|ns| time_at(i128::from(time.0) + i128::from(ns) * i128::from(sign))).unwrap_or(Value::Null)
}

/// Seconds from one to the other.
pub(super) fn difference(later: Option<Timestamp>, earlier: Option<Timestamp>) -> Value {
    match (later, earlier) {
        (Some(later), Some(earlier)) => seconds(i128::from(later.0) - i128::from(earlier.0)),
        _ => Value::Null,
    }
}

fn nanoseconds(seconds: Number) -> Option<i64> {
    match seconds {
        Number::Int(s) => s.checked_mul(SECOND_NS),
        Number::Wide(_) => None,
        Number::Float(s) => scaled(s, SECOND_NS),
    }
}

/// Whole and fraction apart, because the product would be rounded.
fn scaled(f: f64, unit_ns: i64) -> Option<i64> {
    let whole = Number::Float(f.trunc()).to_i64()?.checked_mul(unit_ns)?;
    whole.checked_add((f.fract() * unit_ns as f64).round() as i64)
}

fn time_at(ns: i128) -> Option<Value> {
    let time = Timestamp(i64::try_from(ns).ok()?);
    time.is_some().then_some(Value::Time(time))
}

/// The time that a text says; without a zone it is UTC.
pub(crate) fn time_of_text(text: &[u8]) -> Option<Timestamp> {
    if text.len() > TIME_BYTES_MAX {
        return None;
    }
    if let Some(time) = find_time(text, Timestamp::NONE) {
        return Some(time);
    }
    let utf8 = std::str::from_utf8(text).ok()?;
    let with_zone = utf8.parse::<jiff::Timestamp>().ok();
    let civil = || TimeZone::UTC.to_timestamp(utf8.parse::<DateTime>().ok()?).ok();
    match with_zone.or_else(civil) {
        Some(time) => i64::try_from(time.as_nanosecond()).ok().map(Timestamp).filter(|t| t.is_some()),
        None => time_of_number(crate::parse_number(text)?),
    }
}

/// Unix seconds, milliseconds, microseconds or nanoseconds: the bounds are the year 5138 in each.
pub(super) fn time_of_number(number: Number) -> Option<Timestamp> {
    let unit_ns = match number.to_f64().abs() {
        ..1e11 => SECOND_NS,
        1e11..1e14 => 1_000_000,
        1e14..1e17 => 1_000,
        _ => 1,
    };
    let ns = match number {
        Number::Int(i) => i.checked_mul(unit_ns)?,
        Number::Wide(_) => return None,
        Number::Float(f) => scaled(f, unit_ns)?,
    };
    Some(Timestamp(ns)).filter(|t| t.is_some())
}

fn jiff_time(time: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok()
}

/// As short as it says it all, in UTC.
pub(super) fn rfc3339(time: Timestamp) -> String {
    jiff_time(time).map_or_else(|| time.0.to_string(), |time| time.to_string())
}

fn format(time: Timestamp, format: &[u8]) -> Result<String, String> {
    if format.len() > FORMAT_BYTES_MAX {
        return Err(format!("more than {FORMAT_BYTES_MAX} bytes"));
    }
    let time = jiff_time(time).ok_or("no time")?;
    strtime::format(format, &time.to_zoned(TimeZone::UTC)).map_err(|e| e.to_string())
}

/// What is wrong with a format, if anything is.
pub(crate) fn check_format(text: &str) -> Result<(), String> {
    format(Timestamp(0), text.as_bytes()).map(drop)
}
