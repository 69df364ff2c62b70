//! Records seen as the query language sees them.

use std::cell::{Cell, Ref, RefCell};

use gastrolog_index::{Pipeline, RangeSet, any_field_in, source_time};
use gastrolog_query::RecordView;
use gastrolog_types::{Attributes, Record, Timestamp};

use crate::{FoundRecord, Value};

/// A record whose fields are found in its text when they are first asked for.
pub struct ParsedView<'a> {
    text: &'a [u8],
    attributes: &'a Attributes,
    pipeline: &'a Pipeline,
    ranges: RefCell<RangeSet>,
    is_parsed: Cell<bool>,
}

impl<'a> ParsedView<'a> {
    /// A record with this text and these attributes.
    pub fn new(text: &'a [u8], attributes: &'a Attributes, pipeline: &'a Pipeline) -> ParsedView<'a> {
        ParsedView::with(text, attributes, pipeline, RangeSet::default())
    }

    /// The same, with ranges of another record to be used again.
    pub(crate) fn with(
        text: &'a [u8],
        attributes: &'a Attributes,
        pipeline: &'a Pipeline,
        ranges: RangeSet,
    ) -> ParsedView<'a> {
        ParsedView { text, attributes, pipeline, ranges: RefCell::new(ranges), is_parsed: Cell::new(false) }
    }

    /// Gives the ranges back.
    pub(crate) fn into_ranges(self) -> RangeSet {
        self.ranges.into_inner()
    }

    /// When it happened, as its text says.
    pub(crate) fn source_time(&self, ingest: Timestamp) -> Timestamp {
        source_time(self.text, self.parsed().spans(), ingest)
    }

    fn parsed(&self) -> Ref<'_, RangeSet> {
        if !self.is_parsed.replace(true) {
            self.pipeline.parse(self.text, &mut self.ranges.borrow_mut());
        }
        self.ranges.borrow()
    }
}

impl RecordView for ParsedView<'_> {
    fn text(&self) -> &[u8] {
        self.text
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        any_field_in(self.text, &self.parsed(), visit)
            || self.attributes.iter().any(|(name, value)| visit(name, value))
    }
}

/// The fields of a record, without its attributes.
pub(crate) fn fields_of(record: &Record, pipeline: &Pipeline) -> Vec<(String, Vec<u8>)> {
    let mut fields = Vec::new();
    pipeline.any_field(&record.text, &mut RangeSet::default(), &mut |name, value| {
        fields.push((name.to_owned(), value.to_vec()));
        false
    });
    fields
}

/// The value that a record has under `name`: the first that a stage computed, else the first of its fields, else of
/// its attributes. `_time`, `_ingest`, `_source`, `_seq` and `_text` name what every record has.
pub(crate) fn value_of(found: &FoundRecord, name: &str) -> Value {
    if let Some((_, value)) = found.computed.iter().find(|(n, _)| n == name) {
        return value.clone();
    }
    let record = &found.record;
    let time = |t: Timestamp| if t.is_some() { Value::Time(t) } else { Value::Null };
    match name {
        "_time" => time(record.time()),
        "_source" => time(record.source),
        "_ingest" => time(record.ingest),
        "_seq" => Value::Int(record.seq as i64),
        "_text" => Value::Text(record.text.clone()),
        _ => first_written(found, name).map_or(Value::Null, |v| Value::Text(v.to_vec())),
    }
}

/// The first value of a field or attribute as the record came, whatever was computed.
fn first_written<'a>(found: &'a FoundRecord, name: &str) -> Option<&'a [u8]> {
    let field = found.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice());
    field.or_else(|| found.record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v))
}

/// All values that a record has under `name`; computed ones take the place of all others.
pub(crate) fn values_of(found: &FoundRecord, name: &str) -> Vec<Value> {
    let computed: Vec<&Value> = found.computed.iter().filter(|(n, _)| n == name).map(|(_, v)| v).collect();
    if !computed.is_empty() {
        return computed.into_iter().filter(|v| **v != Value::Null).cloned().collect();
    }
    if name.starts_with('_')
        && let value @ (Value::Time(_) | Value::Int(_)) = value_of(found, name)
    {
        return vec![value];
    }
    if name == "_text" {
        return vec![Value::Text(found.record.text.clone())];
    }
    let fields = found.fields.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone());
    let attributes = found.record.attributes.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.to_vec());
    fields.chain(attributes).map(Value::Text).collect()
}
