//! A few records of a pattern, chosen so that the choice depends on nothing but which records there are.

/// Records that are kept as samples.
const RECORDS_MAX: usize = 6;

/// Values of one slot that are shown.
const SHOWN_MAX: usize = 3;

/// Slots whose values are kept.
const SLOTS_MAX: usize = 24;

/// Bytes of a value that are kept.
const VALUE_BYTES_MAX: usize = 80;

/// The values of the slots of one record.
pub(super) type Slots = Box<[Box<[u8]>]>;

/// What is kept of the values of a record.
pub(super) fn slots<'a>(values: impl Iterator<Item = &'a [u8]>) -> Slots {
    let short = |value: &[u8]| value.get(..VALUE_BYTES_MAX).unwrap_or(value).into();
    values.take(SLOTS_MAX).map(short).collect()
}

/// The lot that a record draws; the smallest ones are kept. Mixes the bits of the sequence number (splitmix64).
pub(super) fn lot(seq: u64) -> u64 {
    let mut x = seq.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Where the values of a sample are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// In this row of the row group that is being read.
    Row(u32),
    Kept(Slots),
}

/// The samples of a pattern, smallest lot first.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Vec<(u64, Values)>);

impl Samples {
    /// Offers a row; whether it was taken (its values have to be given by [`Samples::fill`]).
    #[inline]
    pub(super) fn offer_row(&mut self, lot: u64, row: u32) -> bool {
        self.offer(lot, || Values::Row(row))
    }

    #[inline]
    fn offer(&mut self, lot: u64, values: impl FnOnce() -> Values) -> bool {
        if self.0.len() >= RECORDS_MAX && self.0.last().is_some_and(|(worst, _)| lot >= *worst) {
            return false;
        }
        let at = self.0.partition_point(|(other, _)| *other < lot);
        if self.0.get(at).is_some_and(|(other, _)| *other == lot) {
            return false;
        }
        self.0.insert(at, (lot, values()));
        self.0.truncate(RECORDS_MAX);
        true
    }

    /// Offers a record by its values.
    pub(super) fn offer_slots(&mut self, lot: u64, slots: impl FnOnce() -> Slots) {
        self.offer(lot, || Values::Kept(slots()));
    }

    /// Asks for the values of the rows that were taken.
    pub(super) fn fill<E>(&mut self, mut get: impl FnMut(u32) -> Result<Slots, E>) -> Result<(), E> {
        for (_, values) in &mut self.0 {
            if let Values::Row(row) = *values {
                *values = Values::Kept(get(row)?);
            }
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, other: Samples) {
        for (lot, values) in other.0 {
            self.offer(lot, || values);
        }
    }

    /// About what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let kept = |values: &Values| match values {
            Values::Kept(slots) => slots.iter().map(|s| 16 + s.len()).sum(),
            Values::Row(_) => 0,
        };
        self.0.iter().map(|(_, v)| 40 + kept(v)).sum()
    }

    /// For each slot its values, as a JSON array of texts: `["7 | 9", "timeout"]`.
    pub(super) fn json(&self) -> String {
        let records: Vec<&Slots> =
            self.0.iter().filter_map(|(_, v)| if let Values::Kept(s) = v { Some(s) } else { None }).collect();
        let slots = records.iter().map(|r| r.len()).max().unwrap_or(0);
        let mut json = String::from("[");
        for slot in 0..slots {
            let mut shown: Vec<&[u8]> = Vec::new();
            for value in records.iter().filter_map(|r| r.get(slot)) {
                if shown.len() < SHOWN_MAX && !shown.contains(&&**value) {
                    shown.push(value);
                }
            }
            if slot > 0 {
                json.push_str(", ");
            }
            push_string(&mut json, &shown);
        }
        json.push(']');
        json
    }
}

/// Appends values with ` | ` between them as a JSON string.
fn push_string(json: &mut String, values: &[&[u8]]) {
    json.push('"');
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            json.push_str(" | ");
        }
        for c in String::from_utf8_lossy(value).chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sampled(seqs: &[u64]) -> Samples {
        let mut samples = Samples::default();
        for &seq in seqs {
            samples.offer_slots(lot(seq), || slots([seq.to_string().as_bytes()].into_iter()));
        }
        samples
    }

    proptest! {
        #[test]
        fn the_order_and_the_parts_do_not_matter(mut seqs in proptest::collection::vec(0u64..100, 0..40), cut in 0usize..40) {
            let cut = cut.min(seqs.len());
            let (mut first, second) = (sampled(&seqs[..cut]), sampled(&seqs[cut..]));
            first.merge(second);
            seqs.sort_unstable();
            prop_assert_eq!(first.json(), sampled(&seqs).json());
        }
    }

    #[test]
    fn samples_are_json() {
        let mut samples = Samples::default();
        samples.offer_slots(2, || slots([&b"a\"\\\n"[..], b"x"].into_iter()));
        samples.offer_slots(1, || slots([&b"b"[..], b"x"].into_iter()));
        assert!(samples.offer_row(3, 7));
        samples
            .fill(|row| Ok::<_, ()>(slots([row.to_string().as_bytes(), &[b'y'; 200]].into_iter())))
            .unwrap();
        let y = "y".repeat(VALUE_BYTES_MAX);
        assert_eq!(samples.json(), format!(r#"["b | a\"\\\u000a | 7", "x | {y}"]"#));
        assert_eq!(Samples::default().json(), "[]");
    }
}
