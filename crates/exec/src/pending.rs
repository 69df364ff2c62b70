//! Records that are only in the log: their fields are found in their text, of those that can match at all.

use std::path::Path;

use gastrolog_chunk::{Pending, ReadError};
use gastrolog_index::{Pipeline, RangeSet, source_time};
use gastrolog_query::{FieldName, Filter, TimeRange, matches, required_words, required_words_of_value};
use gastrolog_types::{Attributes, NewRecord, Record, Timestamp};

use crate::Order;
use crate::pace::{Pace, STOPPED};
use crate::record::ParsedView;
use crate::run::Context;
use crate::words::Needle;

/// The records of a pending batch with their sequence numbers and texts.
pub(crate) fn pending_records<'a>(
    pending: &'a Pending,
) -> impl Iterator<Item = (u64, &'a NewRecord, &'a [u8])> + 'a {
    let batch = &pending.batch;
    pending.range.clone().enumerate().filter_map(move |(k, i)| {
        Some((pending.first_seq + k as u64, batch.records.get(i)?, batch.text_of(i)))
    })
}

/// The source time of a pending record: as the sender says, else as the text does.
pub(crate) fn pending_source(record: &NewRecord, text: &[u8], pipeline: &Pipeline) -> Timestamp {
    if record.source.is_some() {
        return record.source;
    }
    let mut ranges = RangeSet::default();
    pipeline.parse(text, &mut ranges);
    source_time(text, ranges.spans(), record.ingest)
}

/// The records that match filter and time, in the order they came.
pub(crate) fn scan_pending(
    pending: &Pending,
    filter: &Filter,
    range: TimeRange,
    order: Order,
    context: Context<'_>,
) -> Result<Vec<Record>, ReadError> {
    let (pipeline, pace) = (context.pipeline, Pace::new(context.check));
    let none = Attributes::default();
    let required = Required::of(filter);
    let needles: Vec<Needle<'_>> = required.words.iter().map(|(_, word)| Needle::new(word)).collect();
    let mut ranges = RangeSet::default();
    let mut found = Vec::new();
    for (seq, record, text) in pending_records(pending) {
        if pace.is_over(text.len()) {
            return Err(ReadError::new(Path::new("the log"), format!("record {seq}"), STOPPED));
        }
        // What is known without a look at the text.
        let known = if order == Order::Ingest { record.ingest } else { record.source };
        let attributes = pending.batch.attributes.get(record.attributes as usize).unwrap_or(&none);
        if (known.is_some() && !in_range(known, range)) || !required.may_match(&needles, text, attributes) {
            continue;
        }
        let view = ParsedView::with(text, attributes, pipeline, ranges);
        if matches(filter, &view) {
            let source =
                if record.source.is_some() { record.source } else { view.source_time(record.ingest) };
            let time = if order == Order::Ingest { record.ingest } else { source.or(record.ingest) };
            if in_range(time, range) {
                let (attributes, text) = (attributes.clone(), text.to_vec());
                found.push(Record { seq, source, ingest: record.ingest, attributes, text });
            }
        }
        ranges = view.into_ranges();
    }
    Ok(found)
}

/// Whether a time lies in the range.
pub(crate) fn in_range(time: Timestamp, range: TimeRange) -> bool {
    range.start.is_none_or(|s| time >= s) && range.end.is_none_or(|e| time < e)
}

/// Words that a record must have to match: in its text, or in the value of a field, which stands in the text too if
/// nothing is escaped there and no attribute has that name.
#[derive(Default)]
struct Required<'f> {
    words: Vec<(Option<&'f FieldName>, Vec<u8>)>,
}

impl<'f> Required<'f> {
    fn of(filter: &'f Filter) -> Required<'f> {
        let mut required = Required::default();
        required.add(filter);
        required
    }

    fn add(&mut self, filter: &'f Filter) {
        let (field, words) = match filter {
            Filter::And(parts) => return parts.iter().for_each(|part| self.add(part)),
            Filter::Text(text) => (None, required_words(text)),
            Filter::Field(f) => (Some(&f.field), required_words_of_value(&f.predicate).unwrap_or_default()),
            Filter::All | Filter::Or(_) | Filter::Not(_) => return,
        };
        self.words.extend(words.into_iter().map(|word| (field, word)));
    }

    fn may_match(&self, needles: &[Needle<'_>], text: &[u8], attributes: &Attributes) -> bool {
        let elsewhere = |field: &FieldName| {
            attributes.iter().any(|(name, _)| field.matches(name)) || memchr::memchr(b'\\', text).is_some()
        };
        self.words
            .iter()
            .zip(needles)
            .all(|((field, _), needle)| needle.find(text, 0).is_some() || field.is_some_and(elsewhere))
    }
}
