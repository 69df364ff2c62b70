//! Approximate quantiles: DDSketch (Masson et al. 2019). Numbers are counted in buckets whose bounds grow by a fixed
//! factor, so that the middle of a bucket is never more than 1 % from any number in it.
//!
//! Counts are whole numbers: the order in which numbers came or parts were merged does not matter.

use std::collections::BTreeMap;

/// Largest relative error.
const ERROR: f64 = 0.01;

/// From one bound to the next.
const GROWTH: f64 = (1.0 + ERROR) / (1.0 - ERROR);

/// A sketch of some numbers. There are at most some 36,000 buckets for floats of either sign, so that it is bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct DdSketch {
    /// Counts of negative numbers by the bucket of their magnitude, turned around: the smallest number first.
    negative: BTreeMap<i32, u64>,
    zeros: u64,
    positive: BTreeMap<i32, u64>,
    count: u64,
    /// Smallest and largest number.
    range: Option<(f64, f64)>,
}

impl DdSketch {
    pub(crate) fn add(&mut self, value: f64, weight: u64) {
        if weight == 0 {
            return;
        }
        if value == 0.0 {
            self.zeros += weight;
        } else if value < 0.0 {
            *self.negative.entry(-bucket(-value)).or_default() += weight;
        } else {
            *self.positive.entry(bucket(value)).or_default() += weight;
        }
        self.count += weight;
        self.widen((value, value));
    }

    fn widen(&mut self, (low, high): (f64, f64)) {
        let (min, max) = self.range.unwrap_or((low, high));
        self.range = Some((min.min(low), max.max(high)));
    }

    pub(crate) fn merge(&mut self, other: DdSketch) {
        let add = |mine: &mut BTreeMap<i32, u64>, others: BTreeMap<i32, u64>| {
            others.into_iter().for_each(|(bucket, n)| *mine.entry(bucket).or_default() += n);
        };
        add(&mut self.negative, other.negative);
        add(&mut self.positive, other.positive);
        self.zeros += other.zeros;
        self.count += other.count;
        other.range.into_iter().for_each(|range| self.widen(range));
    }

    /// Memory, in numbers of eight bytes.
    pub(crate) fn held(&self) -> usize {
        3 * (self.negative.len() + self.positive.len()) + 8
    }

    /// A number at most 1 % from that of nearest rank: the smallest not below `share` of all.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let (min, max) = self.range?;
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count);
        let negative = self.negative.iter().map(|(&b, &n)| (-middle(-b), n));
        let positive = self.positive.iter().map(|(&b, &n)| (middle(b), n));
        let mut seen = 0;
        let mut all = negative.chain([(0.0, self.zeros)]).chain(positive);
        let found = all.find(|&(_, n)| {
            seen += n;
            seen >= rank
        });
        found.map(|(value, _)| value.clamp(min, max))
    }
}

/// The bucket of a positive number: bucket `i` reaches from above `GROWTH^(i-1)` to `GROWTH^i`.
fn bucket(value: f64) -> i32 {
    (value.ln() / GROWTH.ln()).ceil() as i32
}

/// The number that is as far from either bound of a bucket, relative to them.
fn middle(bucket: i32) -> f64 {
    (f64::from(bucket) * GROWTH.ln()).exp() * 2.0 / (GROWTH + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantiles_are_near(mut values in proptest::collection::vec(prop_oneof![-1e6..1e6, Just(0.0), 1e-200..1e-190, 1.0..2.0], 1..200), share in 0.0..=1.0, cut in 0usize..200) {
            let (mut a, mut b) = (DdSketch::default(), DdSketch::default());
            for (i, &v) in values.iter().enumerate() {
                if i < cut { a.add(v, 1) } else { b.add(v, 1) }
            }
            b.merge(a);
            let mut whole = DdSketch::default();
            values.iter().for_each(|&v| whole.add(v, 1));
            let got = b.quantile(share).unwrap();
            prop_assert_eq!(Some(got), whole.quantile(share));
            values.sort_by(f64::total_cmp);
            let rank = ((share * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            prop_assert!((got - exact).abs() <= exact.abs() * (ERROR + 1e-9), "{got} for {exact}");
        }
    }
}
