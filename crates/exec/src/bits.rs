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

    /// The rows whose value passes `test`. Where `among` is given, values of rows outside of it need not be looked at.
    pub(crate) fn from_slice<T>(values: &[T], among: Option<&Bits>, test: impl Fn(&T) -> bool) -> Bits {
        // To bytes of 0 and 1 first, which the compiler does many at once where the test is simple.
        let word = |values: &[T; 64]| {
            let mut passed = [0u8; 64];
            passed.iter_mut().zip(values).for_each(|(p, v)| *p = u8::from(test(v)));
            equal_bytes(&passed, 1)
        };
        Bits::from_words(values, among, word, &test)
    }

    /// The rows whose value is `wanted`.
    pub(crate) fn from_equal(values: &[u8], wanted: u8, among: Option<&Bits>) -> Bits {
        Bits::from_words(values, among, |values| equal_bytes(values, wanted), |&v| v == wanted)
    }

    #[inline]
    fn from_words<T>(
        values: &[T],
        among: Option<&Bits>,
        word: impl Fn(&[T; 64]) -> u64,
        one: impl Fn(&T) -> bool,
    ) -> Bits {
        let (full, rest) = values.as_chunks::<64>();
        let mut words: Vec<u64> = match among {
            None => full.iter().map(word).collect(),
            Some(among) => {
                let among_them = |(values, &among): (&[T; 64], &u64)| match among.count_ones() {
                    0 => 0,
                    // Of a few it costs less to look at each.
                    1..=FEW => {
                        each(among).filter(|&i| values.get(i).is_some_and(&one)).fold(0, |w, i| w | 1 << i)
                    }
                    _ => word(values) & among,
                };
                full.iter().zip(&among.words).map(among_them).collect()
            }
        };
        // An `among` that is too short has none of the other rows.
        words.resize(full.len(), 0);
        if !rest.is_empty() {
            words.push(rest.iter().enumerate().fold(0u64, |word, (i, v)| word | u64::from(one(v)) << i));
        }
        Bits { words, rows: values.len() }
    }

    /// The rows in the set, rising.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| each(word).map(move |bit| i * 64 + bit))
    }
}

/// So many rows of 64 are looked at one by one.
const FEW: u32 = 4;

/// The bits of a word, rising.
#[inline]
fn each(word: u64) -> impl Iterator<Item = usize> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let bit = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        Some(bit)
    })
}

/// Which bytes are `wanted`, a bit each. Each equal byte becomes the bit of its place among eight, and eight are added to
/// one byte: sums of bytes are what the compiler does many at once.
#[inline]
fn equal_bytes(bytes: &[u8; 64], wanted: u8) -> u64 {
    let mut placed = [0u8; 64];
    for ((i, p), &byte) in placed.iter_mut().enumerate().zip(bytes) {
        *p = if byte == wanted { 1 << (i % 8) } else { 0 };
    }
    let mut word = [0u8; 8];
    let (eights, _) = placed.as_chunks::<8>();
    for (sum, eight) in word.iter_mut().zip(eights) {
        *sum = eight.iter().fold(0u8, |sum, p| sum.wrapping_add(*p));
    }
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_slices_are_those_of_their_values() {
        for rows in [0usize, 1, 63, 64, 65, 200] {
            let values: Vec<u8> = (0..rows).map(|r| (r * 7 % 5) as u8).collect();
            let expect = Bits::from_tests(values.iter().map(|&v| v == 3), rows);
            assert_eq!(Bits::from_equal(&values, 3, None), expect);
            assert_eq!(Bits::from_slice(&values, None, |&v| v == 3), expect);
            // None, all, many and few of the 64 rows of a word.
            for among in [|r: usize| r >= 70, |r| r >= 64 && r % 2 == 0, |r| r % 31 == 1] {
                let among = Bits::from_tests((0..rows).map(among), rows);
                let expect = expect.clone().and(&among);
                assert_eq!(Bits::from_equal(&values, 3, Some(&among)).and(&among), expect);
                assert_eq!(Bits::from_slice(&values, Some(&among), |&v| v == 3).and(&among), expect);
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
