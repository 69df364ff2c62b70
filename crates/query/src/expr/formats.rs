//! Functions that read what a text means: durations, sizes, addresses, escapes; and hashes.

use gastrolog_types::Value;

use super::capped::capped;
use super::json;
use super::net::Net;
use super::read::{float, to_text, truth};
use crate::{ExprFunction, Number, parse_number};

/// Units of durations: seconds are the number times the first, divided by the second.
const DURATIONS: [(&str, f64, f64); 10] = [
    ("ns", 1.0, 1e9),
    ("us", 1.0, 1e6),
    ("µs", 1.0, 1e6),
    ("μs", 1.0, 1e6),
    ("ms", 1.0, 1e3),
    ("s", 1.0, 1.0),
    ("m", 60.0, 1.0),
    ("h", 3_600.0, 1.0),
    ("d", 86_400.0, 1.0),
    ("w", 604_800.0, 1.0),
];

/// Prefixes of units of size and what they are worth.
const SIZES: [(&str, f64); 12] = [
    ("", 1.0),
    ("k", 1e3),
    ("K", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("Ki", 1_024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
];

/// Longer texts are neither durations nor sizes nor addresses.
const TEXT_BYTES_MAX: usize = 64;

/// None for what cannot be computed.
pub(super) fn call(function: ExprFunction, first: &Value, second: Option<&Value>) -> Option<Value> {
    let text = to_text(first)?;
    let short = || std::str::from_utf8(&text).ok().filter(|text| text.len() <= TEXT_BYTES_MAX);
    Some(match function {
        ExprFunction::Duration => whole_or_float(duration_seconds(short()?)?),
        ExprFunction::Size => size_bytes(short()?)?,
        ExprFunction::CidrMatch => {
            let net = to_text(second?)?;
            truth(Net::parse(std::str::from_utf8(&net).ok()?)?.contains(short()?.parse().ok()?))
        }
        ExprFunction::UrlDecode => capped(url_decoded(&text)),
        ExprFunction::JsonGet => json::get(&text, std::str::from_utf8(&to_text(second?)?).ok()?)?,
        ExprFunction::Hash => Value::Int(hash(&text)),
        _ => return None,
    })
}

fn whole_or_float(f: f64) -> Value {
    Number::Float(f).to_i64().map_or(float(f), Value::Int)
}

/// `1h30m`, `250ms`, `-1.5s`.
fn duration_seconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let mut total = 0.0;
    loop {
        let (amount, after) = leading_number(rest)?;
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let (_, times, divided) = DURATIONS.into_iter().find(|(name, ..)| *name == unit)?;
        total += amount.to_f64() * times / divided;
        rest = after;
        if rest.is_empty() {
            return Some(sign * total);
        }
    }
}

/// `10B`, `1.5 kB`, `2MiB`; a number alone is bytes.
fn size_bytes(text: &str) -> Option<Value> {
    let (amount, unit) = leading_number(text)?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    if unit.is_empty() {
        return Some(amount.to_value());
    }
    let prefix = unit.strip_suffix('B')?;
    let (_, worth) = SIZES.into_iter().find(|(name, _)| *name == prefix)?;
    Some(whole_or_float(amount.to_f64() * worth))
}

fn leading_number(text: &str) -> Option<(Number, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    Some((parse_number(number.as_bytes())?, rest))
}

/// What is no escape stays.
fn url_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| hex_byte(after)).flatten();
        out.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

fn hex_byte(text: &[u8]) -> Option<u8> {
    let digit = |i: usize| char::from(*text.get(i)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// FNV-1a of 64 bits without the highest bit. It is in stored queries and in what was computed with them, so it may
/// not change.
fn hash(text: &[u8]) -> i64 {
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash & i64::MAX as u64) as i64
}
