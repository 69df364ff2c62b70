//! How long things took: counts in fixed buckets, for many threads at once and without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where the buckets end, in nanoseconds; one more holds what took longer. From a write in memory to a long query.
pub const BUCKET_ENDS_NS: [u64; 18] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
    60_000_000_000,
];

const BUCKETS: usize = BUCKET_ENDS_NS.len() + 1;

/// Counts durations. Noting one is two additions.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
}

impl Histogram {
    /// Notes that something took so long.
    pub fn note_ns(&self, ns: u64) {
        let bucket = BUCKET_ENDS_NS.partition_point(|&end| end < ns);
        // The sum first: who reads in between sees no count without its time. It is not worth more than that.
        self.sum_ns.fetch_add(ns, Relaxed);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// What was noted so far.
    pub fn read(&self) -> HistogramCounts {
        let counts = std::array::from_fn(|i| self.counts.get(i).map_or(0, |c| c.load(Relaxed)));
        HistogramCounts { counts, sum_ns: self.sum_ns.load(Relaxed) }
    }
}

/// A [`Histogram`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistogramCounts {
    counts: [u64; BUCKETS],
    /// How long all of it took.
    pub sum_ns: u64,
}

impl HistogramCounts {
    /// How often something was noted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// For each bucket that has an end: the end, and how much took no longer.
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut so_far = 0;
        BUCKET_ENDS_NS.iter().zip(&self.counts).map(move |(&end_ns, count)| {
            so_far += count;
            (end_ns, so_far)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_end_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        [0, 100_000, 100_001, u64::MAX / 2].into_iter().for_each(|ns| histogram.note_ns(ns));
        let counts = histogram.read();
        let first: Vec<(u64, u64)> = counts.up_to().take(2).collect();
        assert_eq!(first, [(100_000, 2), (250_000, 3)]);
        assert_eq!((counts.count(), counts.up_to().last()), (4, Some((60_000_000_000, 3))));
    }

    proptest! {
        #[test]
        fn buckets_grow_and_add_up(spans in prop::collection::vec(0u64..100_000_000_000, 0..200)) {
            let histogram = Histogram::default();
            spans.iter().for_each(|&ns| histogram.note_ns(ns));
            let counts = histogram.read();
            prop_assert_eq!(counts.count(), spans.len() as u64);
            prop_assert_eq!(counts.sum_ns, spans.iter().sum::<u64>());
            for (end, n) in counts.up_to() {
                prop_assert_eq!(n, spans.iter().filter(|&&ns| ns <= end).count() as u64);
            }
        }
    }
}
