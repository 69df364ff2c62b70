//! What is done with rows after the filter: each stage takes rows and hands rows on.

use std::sync::Arc;

use gastrolog_index::Pipeline;
use gastrolog_plan::Aggregation;
use gastrolog_query::{SortKey, Stage, parse_number};

use crate::groups::Groups;
use crate::record::{fields_of, value_of};
use crate::{Answer, ExecError, FoundRecord, Value};

/// Most rows that `sort` holds.
const SORT_ROWS_MAX: usize = 2 << 20;

/// A row between stages.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    Record(FoundRecord),
    Table(Vec<Value>),
}

/// Takes the answer; `false` when it wants no more.
pub(crate) type Out<'a> = &'a mut dyn FnMut(Answer) -> bool;

/// The stages of a query as a chain. Rows go in at the front and come out of the far end as an answer.
pub(crate) struct Chain<'q> {
    steps: Vec<Step<'q>>,
    limit: u64,
    /// Rows handed out.
    pub(crate) returned: u64,
    /// Columns of the table that comes out; `None` while records do.
    columns: Option<Vec<String>>,
    columns_said: bool,
    pipeline: &'q Pipeline,
}

enum Step<'q> {
    Groups { groups: Groups, aggregation: Arc<Aggregation>, input: Option<Vec<String>> },
    Sort { keys: &'q [SortKey], input: Option<Vec<String>>, rows: Vec<(Vec<Value>, Row)> },
    Head(u64),
    Fields { names: &'q [String], input: Option<Vec<String>> },
}

impl<'q> Chain<'q> {
    /// A chain of `stages` for rows that have the columns `input` (`None`: records).
    pub(crate) fn new(
        stages: &'q [Stage],
        input: Option<Vec<String>>,
        limit: Option<u64>,
        pipeline: &'q Pipeline,
    ) -> Chain<'q> {
        let mut columns_now = input;
        let mut steps = Vec::new();
        for stage in stages {
            let input = columns_now.clone();
            if let Some(aggregation) = Aggregation::of(stage).map(Arc::new) {
                columns_now = Some(aggregation.columns());
                steps.push(Step::Groups { groups: Groups::new(aggregation.clone()), aggregation, input });
                continue;
            }
            steps.push(match stage {
                Stage::Sort(keys) => Step::Sort { keys, input, rows: Vec::new() },
                Stage::Head(n) => Step::Head(*n),
                Stage::Fields(names) => {
                    columns_now = Some(names.clone());
                    Step::Fields { names, input }
                }
                // The parser knows no others yet.
                _ => continue,
            });
        }
        let limit = limit.unwrap_or(u64::MAX);
        Chain { steps, limit, returned: 0, columns: columns_now, columns_said: false, pipeline }
    }

    /// Whether some stage looks at fields of records, so that records must come with theirs.
    pub(crate) fn needs_fields(&self) -> bool {
        self.steps.iter().any(|step| !matches!(step, Step::Head(_)))
    }

    /// Puts a row in; `false` when no more are wanted.
    pub(crate) fn push(&mut self, row: Row, out: Out<'_>) -> Result<bool, ExecError> {
        self.push_at(0, row, out)
    }

    fn push_at(&mut self, at: usize, row: Row, out: Out<'_>) -> Result<bool, ExecError> {
        let Some(step) = self.steps.get_mut(at) else { return Ok(self.hand_out(row, out)) };
        let row = match step {
            Step::Head(0) => return Ok(false),
            Step::Head(left) => {
                *left -= 1;
                let done = *left == 0;
                return Ok(self.push_at(at + 1, row, out)? && !done);
            }
            Step::Fields { names, input } => {
                Row::Table(names.iter().map(|n| get(&row, n, input.as_deref())).collect())
            }
            Step::Sort { keys, input, rows } => {
                if rows.len() >= SORT_ROWS_MAX {
                    let max = SORT_ROWS_MAX as u64;
                    return Err(ExecError::TooLarge { what: "the rows to sort", max, unit: "rows" });
                }
                rows.push((keys.iter().map(|k| get(&row, &k.field, input.as_deref())).collect(), row));
                return Ok(true);
            }
            Step::Groups { groups, input, .. } => {
                add_row(&row, input.as_deref(), groups);
                groups.check()?;
                return Ok(true);
            }
        };
        self.push_at(at + 1, row, out)
    }

    fn hand_out(&mut self, row: Row, out: Out<'_>) -> bool {
        if self.returned >= self.limit || !self.say_columns(out) {
            return false;
        }
        self.returned += 1;
        let wanted = match row {
            Row::Record(found) => out(Answer::Record(found)),
            Row::Table(values) => out(Answer::Row(values)),
        };
        wanted && self.returned < self.limit
    }

    fn say_columns(&mut self, out: Out<'_>) -> bool {
        if self.columns_said {
            return true;
        }
        self.columns_said = true;
        self.columns.as_ref().is_none_or(|names| out(Answer::Columns(names.clone())))
    }

    /// Lets stages that hold rows give them. Call once, after the last row.
    pub(crate) fn finish(&mut self, out: Out<'_>) -> Result<(), ExecError> {
        for at in 0..self.steps.len() {
            let rows = match self.steps.get_mut(at) {
                Some(Step::Sort { keys, rows, .. }) => sorted(std::mem::take(rows), keys),
                Some(Step::Groups { groups, aggregation, .. }) => {
                    let done = std::mem::replace(groups, Groups::new(aggregation.clone()));
                    done.finish()?.into_iter().map(Row::Table).collect()
                }
                _ => continue,
            };
            for row in rows {
                if !self.push_at(at + 1, row, out)? {
                    break;
                }
            }
        }
        self.say_columns(out);
        Ok(())
    }

    /// A record as a row, with its fields if they are needed.
    pub(crate) fn row_of(&self, record: gastrolog_types::Record, with_fields: bool) -> Row {
        let fields = if with_fields { fields_of(&record, self.pipeline) } else { Vec::new() };
        Row::Record(FoundRecord { record, fields, computed: Vec::new(), context: None })
    }
}

/// The value of a column or field of a row.
fn get(row: &Row, name: &str, columns: Option<&[String]>) -> Value {
    match row {
        Row::Record(found) => value_of(found, name),
        Row::Table(values) => {
            let at = columns.and_then(|c| c.iter().position(|n| n == name));
            at.and_then(|i| values.get(i)).cloned().unwrap_or(Value::Null)
        }
    }
}

fn sorted(mut rows: Vec<(Vec<Value>, Row)>, keys: &[SortKey]) -> Vec<Row> {
    rows.sort_by(|(a, _), (b, _)| {
        let by_key = keys.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| compare(a, b, key.descending));
        by_key.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Numbers by value before text by bytes; what is lacking comes last in either direction.
pub(crate) fn compare(a: &Value, b: &Value, descending: bool) -> std::cmp::Ordering {
    let lacking = |v: &Value| matches!(v, Value::Null);
    if lacking(a) || lacking(b) {
        return lacking(a).cmp(&lacking(b));
    }
    let order = rank(a).total_cmp(&rank(b)).then_with(|| text_of(a).cmp(text_of(b)));
    if descending { order.reverse() } else { order }
}

fn rank(value: &Value) -> f64 {
    match value {
        Value::Int(v) => *v as f64,
        Value::Float(v) => *v,
        Value::Time(t) => t.0 as f64,
        Value::Text(text) => parse_number(text).map_or(f64::INFINITY, |n| n.to_f64()),
        Value::Null => f64::INFINITY,
    }
}

fn text_of(value: &Value) -> &[u8] {
    if let Value::Text(text) = value { text } else { &[] }
}

/// Bytes of a value as an aggregate sees it; nothing for what is lacking.
fn bytes_of(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text),
        Value::Int(v) => Some(v.to_string().into_bytes()),
        Value::Float(v) => Some(v.to_string().into_bytes()),
        Value::Time(t) => Some(t.0.to_string().into_bytes()),
    }
}

fn time_of(row: &Row, columns: Option<&[String]>) -> i64 {
    match get(row, "_time", columns) {
        Value::Time(t) => t.0,
        _ => 0,
    }
}

/// Adds one row to the groups of a stage. For records every value of a field counts.
fn add_row(row: &Row, columns: Option<&[String]>, groups: &mut Groups) {
    let seq = if let Row::Record(found) = row { found.record.seq } else { 0 };
    let values = |name: &str, visit: &mut dyn FnMut(&[u8]) -> bool| {
        values(row, name, columns).iter().any(|value| visit(value));
    };
    groups.add_row(&values, 1, (time_of(row, columns), seq));
}

fn values(row: &Row, field: &str, columns: Option<&[String]>) -> Vec<Vec<u8>> {
    match row {
        Row::Record(found) if !field.starts_with('_') => {
            let fields = found.fields.iter().filter(|(n, _)| n == field).map(|(_, v)| v.clone());
            let attributes =
                found.record.attributes.iter().filter(|(n, _)| *n == field).map(|(_, v)| v.to_vec());
            fields.chain(attributes).collect()
        }
        _ => bytes_of(get(row, field, columns)).into_iter().collect(),
    }
}
