//! Sums and deviations that do not depend on the order of their numbers.
//!
//! Integers and decimals of up to nine digits after the point are added exactly, in billionths; others are floats, whose
//! sum is exact too.

use gastrolog_query::{Number, parse_number};

use super::floats::FloatSum;
use super::wide::Wide;
use crate::Value;

pub(crate) const BILLION: i128 = 1_000_000_000;

/// A sum and how many numbers are in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    billionths: i128,
    floats: Option<Box<FloatSum>>,
    any_fraction: bool,
    n: u64,
}

/// A number as sums take it.
#[derive(Clone, Copy, Debug)]
enum Term {
    Int(i64),
    Billionths(i128),
    Float(f64),
}

impl Term {
    fn of(number: Number) -> Term {
        match number {
            Number::Int(v) => Term::Int(v),
            other => Term::Float(other.to_f64()),
        }
    }

    fn of_text(value: &[u8]) -> Option<Term> {
        match (billionths(value), parse_number(value)?) {
            (Some(exact), Number::Float(_)) => Some(Term::Billionths(exact)),
            (_, number) => Some(Term::of(number)),
        }
    }
}

impl Sum {
    pub(crate) fn add(&mut self, number: Number, weight: u64) {
        self.add_term(Term::of(number), weight);
    }

    pub(crate) fn add_text(&mut self, value: &[u8], weight: u64) {
        Term::of_text(value).into_iter().for_each(|term| self.add_term(term, weight));
    }

    /// Adds the sum of `n` numbers in billionths, of which some have a point.
    pub(crate) fn add_billionths(&mut self, sum: i128, n: u64) {
        self.billionths = self.billionths.wrapping_add(sum);
        self.any_fraction |= n > 0;
        self.n += n;
    }

    /// Adds the sum of `n` integers.
    pub(crate) fn add_ints(&mut self, sum: i128, n: u64) {
        self.billionths = self.billionths.wrapping_add(sum.wrapping_mul(BILLION));
        self.n += n;
    }

    #[inline]
    fn add_term(&mut self, term: Term, weight: u64) {
        match term {
            Term::Int(v) => self.add_ints(i128::from(v).wrapping_mul(i128::from(weight)), weight),
            Term::Billionths(v) => self.add_billionths(v.wrapping_mul(i128::from(weight)), weight),
            Term::Float(v) => {
                self.floats.get_or_insert_default().add(v, weight);
                self.any_fraction = true;
                self.n += weight;
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Sum) {
        self.billionths = self.billionths.wrapping_add(other.billionths);
        if let Some(floats) = other.floats {
            self.floats.get_or_insert_default().merge(*floats);
        }
        self.any_fraction |= other.any_fraction;
        self.n += other.n;
    }

    /// How many numbers are in it.
    pub(crate) fn count(&self) -> u64 {
        self.n
    }

    pub(crate) fn total(&self) -> f64 {
        let whole = (self.billionths / BILLION) as f64;
        let exact = whole + (self.billionths % BILLION) as f64 / BILLION as f64;
        exact + self.floats.as_ref().map_or(0.0, |f| f.total())
    }

    /// The sum: an integer if all numbers are.
    pub(crate) fn value(&self) -> Value {
        match i64::try_from(self.billionths / BILLION) {
            _ if self.n == 0 => Value::Null,
            Ok(whole) if !self.any_fraction => Value::Int(whole),
            _ => Value::Float(self.total()),
        }
    }
}

/// The sums that a standard deviation is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deviation {
    sum: Sum,
    /// Squares of the numbers that are exact, in billionths of billionths.
    squares: Wide,
    /// Squares of floats, each rounded to a float, then added exactly.
    float_squares: Option<Box<FloatSum>>,
    /// The square of some number is beyond all floats.
    overflow: bool,
}

impl Deviation {
    pub(crate) fn add(&mut self, number: Number, weight: u64) {
        self.add_term(Term::of(number), weight);
    }

    pub(crate) fn add_text(&mut self, value: &[u8], weight: u64) {
        Term::of_text(value).into_iter().for_each(|term| self.add_term(term, weight));
    }

    /// Adds a number in billionths.
    pub(crate) fn add_exact(&mut self, billionths: i128) {
        self.sum.add_billionths(billionths, 1);
        let magnitude = billionths.unsigned_abs();
        self.squares = self.squares.plus(Wide::product(magnitude, magnitude));
    }

    fn add_term(&mut self, term: Term, weight: u64) {
        self.sum.add_term(term, weight);
        let mut exact = |v: i128| {
            let square = Wide::product(v.unsigned_abs(), v.unsigned_abs());
            self.squares = self.squares.plus(square.times(weight));
        };
        match term {
            Term::Int(v) => exact(i128::from(v) * BILLION),
            Term::Billionths(v) => exact(v),
            Term::Float(v) if (v * v).is_finite() => {
                self.float_squares.get_or_insert_default().add(v * v, weight);
            }
            Term::Float(_) => self.overflow = true,
        }
    }

    pub(crate) fn merge(&mut self, other: Deviation) {
        self.sum.merge(other.sum);
        self.squares = self.squares.plus(other.squares);
        if let Some(floats) = other.float_squares {
            self.float_squares.get_or_insert_default().merge(*floats);
        }
        self.overflow |= other.overflow;
    }

    /// The standard deviation of the population.
    pub(crate) fn value(&self) -> Value {
        let n = self.sum.n as f64;
        if self.sum.n == 0 || self.overflow {
            return Value::Null;
        }
        let variance = match &self.float_squares {
            None => self.exact_variance(),
            Some(floats) => {
                let squares = floats.total() + self.squares.to_f64() / (BILLION * BILLION) as f64;
                let mean = self.sum.total() / n;
                squares / n - mean * mean
            }
        };
        let deviation = variance.max(0.0).sqrt();
        if deviation.is_finite() { Value::Float(deviation) } else { Value::Null }
    }

    /// The sum of (x - m)² is computed in whole numbers, m being the mean rounded to a billionth: no digits cancel, how
    /// near the numbers may lie to each other and how far from zero.
    fn exact_variance(&self) -> f64 {
        let (n, sum) = (i128::from(self.sum.n), self.sum.billionths);
        let mean = sum.div_euclid(n);
        let doubled = Wide::product(mean.unsigned_abs(), sum.unsigned_abs()).times(2);
        let shift = Wide::product(mean.unsigned_abs(), mean.unsigned_abs()).times(self.sum.n);
        // Mean and sum have the same sign, or one of them is so small that the rounding of the mean turned its sign.
        let same_sign = (mean < 0) == (sum < 0) || sum == 0 || mean == 0;
        let rest = if same_sign { self.squares.minus(doubled) } else { self.squares.plus(doubled) };
        let about_mean = rest.plus(shift).to_f64();
        let missed = sum.rem_euclid(n) as f64 / n as f64;
        (about_mean / n as f64 - missed * missed) / (BILLION * BILLION) as f64
    }
}

/// A plain decimal of at most 18 digits before and nine after the point, in billionths.
fn billionths(value: &[u8]) -> Option<i128> {
    let (negative, digits) = match value.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, value),
    };
    let point = digits.iter().position(|&b| b == b'.')?;
    let (whole, fraction) = (digits.get(..point)?, digits.get(point + 1..)?);
    let plain = |part: &[u8], max: usize| part.len() <= max && part.iter().all(u8::is_ascii_digit);
    if !plain(whole, 18) || !plain(fraction, 9) {
        return None;
    }
    let number = whole.iter().chain(fraction).fold(0i128, |n, &b| n * 10 + i128::from(b - b'0'));
    let exact = number * 10i128.pow(9 - fraction.len() as u32);
    Some(if negative { -exact } else { exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(values: &[&str]) -> Value {
        let mut all = Deviation::default();
        values.iter().for_each(|v| all.add_text(v.as_bytes(), 1));
        all.value()
    }

    #[test]
    fn deviations() {
        assert_eq!(deviation(&["2", "4", "4", "4", "5", "5", "7", "9"]), Value::Float(2.0));
        assert_eq!(deviation(&["1795000000000000000", "1795000000000000002"]), Value::Float(1.0));
        assert_eq!(deviation(&["-9223372036854775808", "-9223372036854775806"]), Value::Float(1.0));
        assert_eq!(deviation(&["0.5", "1.5", "x"]), Value::Float(0.5));
        assert_eq!(deviation(&["5e-1", "1.5"]), Value::Float(0.5));
        assert_eq!(deviation(&["-1", "1"]), Value::Float(1.0));
        assert_eq!(deviation(&["-0.000000001", "0"]), Value::Float(5e-10));
        assert_eq!(deviation(&["7", "7", "7"]), Value::Float(0.0));
        assert_eq!(deviation(&["1e200"]), Value::Null);
        assert_eq!(deviation(&["x"]), Value::Null);
    }
}
