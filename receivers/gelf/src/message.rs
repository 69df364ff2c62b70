//! What a message says of itself: its time, and what is wrong with it.

use gastrolog_types::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

const NANOS_PER_S: i128 = 1_000_000_000;

/// What was found in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its `timestamp`, or [`Timestamp::NONE`].
    pub source: Timestamp,
    /// Why it is not GELF.
    pub problem: Option<&'static str>,
}

/// The fields of which GELF says what they are. All others are the sender's own.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    host: Option<&'a RawValue>,
    #[serde(borrow)]
    short_message: Option<&'a RawValue>,
    #[serde(borrow)]
    level: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
}

/// Looks at a message. It is stored whatever is found.
pub fn look(text: &[u8]) -> Message {
    let broken = |problem| Message { source: Timestamp::NONE, problem: Some(problem) };
    if text.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        return broken("not a JSON object");
    }
    let Ok(fields) = serde_json::from_slice::<Fields<'_>>(text) else {
        return broken("not a JSON object that can be read");
    };
    let raw = |value: Option<&RawValue>| value.map(|v| v.get().to_owned()).unwrap_or_default();
    let is_text = |value| raw(value).starts_with('"');
    let level = raw(fields.level);
    let problem = if !is_text(fields.short_message) {
        Some("no short_message")
    } else if !is_text(fields.host) {
        Some("no host")
    } else if !level.is_empty() && level.parse::<f64>().is_err() {
        Some("level is not a number")
    } else {
        None
    };
    let source = fields.timestamp.and_then(|t| seconds(t.get().trim_matches('"')));
    Message { source: source.unwrap_or(Timestamp::NONE), problem }
}

/// Seconds since 1970, with a fraction, as nanoseconds. Digit by digit, as a float would lose the last ones.
fn seconds(text: &str) -> Option<Timestamp> {
    let (digits, negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return from_float(text);
    }
    let whole = i128::from(whole.parse::<i64>().ok()?);
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0i128, |n, b| n * 10 + i128::from(b - b'0'));
    nanoseconds((whole * NANOS_PER_S + nanos) * if negative { -1 } else { 1 })
}

/// With an exponent, as some libraries print large floats.
fn from_float(text: &str) -> Option<Timestamp> {
    let seconds: f64 = text.parse().ok()?;
    // Beyond this the product is no time; a NaN is not below it either.
    if seconds.abs() < 1e10 { nanoseconds((seconds * 1e9) as i128) } else { None }
}

fn nanoseconds(nanos: i128) -> Option<Timestamp> {
    i64::try_from(nanos).ok().map(Timestamp).filter(|t| *t != Timestamp::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Option<i64> {
        let source = look(format!(r#"{{"timestamp":{text}}}"#).as_bytes()).source;
        (source != Timestamp::NONE).then_some(source.0)
    }

    #[test]
    fn times_are_exact() {
        for (text, nanos) in [
            ("1385053862.3072", Some(1_385_053_862_307_200_000)),
            ("1385053862", Some(1_385_053_862_000_000_000)),
            ("\"1385053862.5\"", Some(1_385_053_862_500_000_000)),
            ("1763712000.123456789", Some(1_763_712_000_123_456_789)),
            ("1763712000.1234567899", Some(1_763_712_000_123_456_789)),
            ("1.385053862e9", Some(1_385_053_862_000_000_000)),
            ("-1.5", Some(-1_500_000_000)),
            ("99999999999999", None),
            ("999999999999999999999999999999999999999999", None),
            ("1e999", None),
            ("\"yesterday\"", None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(time(text), nanos, "{text}");
        }
    }
}
