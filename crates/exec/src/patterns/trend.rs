//! Counts over time without knowing beforehand which span they will cover.
//!
//! Bins are a power of two wide and begin at multiples of it, so that two of them make one of the next width: what is
//! counted in any order and in any number of parts ends up in the same bins.

/// Characters of a trend.
const BARS: usize = 20;

/// The bars, from none to most.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Most bins that the span of all counts is cut into.
const BINS_MAX: i64 = 512;

/// The span of time of all records counted, and the width of the bins that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) min: i64,
    pub(super) max: i64,
    /// Bins are `2^level` nanoseconds wide.
    level: u32,
}

impl Default for Span {
    fn default() -> Span {
        Span { min: i64::MAX, max: i64::MIN, level: 0 }
    }
}

impl Span {
    /// Widens the span; returns by how many levels the bins grew.
    pub(super) fn cover(&mut self, min: i64, max: i64) -> u32 {
        (self.min, self.max) = (self.min.min(min), self.max.max(max));
        let before = self.level;
        while (self.max >> self.level).saturating_sub(self.min >> self.level) >= BINS_MAX {
            self.level += 1;
        }
        self.level - before
    }

    /// The bin of a time.
    #[inline]
    pub(super) fn bin(self, time: i64) -> i64 {
        time >> self.level
    }

    /// Which bar the middle of a bin is in.
    fn bar(self, bin: i64) -> usize {
        let middle = (i128::from(bin) << self.level) + (1 << self.level) / 2;
        let (min, max) = (i128::from(self.min), i128::from(self.max));
        let at = (middle.clamp(min, max) - min) * BARS as i128 / (max - min + 1);
        usize::try_from(at).unwrap_or(0).min(BARS - 1)
    }
}

/// Counts by bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trend {
    /// The bin of the first count.
    first: i64,
    counts: Vec<u32>,
}

impl Trend {
    /// Adds `n` to a bin of the current width.
    pub(super) fn add(&mut self, bin: i64, n: u32) {
        if self.counts.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            let more = usize::try_from(self.first.abs_diff(bin)).unwrap_or(0).min(2 * BINS_MAX as usize);
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bin;
        }
        let at = usize::try_from(bin.abs_diff(self.first)).unwrap_or(0).min(2 * BINS_MAX as usize);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts.get_mut(at).into_iter().for_each(|c| *c = c.saturating_add(n));
    }

    /// The same counts in bins that are `levels` levels wider.
    pub(super) fn coarsen(&mut self, levels: u32) {
        if levels == 0 {
            return;
        }
        let old = std::mem::take(self);
        for (bin, n) in old.bins() {
            self.add(bin >> levels.min(63), n);
        }
    }

    /// Adds the counts of another one with bins of the same width.
    pub(super) fn merge(&mut self, other: &Trend) {
        other.bins().for_each(|(bin, n)| self.add(bin, n));
    }

    fn bins(&self) -> impl Iterator<Item = (i64, u32)> {
        let first = self.first;
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(move |(i, n)| (first + i as i64, *n))
    }

    /// About what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        4 * self.counts.capacity()
    }

    /// The counts as bars over `span`, the highest as high as can be.
    pub(super) fn bars(&self, span: Span) -> String {
        let mut bars = [0u64; BARS];
        for (bin, n) in self.bins() {
            bars.get_mut(span.bar(bin)).into_iter().for_each(|b| *b += u64::from(n));
        }
        let max = bars.iter().copied().max().unwrap_or(0).max(1);
        let top = HEIGHTS.len() as u64 - 1;
        let height = |n: u64| (u128::from(n) * u128::from(top)).div_ceil(u128::from(max)) as usize;
        bars.iter().filter_map(|&n| HEIGHTS.get(height(n))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts in the given order, in two parts of which one is merged into the other.
    fn counted(times: &[i64], cut: usize) -> (Span, Trend) {
        let mut parts = Vec::new();
        for part in [&times[..cut], &times[cut..]] {
            let (mut span, mut trend) = (Span::default(), Trend::default());
            for &time in part {
                trend.coarsen(span.cover(time, time));
                trend.add(span.bin(time), 1);
            }
            parts.push((span, trend));
        }
        let (mut span, mut trend) = parts.remove(0);
        let (other, mut more) = parts.remove(0);
        if other != Span::default() {
            trend.coarsen(span.cover(other.min, other.max));
            more.coarsen(span.level - other.level);
            trend.merge(&more);
        }
        (span, trend)
    }

    proptest! {
        #[test]
        fn the_order_and_the_parts_do_not_matter(
            mut times in proptest::collection::vec(prop_oneof![any::<i64>(), 0i64..5000], 1..50),
            cut in 0usize..50,
        ) {
            let cut = cut.min(times.len());
            let first = counted(&times, cut);
            times.sort_unstable();
            let second = counted(&times, 0);
            prop_assert_eq!(&first, &second);
            let bars = first.1.bars(first.0);
            prop_assert_eq!(bars.chars().count(), BARS);
            prop_assert!(bars.contains('█'));
            prop_assert_eq!(first.1.bins().map(|(_, n)| u64::from(n)).sum::<u64>(), times.len() as u64);
        }
    }

    #[test]
    fn bars_are_as_high_as_the_counts() {
        let times: Vec<i64> = (0..2000).chain([0; 100]).collect();
        let (span, trend) = counted(&times, 7);
        let bars: Vec<char> = trend.bars(span).chars().collect();
        assert_eq!(bars[0], '█');
        assert!(bars[1..].iter().all(|&b| b == '▄' || b == '▅'), "{bars:?}");
        assert_eq!(counted(&[5], 0).1.bars(counted(&[5], 0).0).chars().filter(|&c| c == '█').count(), 1);
    }
}
