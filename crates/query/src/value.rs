//! Values as numbers: parsing and comparing.

use std::cmp::Ordering;

use gastrolog_types::Value;

pub use crate::number_text::canonical_number;

/// Longer texts are not numbers: bounds the work on a hostile value.
const NUMBER_BYTES_MAX: usize = 64;

/// As many digits always fit an `i64`.
const SAFE_DIGITS: usize = 18;

/// As many digits always fit an `i128`, and so does a sum of two such numbers.
const WIDE_DIGITS: usize = 37;

/// The smallest power of two that an `i128` cannot hold.
const TWO_POW_127: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

/// A number as it stands in a record or in a query.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number written without a fraction or exponent.
    Int(i64),
    /// One that no `i64` holds, of up to 37 digits. Half of all ids of 64 random bits are such numbers, and as floats two
    /// thousand of them would be one.
    Wide(i128),
    /// Any other. Finite, and zero is never negative.
    Float(f64),
}

impl Number {
    /// The total order of numbers by what they are worth: `Int(1)` equals `Float(1.0)`, and large integers are
    /// not rounded on the way.
    pub fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Number::Int(a), Number::Wide(b)) => i128::from(a).cmp(&b),
            (Number::Wide(a), Number::Int(b)) => a.cmp(&i128::from(b)),
            (Number::Wide(a), Number::Wide(b)) => a.cmp(&b),
            (Number::Int(a), Number::Float(b)) => int_to_float(i128::from(a), b),
            (Number::Float(a), Number::Int(b)) => int_to_float(i128::from(b), a).reverse(),
            (Number::Wide(a), Number::Float(b)) => int_to_float(a, b),
            (Number::Float(a), Number::Wide(b)) => int_to_float(b, a).reverse(),
        }
    }

    /// A whole number.
    pub(crate) fn whole(n: i128) -> Number {
        i64::try_from(n).map_or(Number::Wide(n), Number::Int)
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Int(i) => i as f64,
            Number::Wide(i) => i as f64,
            Number::Float(f) => f,
        }
    }

    /// As a value. One that is too wide for an integer is its digits, which read as the same number.
    pub fn to_value(self) -> Value {
        match self {
            Number::Int(i) => Value::Int(i),
            Number::Wide(i) => Value::Text(i.to_string().into_bytes()),
            Number::Float(f) => Value::Float(f),
        }
    }

    /// The beginning of the bin of this width that it is in, rounded as floats are. A number that is written as a multiple
    /// of the width is its own bin, though its quotient may be a little less than whole.
    pub fn bin(self, width: f64) -> f64 {
        if let (Number::Int(n), Some(whole)) = (self, Number::Float(width).to_i64())
            && whole > 0
        {
            return n.div_euclid(whole).saturating_mul(whole) as f64;
        }
        let quotient = self.to_f64() / width;
        let near = quotient.round();
        let steps =
            if (quotient - near).abs() <= 1e-9 * near.abs().max(1.0) { near } else { quotient.floor() };
        // A width such as 0.1 is no float; its inverse is.
        let inverse = (1.0 / width).round();
        let start = if (inverse * width - 1.0).abs() < 1e-12 { steps / inverse } else { steps * width };
        // Minus zero is zero.
        if start.is_finite() { start + 0.0 } else { self.to_f64() }
    }

    /// The same number as an integer, if it is whole and fits.
    pub fn to_i64(self) -> Option<i64> {
        self.to_i128().and_then(|i| i64::try_from(i).ok())
    }

    /// The same number as a wide integer, if it is whole and fits.
    pub(crate) fn to_i128(self) -> Option<i128> {
        match self {
            Number::Int(i) => Some(i128::from(i)),
            Number::Wide(i) => Some(i),
            Number::Float(f) if f.trunc() == f && (-TWO_POW_127..TWO_POW_127).contains(&f) => Some(f as i128),
            Number::Float(_) => None,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.compare(*other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        self.compare(*other)
    }
}

/// Compares without turning the integer into a float, which would round it beyond 2^53.
fn int_to_float(int: i128, float: f64) -> Ordering {
    if float >= TWO_POW_127 {
        return Ordering::Less;
    }
    if float < -TWO_POW_127 {
        return Ordering::Greater;
    }
    let whole = float.trunc();
    int.cmp(&(whole as i128)).then(0.0_f64.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal))
}

/// Reads `text` as a number: `-?digits[.digits][e[+-]digits]`, leading zeros allowed, all of the text, at most
/// 64 bytes. What is too large for a float is not a number.
pub fn parse_number(text: &[u8]) -> Option<Number> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if text.len() > NUMBER_BYTES_MAX || !digits.first()?.is_ascii_digit() {
        return None;
    }
    let whole = digit_run(digits);
    if whole == digits.len() {
        return parse_int(digits, digits.len() < text.len()).or_else(|| parse_float(text));
    }
    let rest = match digits.get(whole..)? {
        [b'.', fraction @ ..] => match digit_run(fraction) {
            0 => return None,
            n => fraction.get(n..)?,
        },
        rest => rest,
    };
    let exponent = match rest {
        [] => return parse_float(text),
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => digits,
        _ => return None,
    };
    if exponent.is_empty() || digit_run(exponent) < exponent.len() { None } else { parse_float(text) }
}

fn digit_run(text: &[u8]) -> usize {
    text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len())
}

/// `None` when it has too many digits.
fn parse_int(digits: &[u8], negative: bool) -> Option<Number> {
    if digits.len() <= SAFE_DIGITS {
        let value = digits.iter().fold(0, |value, &b| value * 10 + i64::from(b - b'0'));
        return Some(Number::Int(if negative { -value } else { value }));
    }
    let zeros = digits.iter().take_while(|&&b| b == b'0').count();
    let digits = digits.get(zeros..)?;
    if digits.len() > WIDE_DIGITS {
        return None;
    }
    let value = digits.iter().fold(0, |value, &b| value * 10 + i128::from(b - b'0'));
    Some(Number::whole(if negative { -value } else { value }))
}

fn parse_float(text: &[u8]) -> Option<Number> {
    let float: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    // Adding zero turns -0.0 into 0.0.
    float.is_finite().then_some(Number::Float(float + 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_numbers_and_nothing_else() {
        let int = |s: &str| matches!(parse_number(s.as_bytes()), Some(Number::Int(_)));
        let wide = |s: &str| matches!(parse_number(s.as_bytes()), Some(Number::Wide(_)));
        let float = |s: &str| matches!(parse_number(s.as_bytes()), Some(Number::Float(_)));
        let (zeros, nines) = ("0".repeat(60), "9".repeat(37));
        for s in ["0", "-1", "007", "9223372036854775807", "-9223372036854775808", &format!("{zeros}17")] {
            assert!(int(s), "{s}");
        }
        for s in ["9223372036854775808", "-9223372036854775809", &nines, &format!("-0000{nines}")] {
            assert!(wide(s), "{s}");
        }
        for s in ["1.5", "-0.0", "1e3", "1E-3", "1.5e+3", &format!("{nines}0"), "1e-999"] {
            assert!(float(s), "{s}");
        }
        let long = "1".repeat(65);
        for s in [
            "", "-", "+1", ".5", "5.", "1e", "1e+", "1x", "0x10", "inf", "NaN", "1e999", " 1", "1.5.2", &long,
        ] {
            assert!(parse_number(s.as_bytes()).is_none(), "{s}");
        }
    }

    #[test]
    fn compares_by_worth() {
        let n = |s: &str| parse_number(s.as_bytes()).unwrap();
        assert_eq!(n("1.0"), n("1"));
        assert_eq!(n("-0.0"), n("0"));
        assert_eq!(n("1e3"), n("01000"));
        assert!(n("9007199254740993") > n("9007199254740992.0"));
        assert!(n("9223372036854775807") < n("9223372036854775808"));
        assert!(n("13898745563721341952") < n("13898745563721341953"));
        assert_eq!(n("18446744073709551616"), n("18446744073709551616.0"));
        assert!(
            n("18446744073709551615") < n("1.8446744073709552e19")
                && n("18446744073709551617") > n("18446744073709551616.0")
        );
        assert!(n(&"9".repeat(37)) < n(&"9".repeat(38)) && n("-1e38") < n("-18446744073709551616"));
        assert!(n("-9223372036854775808") > n("-1e19"));
        assert!(n("1") < n("1.5") && n("-1") > n("-1.5") && n("-2") < n("-1.5"));
    }
}
