//! The fields of one record, found in its text. This is what fields *mean*; columns are the same, laid out ahead.

use gastrolog_types::{Timestamp, find_time};

use crate::{Name, Pipeline, RangeSet, Span, TimeRole, unescape};

/// The range that holds the record's time: the first of the best role.
pub fn time_span(spans: &[Span]) -> Option<&Span> {
    let best = spans.iter().map(|s| s.time).max().filter(|&t| t > TimeRole::No)?;
    spans.iter().find(|s| s.time == best)
}

/// What the record says of its time, or `NONE`.
pub fn source_time(record: &[u8], spans: &[Span], ingest: Timestamp) -> Timestamp {
    let value = time_span(spans).and_then(|s| record.get(s.start as usize..s.end as usize));
    value.and_then(|v| find_time(v, ingest)).unwrap_or(Timestamp::NONE)
}

impl Pipeline {
    /// Calls `visit` with path and logical value of each field of `record`, in the order of the text, until it
    /// returns `true`; returns whether it did. A value whose path is empty (`{"":1}`) is text and not a field.
    pub fn any_field(
        &self,
        record: &[u8],
        ranges: &mut RangeSet,
        visit: &mut dyn FnMut(&str, &[u8]) -> bool,
    ) -> bool {
        self.parse(record, ranges);
        any_field_in(record, ranges, visit)
    }

    /// As [`Pipeline::any_field`], of the fields that one indexer, by its name, sees in `text`.
    pub fn any_field_by(
        &self,
        indexer: &str,
        text: &[u8],
        ranges: &mut RangeSet,
        visit: &mut dyn FnMut(&str, &[u8]) -> bool,
    ) -> bool {
        self.parse_by(indexer, text, ranges) && any_field_in(text, ranges, visit)
    }
}

/// As [`Pipeline::any_field`], of a record whose ranges were found already.
pub fn any_field_in(record: &[u8], ranges: &RangeSet, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
    ranges.spans().iter().filter(|s| s.name != Name::TEXT).any(|s| {
        let raw = record.get(s.start as usize..s.end as usize).unwrap_or(&[]);
        let path = ranges.path(s.name, record);
        !path.is_empty() && visit(&path, &unescape(raw, s.escape))
    })
}
