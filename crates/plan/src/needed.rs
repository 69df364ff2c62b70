//! How much of a row group a query reads: all of it for records, the named columns for `stats`.

use gastrolog_format::column::Encoding;
use gastrolog_format::row_group::{ColumnMeta, Header};
use gastrolog_query::{Aggregate, FieldName, Filter, Function, GroupKey, Query};

use crate::cost::decoded_bytes;
use crate::{Aggregation, RowGroupPlan, TimeKind};

/// Bytes as stored, and what they come to when they are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) stored: u64,
    pub(crate) decoded: u64,
    /// Of those, what is decoded to find the rows; the rest is for those that are found.
    pub(crate) decoded_to_find: u64,
}

impl Needed {
    fn add(&mut self, meta: &ColumnMeta) {
        self.stored += u64::from(meta.section.len);
        self.decoded += decoded_bytes(meta);
    }
}

impl Needed {
    /// Source times that are not stored follow from the times in the texts. The header does not say which columns
    /// those are: typed ones, if there are enough of them.
    fn add_predicted(&mut self, header: &Header, plan: &RowGroupPlan, counted: &dyn Fn(&ColumnMeta) -> bool) {
        let stored = header.source.len > 1;
        let no_times_in_texts = header.time == header.ingest_time;
        if stored || no_times_in_texts {
            return;
        }
        let times = || header.columns.iter().filter(|m| m.encoding == Encoding::Time);
        times().filter(|m| !counted(m)).for_each(|m| self.add(m));
        if times().map(|m| m.values).sum::<u32>() < header.rows {
            self.stored = plan.bytes;
        }
    }
}

/// What the query will read of a row group: all of it for texts, else the named columns.
pub(crate) fn needed(query: &Query, kind: TimeKind, header: &Header, plan: &RowGroupPlan) -> Needed {
    let aggregation = query.stages.first().and_then(Aggregation::of).filter(Aggregation::is_of_columns);
    match columns(aggregation.as_ref(), query, header, plan) {
        Some(names) => {
            let all = of_columns(aggregation.as_ref(), kind, header, plan, &names);
            Needed { decoded_to_find: all.decoded, ..all }
        }
        None => {
            let mut all = Needed::default();
            header.columns.iter().for_each(|meta| all.add(meta));
            let decoded = all.decoded + 9 * u64::from(header.rows);
            Needed {
                stored: plan.bytes,
                decoded,
                decoded_to_find: to_find(query, header, plan).unwrap_or(decoded),
            }
        }
    }
}

/// The fields whose columns are enough; `None`: texts are needed.
fn columns(
    aggregation: Option<&Aggregation>,
    query: &Query,
    header: &Header,
    plan: &RowGroupPlan,
) -> Option<Vec<FieldName>> {
    let aggregation = aggregation?;
    let mut names: Vec<FieldName> = Vec::new();
    if !plan.all_match && !field_names(&query.filter, &mut names) {
        return None;
    }
    names.extend(aggregation.fields().map(|n| FieldName::Exact(n.to_owned())));
    // Where a field is a stretch of the text, or rows have no columns, texts are put together to find it.
    let composite = names.iter().any(|n| header.composites.iter().any(|c| n.matches(c)));
    let apart = !names.is_empty() && (header.unparsed_rows > 0 || composite);
    (!apart).then_some(names)
}

fn of_columns(
    aggregation: Option<&Aggregation>,
    kind: TimeKind,
    header: &Header,
    plan: &RowGroupPlan,
    names: &[FieldName],
) -> Needed {
    let rows = u64::from(header.rows);
    let stored = u64::from(header.shapes.len) + u64::from(header.shape_ids.len);
    let mut needed = Needed { stored, decoded: rows, decoded_to_find: 0 };
    let named = |m: &&ColumnMeta| !m.key.name.is_empty() && names.iter().any(|n| n.matches(&m.key.name));
    header.columns.iter().filter(named).for_each(|meta| needed.add(meta));
    let bins = aggregation.is_some_and(|a| needs_times(a, header));
    if plan.time_inside && !bins {
        return needed;
    }
    needed.stored += u64::from(header.ingest.len);
    needed.decoded += 8 * rows;
    if bins || kind == TimeKind::Source {
        needed.stored += u64::from(header.source.len);
        needed.decoded += 8 * rows;
        needed.add_predicted(header, plan, &|m| named(&m));
    }
    needed
}

/// Bytes that are decoded to find the records that match, and their times; `None` when texts are looked at.
fn to_find(query: &Query, header: &Header, plan: &RowGroupPlan) -> Option<u64> {
    let mut names: Vec<FieldName> = Vec::new();
    let fields_only = plan.all_match || field_names(&query.filter, &mut names);
    let named =
        |m: &&ColumnMeta| names.iter().any(|n| n.matches(&m.key.name)) || m.encoding == Encoding::Time;
    let columns: u64 = header.columns.iter().filter(named).map(decoded_bytes).sum();
    fields_only.then_some(columns + 17 * u64::from(header.rows))
}

/// Whether the times of rows are looked at: by `first` and `last`, and where rows fall into several bins.
fn needs_times(aggregation: &Aggregation, header: &Header) -> bool {
    let bin = |time: i64, width: i64| time.div_euclid(width.max(1));
    let several = |width: i64| bin(header.time.min.0, width) != bin(header.time.max.0, width);
    let edges = |a: &Aggregate| matches!(a.function, Function::First | Function::Last);
    aggregation.keys.iter().any(|key| matches!(key, GroupKey::TimeBin(width) if several(*width)))
        || aggregation.aggregates.iter().any(edges)
}

/// Gathers the fields of a filter; `false` when it looks at texts too.
fn field_names(filter: &Filter, names: &mut Vec<FieldName>) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(|f| field_names(f, names)),
        Filter::Not(inner) => field_names(inner, names),
        Filter::Text(_) => false,
        Filter::Field(f) => {
            names.push(f.field.clone());
            true
        }
    }
}
