//! A column while its values are gathered.

use super::ColumnKey;
use crate::Compressor;
use crate::bytes::extend_short;
use crate::column::{Distinct, Encoded, Numberer, Values, encode, encode_distinct};
use crate::words::WordSet;

/// So many distinct values are numbered whatever the number of rows.
const DISTINCT_FEW: usize = 256;

/// With more distinct values than this, or more than one in [`ROWS_PER_DISTINCT`] rows, each value is kept.
const DISTINCT_MAX: usize = 4096;

/// See [`DISTINCT_MAX`].
const ROWS_PER_DISTINCT: usize = 4;

/// A column before it is encoded. Its values are copied together: encoding goes over them several times, and in the
/// text each would be a cache line of its own.
///
/// As long as few values are distinct only those are kept, and a number for each row: a user agent of a hundred bytes
/// is compared while it is at hand, and neither copied nor looked at again.
#[derive(Clone, Debug)]
pub struct RawColumn {
    /// Which column.
    pub key: ColumnKey,
    bytes: Vec<u8>,
    values: Gathered,
    /// How many values may be to come in all.
    expected: usize,
}

#[derive(Clone, Debug)]
enum Gathered {
    Distinct(Numberer),
    /// Where the value of each row stands.
    All(Vec<(u32, u32)>),
}

impl RawColumn {
    /// A column without values.
    pub fn new(key: ColumnKey) -> RawColumn {
        RawColumn::expecting(key, 0)
    }

    /// A column of about `rows` values. It holds no room for them before an eighth of them has come.
    pub fn expecting(key: ColumnKey, rows: usize) -> RawColumn {
        RawColumn {
            key,
            bytes: Vec::new(),
            values: Gathered::Distinct(Numberer::expecting(rows)),
            expected: rows,
        }
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        match &self.values {
            Gathered::Distinct(numberer) => numberer.found().ids.len(),
            Gathered::All(ranges) => ranges.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the value of the next row that has one. The sum of all lengths must stay below 4 GiB.
    #[inline]
    pub fn push(&mut self, value: &[u8]) {
        self.push_part(value, 0, value.len() as u32);
    }

    /// Adds `text[start..end]`.
    #[inline]
    pub fn push_part(&mut self, text: &[u8], start: u32, end: u32) {
        match &mut self.values {
            Gathered::All(ranges) => {
                if ranges.len() == ranges.capacity() {
                    make_room_for_bytes(ranges.len(), self.expected, &mut self.bytes);
                    make_room(ranges, self.expected);
                }
                ranges.push(copy(text, start, end, &mut self.bytes));
            }
            Gathered::Distinct(numberer) => {
                if let Err(key) = numberer.meet(text, (start, end), &self.bytes) {
                    numberer.add(key, copy(text, start, end, &mut self.bytes));
                    self.check_distinct();
                }
            }
        }
    }

    /// Keeps each value from now on if too many are distinct.
    fn check_distinct(&mut self) {
        let Gathered::Distinct(numberer) = &self.values else { return };
        let Distinct { ranges, ids, .. } = numberer.found();
        let n = ranges.len();
        if n > DISTINCT_FEW && (n > DISTINCT_MAX || n * ROWS_PER_DISTINCT > ids.len()) {
            self.values = Gathered::All(numberer.found().rows());
        }
    }

    /// Bytes of all its values.
    pub(super) fn raw_bytes(&self) -> u64 {
        let bytes = |&(start, end): &(u32, u32)| u64::from(end - start);
        match &self.values {
            Gathered::All(ranges) => ranges.iter().map(bytes).sum(),
            Gathered::Distinct(numberer) => {
                let Distinct { ranges, counts, .. } = numberer.found();
                ranges.iter().zip(counts).map(|(r, &count)| bytes(r) * u64::from(count)).sum()
            }
        }
    }

    /// Whether its values are escaped and one has a backslash.
    pub(super) fn has_escapes(&self) -> bool {
        self.key.escape != 0 && memchr::memchr(b'\\', &self.bytes).is_some()
    }

    /// Appends the encoded column to `out` and adds what can be searched for in it to `words`.
    pub(super) fn encode(&self, c: &mut Compressor, words: &mut WordSet, out: &mut Vec<u8>) -> Encoded {
        match &self.values {
            Gathered::All(ranges) => encode(Values { text: &self.bytes, ranges }, c, words, out),
            Gathered::Distinct(numberer) => encode_distinct(&self.bytes, numberer.found(), c, words, out),
        }
    }
}

/// Makes room for all values that are expected when those at hand are an eighth of them; they are moved once then, and
/// not each time that their number has doubled. What was expected wrongly costs at most eight times what is held.
#[cold]
pub(crate) fn make_room<T>(values: &mut Vec<T>, expected: usize) {
    if values.len() >= expected / 8 {
        values.reserve_exact(expected.saturating_sub(values.len()));
    }
}

/// As [`make_room`], of the bytes of `n` values.
#[cold]
fn make_room_for_bytes(n: usize, expected: usize, bytes: &mut Vec<u8>) {
    if n > 0 && n >= expected / 8 {
        // Some more, as those to come may be longer.
        let more = bytes.len() as u64 * expected.saturating_sub(n) as u64 / n as u64;
        bytes.reserve((more + more / 16) as usize);
    }
}

/// Appends `text[start..end]` and says where it stands then.
#[inline]
fn copy(text: &[u8], start: u32, end: u32, bytes: &mut Vec<u8>) -> (u32, u32) {
    let before = bytes.len();
    extend_short(bytes, text, start as usize, end as usize);
    (before as u32, bytes.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What [`RawColumn`] makes of the values is what the encoder makes of them when it sees them all.
    fn check(values: &[Vec<u8>]) {
        let key = ColumnKey { name: "k".into(), attribute: false, escape: 0, occurrence: 0 };
        let mut column = RawColumn::new(key);
        let (mut text, mut ranges) = (Vec::new(), Vec::new());
        for value in values {
            column.push(value);
            ranges.push(copy(value, 0, value.len() as u32, &mut text));
        }
        let mut c = Compressor::new(3);
        let (mut words, mut expected_words) = (WordSet::new(), WordSet::new());
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        let got = column.encode(&mut c, &mut words, &mut bytes);
        let wanted =
            encode(Values { text: &text, ranges: &ranges }, &mut c, &mut expected_words, &mut expected);
        assert_eq!(bytes, expected);
        assert_eq!((got.distinct, got.int_range), (wanted.distinct, wanted.int_range));
        let sorted = |w: &WordSet| {
            let mut hashes = w.hashes();
            hashes.sort_unstable();
            hashes
        };
        assert_eq!(sorted(&words), sorted(&expected_words));
        assert_eq!((column.len(), column.raw_bytes()), (values.len(), text.len() as u64));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn known_distinct_values_change_nothing(
            kind in 0usize..5,
            rows in 0usize..4000,
            distinct in prop_oneof![1u64..8, 200u64..400, 900u64..1100, 1u64..5000],
            odd in 0usize..3,
        ) {
            let value = |i: usize| {
                let x = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
                let x = if i.is_multiple_of(3) { i as u64 * distinct / 4000 } else { x } % distinct;
                match kind {
                    _ if odd == 2 && i % 97 == 5 => "-".to_owned(),
                    0 => x.to_string(),
                    1 => format!("2026-01-02T{:02}:{:02}:{:02}Z", x / 3600 % 24, x / 60 % 60, x % 60),
                    2 => format!("/a long path of words/{x}/more of it?and={x}"),
                    3 => format!("10.{}.{}.1", x >> 8, x & 255),
                    _ => format!("{}.{}", x / 7, x % 7),
                }
            };
            check(&(0..rows).map(|i| value(i).into_bytes()).collect::<Vec<_>>());
        }
    }
}
