//! The patterns of records one by one.

use gastrolog_index::{PatternFinder, Pipeline};
use gastrolog_query::RecordView;
use gastrolog_types::{Attributes, Timestamp};

use super::gather::Gathered;
use super::samples::{lot, slots};
use crate::groups::KeyBytes;
use crate::record::ParsedView;

/// A record as patterns are counted of it.
pub(super) struct Counted<'a> {
    pub(super) text: &'a [u8],
    pub(super) attributes: &'a Attributes,
    pub(super) time: When,
    pub(super) seq: u64,
}

/// When a record happened.
pub(super) enum When {
    Known(Timestamp),
    /// As it says itself; what it leaves out is taken from this time.
    Said(Timestamp),
}

/// Finds the pattern of the first value of a field; `false` when the record lacks it.
pub(super) fn of_field(
    finder: &mut PatternFinder,
    pipeline: &Pipeline,
    text: &[u8],
    attributes: &Attributes,
    field: &str,
) -> bool {
    ParsedView::new(text, attributes, pipeline).any_field(&mut |name, value| {
        let found = name == field;
        if found {
            finder.of_text(pipeline, value);
        }
        found
    })
}

/// Counts one record.
pub(super) fn add(
    gathered: &mut Gathered,
    finder: &mut PatternFinder,
    pipeline: &Pipeline,
    record: &Counted<'_>,
    (of, by): (Option<&str>, &[String]),
) {
    if of.is_none() || matches!(record.time, When::Said(_)) {
        finder.of_record(pipeline, record.text);
    }
    let time = match record.time {
        When::Known(time) => time,
        When::Said(reference) => finder.time(record.text, reference),
    };
    if let Some(field) = of
        && !of_field(finder, pipeline, record.text, record.attributes, field)
    {
        return;
    }
    let mut key = KeyBytes::default();
    let view = ParsedView::new(record.text, record.attributes, pipeline);
    for field in by {
        let mut first = Vec::new();
        view.any_field(&mut |name, value| {
            let found = name == field;
            if found {
                first = value.to_vec();
            }
            found
        });
        key.push_text(&first);
    }
    key.push_text(finder.pattern());
    gathered.add_record(&key, time.0, lot(record.seq), || slots(finder.values()));
}
