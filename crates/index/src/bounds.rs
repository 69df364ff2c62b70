//! What a record may be for its fields to be looked for: bounds its time and memory, wherever fields are found.

use crate::{NamePart, RangeSet};

/// Records longer than this are not parsed; they are one range of text.
pub(crate) const PARSED_BYTES_MAX: usize = 1 << 20;

/// Longest name of a field, whole path. A record that has a longer one is one range of text.
const NAME_BYTES_MAX: usize = 4 << 10;

/// Longest all names of a record may be together: a long key with many values below it stands in each of their names.
const NAMES_BYTES_MAX: usize = 16 << 20;

/// Whether a name of the record is too long, or all of them together are.
///
/// A name has no more bytes than the record, and the names of a short record never come to as much as all may have
/// together (each value takes 2 bytes, so they are 1/8 of the square of its length at most): those are not looked at.
pub(crate) fn has_long_names(record: &[u8], ranges: &RangeSet) -> bool {
    if record.len() <= NAME_BYTES_MAX {
        return false;
    }
    let mut lengths: Vec<usize> = Vec::with_capacity(ranges.names.len());
    for &(parent, part) in &ranges.names {
        let above = lengths.get(parent.0 as usize).copied().unwrap_or_default();
        lengths.push(above + part_bytes(part));
    }
    let named = ranges.spans.iter().filter_map(|span| lengths.get(span.name.0 as usize));
    let (longest, sum) = named.fold((0, 0), |(longest, sum), &n| (n.max(longest), n + sum));
    longest > NAME_BYTES_MAX || sum > NAMES_BYTES_MAX
}

/// Bytes of a step as it stands in the record, with what joins it to the one before.
fn part_bytes(part: NamePart) -> usize {
    match part {
        NamePart::Static(name) => 1 + name.len(),
        NamePart::Key { start, end, .. } => 1 + end.saturating_sub(start) as usize,
        NamePart::Element => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, Pipeline};

    fn key(bytes: u32) -> NamePart {
        NamePart::Key { start: 0, end: bytes, escape: crate::Escape::None }
    }

    /// The ranges of `values` values below one key.
    fn below_one_key(key_bytes: u32, values: usize) -> RangeSet {
        let mut ranges = RangeSet::default();
        let parent = ranges.name(Name::ROOT, key(key_bytes));
        for _ in 0..values {
            let name = ranges.name(parent, key(1));
            ranges.plain(0..1, name);
        }
        ranges
    }

    #[test]
    fn one_long_name_or_many_together() {
        let record = vec![b'x'; 1 << 20];
        assert!(!has_long_names(&record, &RangeSet::default()));
        assert!(!has_long_names(&record, &below_one_key(4093, 1)));
        assert!(has_long_names(&record, &below_one_key(4094, 1)));
        assert!(!has_long_names(&record, &below_one_key(1021, 16 << 10)));
        assert!(has_long_names(&record, &below_one_key(1021, (16 << 10) + 1)));
    }

    #[test]
    fn a_record_with_a_long_name_is_text() {
        struct Whole;
        impl crate::Indexer for Whole {
            fn name(&self) -> &'static str {
                "whole"
            }
            fn index(&self, _: &[u8], part: std::ops::Range<usize>, out: &mut RangeSet) -> crate::Claim {
                let name = out.name(Name::ROOT, key(part.end as u32 - 2));
                out.plain(part.end - 1..part.end, name);
                crate::Claim::Yes
            }
        }
        let pipeline = Pipeline::new(vec![Box::new(Whole)]);
        let mut ranges = RangeSet::default();
        for (bytes, is_named) in [(4097, true), (4098, false)] {
            let record = vec![b'x'; bytes];
            let parsed = pipeline.parse(&record, &mut ranges);
            assert_eq!((parsed.claimed_by != 0, ranges.spans()[0].name != Name::TEXT), (is_named, is_named));
            assert_eq!(pipeline.parse_by("whole", &record, &mut ranges), is_named);
        }
    }
}
