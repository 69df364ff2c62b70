//! Whole numbers of 256 bits, for sums of squares.

/// A number of 256 bits, lowest limb first. What does not fit is cut off, so that differences come out right as long as
/// they are not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wide([u64; 4]);

const LIMB: f64 = 18_446_744_073_709_551_616.0;

impl Wide {
    /// The product of two numbers.
    pub(crate) fn product(a: u128, b: u128) -> Wide {
        let low = Wide([a as u64, (a >> 64) as u64, 0, 0]);
        let high = low.times((b >> 64) as u64);
        let [h0, h1, h2, _] = high.0;
        low.times(b as u64).plus(Wide([0, h0, h1, h2]))
    }

    pub(crate) fn plus(self, other: Wide) -> Wide {
        let mut carry = 0u128;
        let mut sum = self;
        for (a, b) in sum.0.iter_mut().zip(other.0) {
            carry += u128::from(*a) + u128::from(b);
            *a = carry as u64;
            carry >>= 64;
        }
        sum
    }

    pub(crate) fn minus(self, other: Wide) -> Wide {
        let negated = Wide(other.0.map(|limb| !limb)).plus(Wide([1, 0, 0, 0]));
        self.plus(negated)
    }

    pub(crate) fn times(self, factor: u64) -> Wide {
        let mut carry = 0u128;
        let mut product = self;
        for limb in &mut product.0 {
            carry += u128::from(*limb) * u128::from(factor);
            *limb = carry as u64;
            carry >>= 64;
        }
        product
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.0.iter().rev().fold(0.0, |n, &limb| n * LIMB + limb as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_numbers_that_fit(a in any::<u64>(), b in any::<u64>(), c in any::<u32>()) {
            let (x, y) = (u128::from(a), u128::from(b));
            let of = |n: u128| Wide([n as u64, (n >> 64) as u64, 0, 0]);
            prop_assert_eq!(Wide::product(x, y), of(x * y));
            prop_assert_eq!(of(x).plus(of(y)), of(x + y));
            prop_assert_eq!(of(x + y).minus(of(y)), of(x));
            prop_assert_eq!(of(x).times(u64::from(c)), of(x * u128::from(c)));
            // (a 2^64 + b)² by its parts.
            let n = x << 64 | y;
            let ab = Wide::product(x, y);
            let [l0, l1, l2, _] = ab.times(2).0;
            let [s0, s1, ..] = Wide::product(x, x).0;
            let parts = Wide::product(y, y).plus(Wide([0, l0, l1, l2])).plus(Wide([0, 0, s0, s1]));
            prop_assert_eq!(Wide::product(n, n), parts);
        }
    }
}
