//! Sets of rows of a row group, one bit a row.

/// A set of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    rows: usize,
}

impl Bits {
    pub(crate) fn none(rows: usize) -> Bits {
        Bits { words: vec![0; rows.div_ceil(64)], rows }
    }

    pub(crate) fn all(rows: usize) -> Bits {
        let mut bits = Bits { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        if let (Some(last), used @ 1..) = (bits.words.last_mut(), rows % 64) {
            *last = (1 << used) - 1;
        }
        bits
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    #[inline]
    pub(crate) fn set(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }

    #[inline]
    pub(crate) fn has(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|w| w >> (row % 64) & 1 != 0)
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    pub(crate) fn is_none(&self) -> bool {
        self.words.iter().all(|&w| w == 0)
    }

    pub(crate) fn and(mut self, other: &Bits) -> Bits {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
        self
    }

    pub(crate) fn or(mut self, other: &Bits) -> Bits {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
        self
    }

    pub(crate) fn without(mut self, other: &Bits) -> Bits {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
        self
    }

    /// Sets the bit of each row for which `test` holds, a word at a time.
    pub(crate) fn from_tests(tests: impl Iterator<Item = bool>, rows: usize) -> Bits {
        let mut bits = Bits::none(rows);
        let mut tests = tests;
        for word in &mut bits.words {
            let mut w = 0u64;
            for (i, hit) in tests.by_ref().take(64).enumerate() {
                w |= u64::from(hit) << i;
            }
            *word = w;
        }
        bits
    }

    /// The rows whose byte is one of `wanted`, eight rows at a time.
    pub(crate) fn of_bytes(bytes: &[u8], wanted: &[u8]) -> Bits {
        let mut bits = Bits::none(bytes.len());
        let (eights, rest) = bytes.as_chunks::<8>();
        for (word, eights) in bits.words.iter_mut().zip(eights.chunks(8)) {
            for (i, eight) in eights.iter().enumerate() {
                let eight = u64::from_le_bytes(*eight);
                let hits = wanted.iter().fold(0, |hits, &byte| hits | equal_bytes(eight, byte));
                *word |= hits << (8 * i);
            }
        }
        let first = bytes.len() - rest.len();
        let met = rest.iter().enumerate().filter(|(_, byte)| wanted.contains(byte));
        met.for_each(|(i, _)| bits.set(first + i));
        bits
    }

    /// The rows in the set, rising.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                Some(i * 64 + bit)
            })
        })
    }
}

/// A bit for each of eight bytes that is `byte`.
#[inline]
fn equal_bytes(eight: u64, byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = ONES * 0x7f;
    let differ = eight ^ (ONES * u64::from(byte));
    // The high bit of each byte that does not differ at all: nothing carries from one byte to the next.
    let equal = !(((differ & LOW) + LOW) | differ | LOW);
    // The lowest bits of eight bytes, brought together in the highest byte.
    (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found() {
        for rows in [0usize, 1, 7, 8, 9, 63, 64, 65, 200] {
            let bytes: Vec<u8> = (0..rows).map(|i| (i * 37 % 5) as u8 * 60).collect();
            for wanted in [&[0u8][..], &[60, 255], &[], &[120, 180, 0]] {
                let expect = Bits::from_tests(bytes.iter().map(|b| wanted.contains(b)), rows);
                assert_eq!(Bits::of_bytes(&bytes, wanted), expect);
            }
        }
    }

    #[test]
    fn sets_behave_as_sets() {
        for rows in [0, 1, 63, 64, 65, 200] {
            let all = Bits::all(rows);
            assert_eq!(all.count(), rows);
            let third = Bits::from_tests((0..rows).map(|r| r % 3 == 0), rows);
            assert_eq!(third.iter().collect::<Vec<_>>(), (0..rows).step_by(3).collect::<Vec<_>>());
            let rest = all.clone().without(&third);
            assert!(rest.clone().and(&third).is_none());
            assert_eq!(rest.or(&third), all);
        }
    }
}
