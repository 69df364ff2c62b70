//! Aggregate functions: values in, one value out.
//!
//! **Invariant:** the result does not depend on the order of the values, nor on how they were split into parts that
//! are merged.

mod ddsketch;
mod distinct;
mod extreme;
mod floats;
mod hll;
mod quantile;
mod sum;
mod wide;

use gastrolog_query::{Aggregate, Function, Number, parse_number};

use self::ddsketch::DdSketch;
pub(crate) use self::distinct::ipv4;
use self::distinct::{Distinct, Smallest};
use self::extreme::Extreme;
use self::hll::HyperLogLog;
use self::quantile::Numbers;
use self::sum::{Deviation, Sum};
use crate::Value;

/// About what an allocation takes beside what was asked for.
const ALLOCATED_BYTES: usize = 16;

/// About what a value of a set takes.
const VALUE_BYTES: usize = 48;

/// Place of a record in time, to tell first from last.
pub(crate) type At = (i64, u64);

/// One aggregate of one group while it is computed. What is large is boxed: there may be millions that only count.
#[derive(Clone, Debug)]
pub(crate) enum Accumulator {
    Count(u64),
    Distinct(Box<Distinct>),
    DistinctApprox(Box<HyperLogLog>),
    Extreme(Box<Extreme>),
    Sum(Box<Sum>),
    Avg(Box<Sum>),
    /// Of records or of the numbers of a field, in so many nanoseconds.
    Rate {
        sum: Box<Sum>,
        width_ns: i64,
        of_records: bool,
    },
    Deviation(Box<Deviation>),
    Quantile {
        share: f64,
        numbers: Box<Numbers>,
    },
    QuantileApprox {
        share: f64,
        sketch: Box<DdSketch>,
    },
    Edge {
        last: bool,
        best: Option<Box<(At, Vec<u8>)>>,
    },
    Values(Box<Smallest>),
}

impl Accumulator {
    pub(crate) fn new(aggregate: &Aggregate) -> Accumulator {
        match aggregate.function {
            Function::Count => Accumulator::Count(0),
            Function::CountDistinct => Accumulator::Distinct(Box::default()),
            Function::CountDistinctApprox => Accumulator::DistinctApprox(Box::default()),
            Function::Min => Accumulator::Extreme(Box::new(Extreme::new(false))),
            Function::Max => Accumulator::Extreme(Box::new(Extreme::new(true))),
            Function::Sum => Accumulator::Sum(Box::default()),
            Function::Avg => Accumulator::Avg(Box::default()),
            Function::Rate(width_ns) => {
                let of_records = aggregate.field.is_none();
                Accumulator::Rate { sum: Box::default(), width_ns, of_records }
            }
            Function::StdDev => Accumulator::Deviation(Box::default()),
            Function::Quantile(share) => Accumulator::Quantile { share, numbers: Box::default() },
            Function::QuantileApprox(share) => Accumulator::QuantileApprox { share, sketch: Box::default() },
            Function::First => Accumulator::Edge { last: false, best: None },
            Function::Last => Accumulator::Edge { last: true, best: None },
            Function::Values(most) => Accumulator::Values(Box::new(Smallest::new(most))),
        }
    }

    /// Counts records (`count()` and `rate()` without a field).
    pub(crate) fn add_records(&mut self, n: u64) {
        match self {
            Accumulator::Count(count) => *count += n,
            Accumulator::Rate { sum, .. } => sum.add_ints(i128::from(n), n),
            _ => {}
        }
    }

    /// Adds a value that occurs `weight` times; `at` is the place of the record, where it matters.
    pub(crate) fn add(&mut self, value: &[u8], weight: u64, at: At) {
        match self {
            Accumulator::Count(n) => *n += weight,
            Accumulator::Distinct(set) => set.add(value),
            Accumulator::DistinctApprox(sketch) => sketch.add(value),
            Accumulator::Extreme(extreme) => extreme.add(value),
            Accumulator::Sum(sum) | Accumulator::Avg(sum) | Accumulator::Rate { sum, .. } => {
                sum.add_text(value, weight);
            }
            Accumulator::Deviation(deviation) => deviation.add_text(value, weight),
            Accumulator::Quantile { .. } | Accumulator::QuantileApprox { .. } => {
                parse_number(value).into_iter().for_each(|number| self.add_number(number, weight));
            }
            Accumulator::Edge { last, best } => {
                let better = best.as_ref().is_none_or(|b| if *last { at > b.0 } else { at < b.0 });
                if better {
                    *best = Some(Box::new((at, value.to_vec())));
                }
            }
            Accumulator::Values(values) => values.add(value),
        }
    }

    /// As [`Accumulator::add`] for an integer, for functions that look at numbers only. Decimals only for those that take
    /// them as floats anyway.
    #[inline]
    pub(crate) fn add_number(&mut self, number: Number, weight: u64) {
        match self {
            Accumulator::Count(n) => *n += weight,
            Accumulator::Sum(sum) | Accumulator::Avg(sum) | Accumulator::Rate { sum, .. } => {
                sum.add(number, weight);
            }
            Accumulator::Deviation(deviation) => deviation.add(number, weight),
            Accumulator::Quantile { numbers, .. } => numbers.add(number, weight),
            Accumulator::QuantileApprox { sketch, .. } => sketch.add(number.to_f64(), weight),
            _ => {}
        }
    }

    /// The sum, of functions that are made from one.
    pub(crate) fn sum_mut(&mut self) -> Option<&mut Sum> {
        match self {
            Accumulator::Sum(sum) | Accumulator::Avg(sum) | Accumulator::Rate { sum, .. } => Some(sum),
            _ => None,
        }
    }

    /// Whether [`Accumulator::add_number`] is enough for values that are integers.
    pub(crate) fn is_numeric(&self) -> bool {
        match self {
            Accumulator::Count(_)
            | Accumulator::Sum(_)
            | Accumulator::Avg(_)
            | Accumulator::Rate { .. }
            | Accumulator::Deviation(_)
            | Accumulator::Quantile { .. }
            | Accumulator::QuantileApprox { .. } => true,
            Accumulator::Distinct(_)
            | Accumulator::DistinctApprox(_)
            | Accumulator::Extreme(_)
            | Accumulator::Edge { .. }
            | Accumulator::Values(_) => false,
        }
    }

    /// Whether it does not matter how often a value occurs.
    pub(crate) fn is_of_a_set(&self) -> bool {
        matches!(
            self,
            Accumulator::Distinct(_)
                | Accumulator::DistinctApprox(_)
                | Accumulator::Extreme(_)
                | Accumulator::Values(_)
        )
    }

    /// Whether the place of a record in time matters.
    pub(crate) fn looks_at_time(&self) -> bool {
        matches!(self, Accumulator::Edge { .. })
    }

    /// Adds what another part of the query gathered for the same group.
    pub(crate) fn merge(&mut self, other: Accumulator) {
        match (self, other) {
            (Accumulator::Count(a), Accumulator::Count(b)) => *a += b,
            (Accumulator::Distinct(a), Accumulator::Distinct(b)) => a.merge(*b),
            (Accumulator::DistinctApprox(a), Accumulator::DistinctApprox(b)) => a.merge(*b),
            (Accumulator::Extreme(a), Accumulator::Extreme(b)) => a.merge(*b),
            (Accumulator::Sum(a), Accumulator::Sum(b))
            | (Accumulator::Avg(a), Accumulator::Avg(b))
            | (Accumulator::Rate { sum: a, .. }, Accumulator::Rate { sum: b, .. }) => a.merge(*b),
            (Accumulator::Deviation(a), Accumulator::Deviation(b)) => a.merge(*b),
            (Accumulator::Quantile { numbers: a, .. }, Accumulator::Quantile { numbers: b, .. }) => {
                a.merge(*b);
            }
            (
                Accumulator::QuantileApprox { sketch: a, .. },
                Accumulator::QuantileApprox { sketch: b, .. },
            ) => {
                a.merge(*b);
            }
            (this @ Accumulator::Edge { .. }, Accumulator::Edge { best: Some(best), .. }) => {
                this.add(&best.1, 1, best.0);
            }
            (Accumulator::Values(a), Accumulator::Values(b)) => a.merge(&b),
            _ => {}
        }
    }

    /// Values held, for the memory bound.
    pub(crate) fn held(&self) -> usize {
        match self {
            Accumulator::Distinct(set) => set.held(),
            Accumulator::DistinctApprox(sketch) => sketch.held() / 4,
            Accumulator::Quantile { numbers, .. } => numbers.held(),
            Accumulator::QuantileApprox { sketch, .. } => sketch.held() / 4,
            Accumulator::Values(values) => values.len(),
            _ => 1,
        }
    }

    /// About what it takes in memory, with its texts.
    pub(crate) fn bytes(&self) -> usize {
        let boxed = match self {
            Accumulator::Count(_) => return size_of::<Accumulator>(),
            Accumulator::Distinct(set) => size_of::<Distinct>() + VALUE_BYTES * set.held(),
            Accumulator::DistinctApprox(sketch) => size_of::<HyperLogLog>() + 16 * sketch.held(),
            Accumulator::Extreme(extreme) => extreme.bytes(),
            Accumulator::Sum(_) | Accumulator::Avg(_) | Accumulator::Rate { .. } => size_of::<Sum>(),
            Accumulator::Deviation(_) => size_of::<Deviation>(),
            Accumulator::Quantile { numbers, .. } => numbers.bytes(),
            Accumulator::QuantileApprox { sketch, .. } => size_of::<DdSketch>() + 16 * sketch.held(),
            Accumulator::Edge { best, .. } => {
                best.as_ref().map_or(0, |best| size_of::<(At, Vec<u8>)>() + ALLOCATED_BYTES + best.1.len())
            }
            Accumulator::Values(values) => values.bytes(),
        };
        size_of::<Accumulator>() + ALLOCATED_BYTES + boxed
    }

    pub(crate) fn finish(self) -> Value {
        match self {
            Accumulator::Count(n) => Value::Int(n as i64),
            Accumulator::Distinct(set) => Value::Int(set.len() as i64),
            Accumulator::DistinctApprox(sketch) => Value::Int(sketch.estimate() as i64),
            Accumulator::Extreme(extreme) => extreme.value(),
            Accumulator::Sum(sum) => sum.value(),
            Accumulator::Avg(sum) if sum.count() == 0 => Value::Null,
            Accumulator::Avg(sum) => Value::Float(sum.total() / sum.count() as f64),
            Accumulator::Rate { sum, of_records, .. } if sum.count() == 0 && !of_records => Value::Null,
            Accumulator::Rate { width_ns, .. } if width_ns <= 0 => Value::Null,
            Accumulator::Rate { sum, width_ns, .. } => Value::Float(sum.total() / (width_ns as f64 / 1e9)),
            Accumulator::Deviation(deviation) => deviation.value(),
            Accumulator::Quantile { share, numbers } => numbers.quantile(share),
            Accumulator::QuantileApprox { share, sketch } => {
                sketch.quantile(share).map_or(Value::Null, whole_or_float)
            }
            Accumulator::Edge { best, .. } => best.map_or(Value::Null, |b| Value::Text(b.1)),
            Accumulator::Values(values) => values.value(),
        }
    }
}

/// A float as a value: an integer if it is a whole number that floats hold exactly.
pub(crate) fn whole_or_float(v: f64) -> Value {
    if v.fract() == 0.0 && v.abs() < 9e15 { Value::Int(v as i64) } else { Value::Float(v) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(function: Function, values: &[&str]) -> Value {
        // Two parts merged must be the same as one.
        let aggregate = Aggregate { function, field: Some("f".into()), alias: "a".into() };
        let (mut a, mut b) = (Accumulator::new(&aggregate), Accumulator::new(&aggregate));
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
        assert_eq!(of(Function::Min, &["1.0", "1", "1.0"]), Value::Int(1));
        assert_eq!(of(Function::Quantile(0.5), &numbers), Value::Int(2));
        assert_eq!(of(Function::Quantile(1.0), &numbers), Value::Int(10));
        assert_eq!(of(Function::QuantileApprox(1.0), &["7", "7"]), Value::Int(7));
        assert_eq!(of(Function::CountDistinct, &["a", "b", "a"]), Value::Int(2));
        assert_eq!(of(Function::CountDistinctApprox, &["a", "b", "a"]), Value::Int(2));
        assert_eq!(of(Function::First, &["a", "b", "c"]), Value::Text(b"a".to_vec()));
        assert_eq!(of(Function::Last, &["a", "b", "c"]), Value::Text(b"c".to_vec()));
        assert_eq!(of(Function::Sum, &["x"]), Value::Null);
        assert_eq!(of(Function::Sum, &["0.5", "1"]), Value::Float(1.5));
        assert_eq!(of(Function::Values(2), &["c", "b", "c", "a"]), Value::Text(b"a, b".to_vec()));
        assert_eq!(of(Function::Values(2), &[]), Value::Null);
        assert_eq!(of(Function::Values(0), &["a"]), Value::Null);
        assert_eq!(of(Function::Rate(2_000_000_000), &numbers), Value::Float(8.0));
        assert_eq!(of(Function::StdDev, &["2", "4", "4", "4", "5", "5", "7", "9"]), Value::Float(2.0));
    }
}
