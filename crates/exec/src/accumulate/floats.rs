//! Exact sums of floats: a fixed-point number wide enough for every float, so that the order of adding does not matter.

/// Bits of a digit.
const DIGIT_BITS: u32 = 32;

/// Floats go from 2^-1074 to 2^1024: 66 digits, and room for what many of them add up to.
const DIGITS: usize = 70;

/// So many times can be added to a digit before its carry has to be passed on.
const ADDS_MAX: u32 = 1 << 28;

/// The sum of some finite floats, exactly.
#[derive(Clone, Debug)]
pub(crate) struct FloatSum {
    /// Lowest first; each may be negative and larger than a digit until carries are passed on.
    digits: [i64; DIGITS],
    adds: u32,
}

impl Default for FloatSum {
    fn default() -> FloatSum {
        FloatSum { digits: [0; DIGITS], adds: 0 }
    }
}

impl FloatSum {
    /// Adds `value` (finite) `weight` times.
    pub(crate) fn add(&mut self, value: f64, weight: u64) {
        let bits = value.to_bits();
        let exponent = (bits >> 52) as u32 & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 52 };
        // Of subnormal numbers the exponent is that of the smallest normal one.
        let place = exponent.saturating_sub(1);
        let negative = value.is_sign_negative();
        for (half, place) in [(weight & 0xffff_ffff, place), (weight >> 32, place + DIGIT_BITS)] {
            if half > 0 {
                self.add_at(u128::from(mantissa) * u128::from(half), place, negative);
            }
        }
    }

    /// Adds `n` (at most 85 bits) times two to the power of `place`.
    fn add_at(&mut self, n: u128, place: u32, negative: bool) {
        let mut rest = n << (place % DIGIT_BITS);
        let first = (place / DIGIT_BITS) as usize;
        for digit in self.digits.iter_mut().skip(first) {
            if rest == 0 {
                break;
            }
            let part = (rest & 0xffff_ffff) as i64;
            *digit += if negative { -part } else { part };
            rest >>= DIGIT_BITS;
        }
        self.adds += 1;
        if self.adds >= ADDS_MAX {
            self.carry();
        }
    }

    /// Makes every digit but the last lie between 0 and 2^32.
    fn carry(&mut self) {
        let mut carry = 0i64;
        let last = DIGITS - 1;
        for (i, digit) in self.digits.iter_mut().enumerate() {
            *digit += carry;
            if i < last {
                carry = *digit >> DIGIT_BITS;
                *digit &= 0xffff_ffff;
            }
        }
        self.adds = 1;
    }

    pub(crate) fn merge(&mut self, mut other: FloatSum) {
        other.carry();
        self.carry();
        self.digits.iter_mut().zip(other.digits).for_each(|(a, b)| *a += b);
        self.adds = 2;
    }

    /// The nearest float, or one beside it.
    pub(crate) fn total(&self) -> f64 {
        let mut exact = self.clone();
        exact.carry();
        // A negative sum is a large last digit below zero and all others above it: turned around, nothing cancels.
        let negative = exact.digits.last().is_some_and(|&d| d < 0);
        if negative {
            exact.digits.iter_mut().for_each(|d| *d = -*d);
            exact.carry();
        }
        let of_digit = |(i, &digit): (usize, &i64)| digit as f64 * two_to(i as i32 * 32 - 1074);
        let digits = exact.digits.iter().enumerate().rev().filter(|(_, digit)| **digit != 0);
        let total: f64 = digits.map(of_digit).sum();
        if negative { -total } else { total }
    }
}

/// Two to a power, down to the smallest float; infinite above the largest.
fn two_to(power: i32) -> f64 {
    match power {
        1024.. => f64::INFINITY,
        -1022..1024 => f64::from_bits(((power + 1023) as u64) << 52),
        _ => f64::from_bits(1u64.checked_shl((power + 1074).max(0) as u32).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> f64 {
        let mut sum = FloatSum::default();
        values.iter().for_each(|&v| sum.add(v, 1));
        sum.total()
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum(&[1e300, 1.0, -1e300]), 1.0);
        assert_eq!(sum(&[-1e300, -1.5]), -1e300);
        assert_eq!(sum(&[f64::MAX]), f64::MAX);
        assert_eq!(sum(&[f64::MIN_POSITIVE, 5e-324]), f64::MIN_POSITIVE + 5e-324);
        assert_eq!(sum(&[1e-9; 1000]), 1e-9 * 1000.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn one_float_is_its_sum(v in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!(sum(&[v]), v);
            prop_assert_eq!(sum(&[v, -1e10, 1e10]), v);
        }

        #[test]
        fn the_order_does_not_matter(values in proptest::collection::vec((any::<f64>().prop_filter("finite", |v| v.is_finite()), 1u64..1 << 40), 0..20), cut in 0usize..20) {
            let mut forward = FloatSum::default();
            values.iter().for_each(|&(v, w)| forward.add(v, w));
            let (mut a, mut b) = (FloatSum::default(), FloatSum::default());
            for (i, &(v, w)) in values.iter().rev().enumerate() {
                if i < cut { a.add(v, w) } else { b.add(v, w) }
            }
            a.merge(b);
            prop_assert_eq!(forward.total().to_bits(), a.total().to_bits());
        }
    }
}
