//! Aggregate functions: values in, one value out.

use std::collections::HashSet;

use rapidhash::fast::RandomState;

use gastrolog_query::{Function, Number, parse_number};

use crate::Value;

/// Place of a record in time, to tell first from last.
pub(crate) type At = (i64, u64);

/// One aggregate of one group while it is computed.
#[derive(Clone, Debug)]
pub(crate) enum Accumulator {
    Count(u64),
    Distinct(HashSet<Vec<u8>, RandomState>),
    Extreme { largest: bool, number: Option<Number>, text: Option<Vec<u8>>, all_numbers: bool },
    Sum(Sum),
    Avg(Sum),
    Quantile { share: f64, plain: Vec<f64>, weighted: Vec<(f64, u64)> },
    Edge { last: bool, best: Option<(At, Vec<u8>)> },
}

/// A sum that does not depend on the order of its numbers: integers and decimals of up to nine digits after the
/// point are added exactly, in billionths; only others are added as floats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    billionths: i128,
    float: f64,
    any_fraction: bool,
    n: u64,
}

const BILLION: i128 = 1_000_000_000;

impl Sum {
    fn add(&mut self, number: Number, weight: u64) {
        match number {
            Number::Int(v) => self.billionths += i128::from(v) * BILLION * i128::from(weight),
            Number::Float(v) => {
                self.float += v * weight as f64;
                self.any_fraction = true;
            }
        }
        self.n += weight;
    }

    fn add_text(&mut self, value: &[u8], weight: u64) {
        match (billionths(value), parse_number(value)) {
            (Some(exact), Some(Number::Float(_))) => {
                self.billionths += exact * i128::from(weight);
                self.any_fraction = true;
                self.n += weight;
            }
            (_, Some(number)) => self.add(number, weight),
            (_, None) => {}
        }
    }

    fn merge(&mut self, other: Sum) {
        self.billionths += other.billionths;
        self.float += other.float;
        self.any_fraction |= other.any_fraction;
        self.n += other.n;
    }

    fn total(&self) -> f64 {
        let whole = (self.billionths / BILLION) as f64;
        whole + (self.billionths % BILLION) as f64 / BILLION as f64 + self.float
    }

    fn value(&self) -> Value {
        match i64::try_from(self.billionths / BILLION) {
            _ if self.n == 0 => Value::Null,
            Ok(whole) if !self.any_fraction => Value::Int(whole),
            _ => Value::Float(self.total()),
        }
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

impl Accumulator {
    pub(crate) fn new(function: Function) -> Accumulator {
        let extreme = |largest| Accumulator::Extreme { largest, number: None, text: None, all_numbers: true };
        match function {
            Function::Count => Accumulator::Count(0),
            Function::CountDistinct => Accumulator::Distinct(HashSet::default()),
            Function::Min => extreme(false),
            Function::Max => extreme(true),
            Function::Sum => Accumulator::Sum(Sum::default()),
            Function::Avg => Accumulator::Avg(Sum::default()),
            Function::Quantile(share) => {
                Accumulator::Quantile { share, plain: Vec::new(), weighted: Vec::new() }
            }
            Function::First => Accumulator::Edge { last: false, best: None },
            Function::Last => Accumulator::Edge { last: true, best: None },
            // The parser knows no others yet.
            _ => Accumulator::Count(0),
        }
    }

    /// Counts records (`count()` without a field).
    pub(crate) fn add_records(&mut self, n: u64) {
        if let Accumulator::Count(count) = self {
            *count += n;
        }
    }

    /// Adds a value that occurs `weight` times; `at` is the place of the record, where it matters.
    pub(crate) fn add(&mut self, value: &[u8], weight: u64, at: At) {
        match self {
            Accumulator::Count(n) => *n += weight,
            Accumulator::Distinct(set) => {
                if !set.contains(value) {
                    set.insert(value.to_vec());
                }
            }
            Accumulator::Extreme { .. } => self.add_extreme(value),
            Accumulator::Sum(sum) | Accumulator::Avg(sum) => sum.add_text(value, weight),
            Accumulator::Quantile { .. } => {
                parse_number(value).into_iter().for_each(|number| self.add_number(number, weight));
            }
            Accumulator::Edge { last, best } => {
                let better = best.as_ref().is_none_or(|(b, _)| if *last { at > *b } else { at < *b });
                if better {
                    *best = Some((at, value.to_vec()));
                }
            }
        }
    }

    /// As [`Accumulator::add`] for a number, for functions that look at numbers only.
    pub(crate) fn add_number(&mut self, number: Number, weight: u64) {
        match self {
            Accumulator::Count(n) => *n += weight,
            Accumulator::Sum(sum) | Accumulator::Avg(sum) => sum.add(number, weight),
            Accumulator::Quantile { plain, weighted, .. } => match weight {
                1 => plain.push(number.to_f64()),
                _ => weighted.push((number.to_f64(), weight)),
            },
            _ => {}
        }
    }

    /// Whether [`Accumulator::add_number`] is enough for values that are numbers.
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(
            self,
            Accumulator::Count(_) | Accumulator::Sum(_) | Accumulator::Avg(_) | Accumulator::Quantile { .. }
        )
    }

    fn add_extreme(&mut self, value: &[u8]) {
        let Accumulator::Extreme { largest, number, text, all_numbers } = self else { return };
        let beats = |order: std::cmp::Ordering| if *largest { order.is_gt() } else { order.is_lt() };
        match parse_number(value) {
            Some(n) => {
                if number.is_none_or(|best| beats(n.compare(best))) {
                    *number = Some(n);
                }
            }
            None => *all_numbers = false,
        }
        if text.as_deref().is_none_or(|best| beats(value.cmp(best))) {
            *text = Some(value.to_vec());
        }
    }

    /// Adds what another part of the query gathered for the same group.
    pub(crate) fn merge(&mut self, other: Accumulator) {
        match (self, other) {
            (Accumulator::Count(a), Accumulator::Count(b)) => *a += b,
            (Accumulator::Distinct(a), Accumulator::Distinct(b)) => {
                if a.len() < b.len() {
                    let small = std::mem::replace(a, b);
                    a.extend(small);
                } else {
                    a.extend(b);
                }
            }
            (this @ Accumulator::Extreme { .. }, Accumulator::Extreme { number, text, all_numbers, .. }) => {
                this.merge_extreme(number, text, all_numbers);
            }
            (Accumulator::Sum(a), Accumulator::Sum(b)) | (Accumulator::Avg(a), Accumulator::Avg(b)) => {
                a.merge(b)
            }
            (
                Accumulator::Quantile { plain, weighted, .. },
                Accumulator::Quantile { plain: p, weighted: w, .. },
            ) => {
                plain.extend(p);
                weighted.extend(w);
            }
            (this @ Accumulator::Edge { .. }, Accumulator::Edge { best: Some((at, value)), .. }) => {
                this.add(&value, 1, at);
            }
            _ => {}
        }
    }

    fn merge_extreme(&mut self, other: Option<Number>, other_text: Option<Vec<u8>>, numbers: bool) {
        let Accumulator::Extreme { largest, number, text, all_numbers } = self else { return };
        let beats = |order: std::cmp::Ordering| if *largest { order.is_gt() } else { order.is_lt() };
        *all_numbers &= numbers;
        if let Some(n) = other
            && number.is_none_or(|best| beats(n.compare(best)))
        {
            *number = Some(n);
        }
        if let Some(t) = other_text
            && text.as_ref().is_none_or(|best| beats(t.cmp(best)))
        {
            *text = Some(t);
        }
    }

    /// Values held, for the memory bound.
    pub(crate) fn held(&self) -> usize {
        match self {
            Accumulator::Distinct(set) => set.len(),
            Accumulator::Quantile { plain, weighted, .. } => plain.len() / 4 + weighted.len() / 2,
            _ => 1,
        }
    }

    pub(crate) fn finish(self) -> Value {
        match self {
            Accumulator::Count(n) => Value::Int(n as i64),
            Accumulator::Distinct(set) => Value::Int(set.len() as i64),
            Accumulator::Extreme { number: Some(n), all_numbers: true, .. } => number_value(n),
            Accumulator::Extreme { text, .. } => text.map_or(Value::Null, Value::Text),
            Accumulator::Sum(sum) => sum.value(),
            Accumulator::Avg(sum) if sum.n == 0 => Value::Null,
            Accumulator::Avg(sum) => Value::Float(sum.total() / sum.n as f64),
            Accumulator::Quantile { share, plain, weighted } => quantile(share, plain, weighted),
            Accumulator::Edge { best, .. } => best.map_or(Value::Null, |(_, v)| Value::Text(v)),
        }
    }
}

fn number_value(number: Number) -> Value {
    match number {
        Number::Int(v) => Value::Int(v),
        Number::Float(v) => Value::Float(v),
    }
}

/// The value of nearest rank: the smallest that is not below `share` of all values.
fn quantile(share: f64, mut plain: Vec<f64>, mut weighted: Vec<(f64, u64)>) -> Value {
    let n = plain.len() as u64 + weighted.iter().map(|&(_, w)| w).sum::<u64>();
    if n == 0 {
        return Value::Null;
    }
    let rank = ((share * n as f64).ceil() as u64).clamp(1, n);
    if weighted.is_empty() {
        let (_, value, _) = plain.select_nth_unstable_by(rank as usize - 1, f64::total_cmp);
        return whole_or_float(*value);
    }
    weighted.extend(plain.into_iter().map(|v| (v, 1)));
    weighted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut seen = 0;
    let found = weighted.iter().find(|&&(_, w)| {
        seen += w;
        seen >= rank
    });
    found.map_or(Value::Null, |&(v, _)| whole_or_float(v))
}

fn whole_or_float(v: f64) -> Value {
    if v.fract() == 0.0 && v.abs() < 9e15 { Value::Int(v as i64) } else { Value::Float(v) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(function: Function, values: &[&str]) -> Value {
        // Two parts merged must be the same as one.
        let (mut a, mut b) = (Accumulator::new(function), Accumulator::new(function));
        for (i, v) in values.iter().enumerate() {
            let half = if i % 2 == 0 { &mut a } else { &mut b };
            half.add(v.as_bytes(), 1, (i as i64, i as u64));
        }
        a.merge(b);
        a.finish()
    }

    #[test]
    fn functions() {
        let numbers = ["3", "1", "x", "10", "2"];
        assert_eq!(of(Function::Count, &numbers), Value::Int(5));
        assert_eq!(of(Function::Sum, &numbers), Value::Int(16));
        assert_eq!(of(Function::Avg, &numbers), Value::Float(4.0));
        assert_eq!(of(Function::Min, &numbers), Value::Text(b"1".to_vec()));
        assert_eq!(of(Function::Max, &numbers), Value::Text(b"x".to_vec()));
        assert_eq!(of(Function::Max, &["9", "10"]), Value::Int(10));
        assert_eq!(of(Function::Quantile(0.5), &numbers), Value::Int(2));
        assert_eq!(of(Function::Quantile(1.0), &numbers), Value::Int(10));
        assert_eq!(of(Function::CountDistinct, &["a", "b", "a"]), Value::Int(2));
        assert_eq!(of(Function::First, &["a", "b", "c"]), Value::Text(b"a".to_vec()));
        assert_eq!(of(Function::Last, &["a", "b", "c"]), Value::Text(b"c".to_vec()));
        assert_eq!(of(Function::Sum, &["x"]), Value::Null);
        assert_eq!(of(Function::Sum, &["0.5", "1"]), Value::Float(1.5));
    }
}
