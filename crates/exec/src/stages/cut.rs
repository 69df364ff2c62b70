//! `extract` and `parse`: fields from a text.

use gastrolog_index::{Pipeline, RangeSet};
use gastrolog_query::{Extraction, ParseFormat, csv_values};

use super::row::{Columns, Place, Row, check_grown, set_computed, widen};
use super::{Next, Step};
use crate::{ExecError, Value, value_bytes};

/// Cuts named parts out of a field.
pub(crate) struct Extract<'q> {
    pattern: &'q Extraction,
    from: Place,
    columns: Option<Vec<String>>,
}

impl<'q> Extract<'q> {
    /// For rows that have the columns `input`; they get those of `output`.
    pub(crate) fn new(
        pattern: &'q Extraction,
        from: &str,
        input: Columns<'_>,
        output: Columns<'_>,
    ) -> Extract<'q> {
        Extract { pattern, from: Place::new(from, input), columns: output.map(<[String]>::to_vec) }
    }
}

impl Step for Extract<'_> {
    fn push(&mut self, mut row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        let columns = self.columns.as_deref();
        widen(&mut row, columns);
        let text = self.from.text(&row);
        let parts = text.as_deref().and_then(|text| self.pattern.extract(text)).unwrap_or_default();
        let parts: Vec<(String, Value)> =
            parts.into_iter().map(|(n, v)| (n.to_owned(), Value::Text(v.to_vec()))).collect();
        let made_bytes = parts.iter().map(|(_, v)| value_bytes(v)).sum();
        match &mut row {
            Row::Record(found) => set_computed(found, parts),
            Row::Table(_) => {
                parts.into_iter().for_each(|(name, value)| Place::new(&name, columns).set(&mut row, value));
            }
        }
        check_grown(&row, made_bytes)?;
        next(row)
    }
}

/// Takes a value apart that is itself structured. Only of records: a table has the columns it has.
pub(crate) struct Parse<'q> {
    format: &'q ParseFormat,
    from: Place,
    prefix: &'q str,
    pipeline: &'q Pipeline,
    ranges: RangeSet,
}

impl<'q> Parse<'q> {
    pub(crate) fn new(
        format: &'q ParseFormat,
        from: &str,
        prefix: &'q str,
        pipeline: &'q Pipeline,
    ) -> Parse<'q> {
        Parse { format, from: Place::new(from, None), prefix, pipeline, ranges: RangeSet::default() }
    }

    fn fields(&mut self, text: &[u8]) -> Vec<(String, Value)> {
        let prefix = self.prefix;
        let named = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let indexers: &[&str] = match self.format {
            ParseFormat::Json => &["json"],
            // Records of one pair are left to kv by the logfmt indexer, since they could be anything. Here it was said.
            ParseFormat::Logfmt => &["logfmt", "kv"],
            ParseFormat::Kv => &["kv"],
            ParseFormat::Csv(names) => {
                let cells = names.iter().zip(csv_values(text));
                return cells.map(|(name, v)| (named(name), Value::Text(v.into_owned()))).collect();
            }
        };
        let mut fields = Vec::new();
        for indexer in indexers {
            self.pipeline.any_field_by(indexer, text, &mut self.ranges, &mut |name, value| {
                fields.push((named(name), Value::Text(value.to_vec())));
                false
            });
            if !fields.is_empty() {
                break;
            }
        }
        fields
    }
}

impl Step for Parse<'_> {
    fn push(&mut self, mut row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        let fields = match self.from.text(&row) {
            Some(text) => self.fields(&text),
            None => Vec::new(),
        };
        if let Row::Record(found) = &mut row {
            set_computed(found, fields);
        }
        next(row)
    }
}
