//! Makes the plan.

use gastrolog_format::Footer;
use gastrolog_format::row_group::{ColumnMeta, Header, TimeSpan};
use gastrolog_query::{FieldName, Filter, Query, TimeRange};

use crate::Aggregation;
use crate::answer::{FooterField, footer_field};
use crate::estimate::share;
use crate::facts::{ChunkFacts, Facts, span_of};
use crate::{Proof, RowGroupFacts, prove_by_filter, prove_chunk, prove_row_group};

/// By which time a query's bounds go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    /// Source time, ingest where there is none.
    Source,
    /// Ingest time.
    Ingest,
}

/// Why something is not read. The words are those explain prints; `docs/explain.md` says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// All its records lie outside of the query's time.
    Time,
    /// No record has a field of that name.
    NoSuchField,
    /// The footer lists the values of the field and none fits, or its range excludes them.
    FieldValues,
    /// The filter of the row group does not have a word that every match must have.
    WordFilter,
    /// The filter or the range of the field's column excludes the value.
    ValueFilter,
    /// The header shows that every record matches what is negated.
    Header,
}

impl Reason {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Time => "time",
            Reason::NoSuchField => "no such field",
            Reason::FieldValues => "field values",
            Reason::WordFilter => "word filter",
            Reason::ValueFilter => "value filter",
            Reason::Header => "header",
        }
    }
}

/// What is done with a chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Nothing of it is read.
    Pruned(Reason),
    /// Its footer has the answer.
    Footer,
    /// Row groups are looked at.
    Read(Vec<RowGroupPlan>),
    /// Its footer cannot be read.
    Damaged(String),
}

/// What is done with a row group.
#[derive(Clone, Debug, PartialEq)]
pub struct RowGroupPlan {
    /// Place in the chunk.
    pub ordinal: usize,
    /// Why it is not read, if it is not.
    pub pruned: Option<Reason>,
    /// Every row matches the filter and lies within the query's time: only counts or columns are needed.
    pub all_match: bool,
    /// Every row lies within the query's time.
    pub time_inside: bool,
    /// Bytes of the row group.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of the columns that the query names; 0 when it is not read or its header cannot be.
    pub needed_bytes: u64,
    /// Span of the time the query goes by.
    pub span: TimeSpan,
}

/// What is done with a chunk, and what that is likely to give.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkPlan {
    /// Place in the facts.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Whether it is sealed.
    pub sealed: bool,
    /// Records in it.
    pub records: u64,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// What is done.
    pub decision: Decision,
    /// Rows that are likely to match.
    pub estimated_rows: u64,
}

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was asked.
    pub query: Query,
    /// By which time the bounds go.
    pub time_kind: TimeKind,
    /// The field that footers can answer for, if it is such a query.
    pub footer_field: Option<FooterField>,
    /// What is done with each chunk.
    pub chunks: Vec<ChunkPlan>,
    /// Records scanned without any index.
    pub pending_records: u64,
    /// Bytes of their text.
    pub pending_bytes: u64,
    /// Bytes that were read to make the plan.
    pub planning_bytes: u64,
}

/// Makes the plan of a query.
pub fn make(query: &Query, time_kind: TimeKind, facts: &Facts<'_>) -> Plan {
    let footer_field = footer_field(query);
    let chunk = |(index, chunk): (usize, &ChunkFacts<'_>)| {
        let (decision, estimated_rows) = decide(query, time_kind, footer_field.as_ref(), chunk);
        ChunkPlan {
            index,
            name: chunk.name.clone(),
            sealed: chunk.sealed,
            records: chunk.records,
            file_bytes: chunk.file_bytes,
            decision,
            estimated_rows,
        }
    };
    let chunks = facts.chunks.iter().enumerate().map(chunk).collect();
    Plan {
        query: query.clone(),
        time_kind,
        chunks,
        footer_field,
        pending_records: facts.pending_records,
        pending_bytes: facts.pending_bytes,
        planning_bytes: facts.bytes_read.get(),
    }
}

fn decide(
    query: &Query,
    kind: TimeKind,
    footer_field: Option<&FooterField>,
    chunk: &ChunkFacts<'_>,
) -> (Decision, u64) {
    let span = if kind == TimeKind::Source { chunk.time } else { chunk.ingest_time };
    if outside(span, query.time) {
        return (Decision::Pruned(Reason::Time), 0);
    }
    let footer = match (chunk.footer)() {
        Ok(footer) => footer,
        Err(e) => return (Decision::Damaged(e), 0),
    };
    let estimated = (share(&query.filter, footer) * chunk.records as f64).ceil() as u64;
    let proof = prove_chunk(&query.filter, footer);
    if let Proof::Never(reason) = proof {
        return (Decision::Pruned(reason), 0);
    }
    if inside(span, query.time) && footer_field.is_some_and(|f| f.stats(footer).is_some()) {
        return (Decision::Footer, estimated);
    }
    (Decision::Read(row_groups(query, kind, footer, chunk, proof == Proof::Always)), estimated)
}

fn row_groups(
    query: &Query,
    kind: TimeKind,
    footer: &Footer,
    chunk: &ChunkFacts<'_>,
    always: bool,
) -> Vec<RowGroupPlan> {
    let plan = |(ordinal, entry): (usize, &gastrolog_format::RowGroupEntry)| {
        let span = span_of(entry, kind);
        let mut plan = RowGroupPlan {
            ordinal,
            pruned: outside(span, query.time).then_some(Reason::Time),
            all_match: always,
            time_inside: inside(span, query.time),
            bytes: entry.bytes,
            rows: u64::from(entry.rows),
            needed_bytes: 0,
            span,
        };
        if let (None, Some(facts)) = (plan.pruned, (chunk.row_group)(ordinal)) {
            // What cannot be read proves nothing; running the plan will meet the damage and report it.
            match if always { Ok(Proof::Always) } else { prove_group(query, footer, entry, &*facts) } {
                Ok(Proof::Never(reason)) => plan.pruned = Some(reason),
                Ok(Proof::Always) => plan.all_match = true,
                _ => {}
            }
            if plan.pruned.is_none() {
                plan.needed_bytes = facts.header().map_or(0, |h| needed_bytes(query, h, &plan));
            }
        }
        plan.all_match &= plan.time_inside;
        plan
    };
    footer.row_groups.iter().enumerate().map(plan).collect()
}

/// The filter first: where it says no, the header need not be read.
fn prove_group(
    query: &Query,
    footer: &Footer,
    entry: &gastrolog_format::RowGroupEntry,
    facts: &dyn RowGroupFacts,
) -> Result<Proof, String> {
    match prove_by_filter(&query.filter, footer, entry, facts)? {
        Proof::Maybe => prove_row_group(&query.filter, facts),
        proof => Ok(proof),
    }
}

/// Bytes of the sections that the query will decode: all for texts, else the named columns.
fn needed_bytes(query: &Query, header: &Header, plan: &RowGroupPlan) -> u64 {
    let times = u64::from(header.ingest.len + header.source.len);
    let fixed = u64::from(header.shapes.len + header.shape_ids.len);
    let Some(aggregation) = query.stages.first().and_then(Aggregation::of).filter(Aggregation::is_of_columns)
    else {
        return plan.bytes;
    };
    let mut names: Vec<FieldName> = Vec::new();
    if !plan.all_match && !field_names(&query.filter, &mut names) {
        return plan.bytes;
    }
    names.extend(aggregation.fields().map(|n| FieldName::Exact(n.to_owned())));
    let named = |m: &&ColumnMeta| !m.key.name.is_empty() && names.iter().any(|n| n.matches(&m.key.name));
    let columns: u64 = header.columns.iter().filter(named).map(|m| u64::from(m.section.len)).sum();
    fixed + columns + if aggregation.looks_at_times() || !plan.time_inside { times } else { 0 }
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

fn outside(span: TimeSpan, range: TimeRange) -> bool {
    range.start.is_some_and(|start| span.max < start) || range.end.is_some_and(|end| span.min >= end)
}

fn inside(span: TimeSpan, range: TimeRange) -> bool {
    range.start.is_none_or(|start| span.min >= start) && range.end.is_none_or(|end| span.max < end)
}

impl Plan {
    /// Row groups that will be read.
    pub fn reads(&self) -> impl Iterator<Item = (&ChunkPlan, &RowGroupPlan)> {
        self.chunks.iter().flat_map(|chunk| {
            let groups: &[RowGroupPlan] =
                if let Decision::Read(groups) = &chunk.decision { groups } else { &[] };
            groups.iter().filter(|g| g.pruned.is_none()).map(move |g| (chunk, g))
        })
    }
}
