//! Records seen as the query language sees them.

use std::cell::RefCell;

use gastrolog_index::{Pipeline, RangeSet};
use gastrolog_query::RecordView;
use gastrolog_types::{Attributes, Record, Timestamp};

use crate::{FoundRecord, Value};

/// A record whose fields are found in its text each time they are asked for.
pub struct ParsedView<'a> {
    text: &'a [u8],
    attributes: &'a Attributes,
    pipeline: &'a Pipeline,
    ranges: RefCell<RangeSet>,
}

impl<'a> ParsedView<'a> {
    /// A record with this text and these attributes.
    pub fn new(text: &'a [u8], attributes: &'a Attributes, pipeline: &'a Pipeline) -> ParsedView<'a> {
        ParsedView { text, attributes, pipeline, ranges: RefCell::default() }
    }
}

impl RecordView for ParsedView<'_> {
    fn text(&self) -> &[u8] {
        self.text
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        self.pipeline.any_field(self.text, &mut self.ranges.borrow_mut(), visit)
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

/// The value that a record has under `name`: the first of its fields, then its attributes. `_time`, `_ingest`,
/// `_source`, `_seq` and `_text` name what every record has.
pub(crate) fn value_of(found: &FoundRecord, name: &str) -> Value {
    let record = &found.record;
    let time = |t: Timestamp| if t.is_some() { Value::Time(t) } else { Value::Null };
    match name {
        "_time" => time(record.time()),
        "_source" => time(record.source),
        "_ingest" => time(record.ingest),
        "_seq" => Value::Int(record.seq as i64),
        "_text" => Value::Text(record.text.clone()),
        _ => {
            let field = found.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            let attribute = || record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_vec());
            field.or_else(attribute).map_or(Value::Null, Value::Text)
        }
    }
}
