//! What the bytes of a store are for, and how often queries needed them.

use std::collections::{BTreeMap, BTreeSet};

use gastrolog_format::FieldStats;
use gastrolog_plan::{Aggregation, Decision, Plan, Reason};
use gastrolog_query::{Query, Stage};
use gastrolog_types::Timestamp;
use parking_lot::Mutex;

use crate::engine::or_default;
use crate::{Engine, EngineError};

/// Most fields of one store whose use is counted.
const FIELDS_COUNTED_MAX: usize = 10_000;

/// What the chunks of a store cost, field by field and index by index, against the queries they served.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreUsage {
    /// Chunks.
    pub chunks: u64,
    /// Bytes of their files.
    pub stored_bytes: u64,
    /// Since when queries are counted: when the stores were opened.
    pub since: Timestamp,
    /// Queries since then.
    pub queries: u64,
    /// The fields, largest first; one without name is free text.
    pub fields: Vec<FieldUsage>,
    /// Footers, filters and headers.
    pub indexes: Vec<IndexUsage>,
}

/// What a field costs and what it is good for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldUsage {
    /// Path; empty for free text.
    pub name: String,
    /// Values.
    pub values: u64,
    /// Bytes of the values as text.
    pub raw_bytes: u64,
    /// Bytes of its columns.
    pub stored_bytes: u64,
    /// Encodings, with how many row groups use each.
    pub encodings: Vec<(String, u64)>,
    /// Most distinct values that a chunk has, where footers list them.
    pub distinct: Option<u64>,
    /// Chunks whose footers list its values …
    pub listed_in_chunks: u64,
    /// … of so many that have it.
    pub in_chunks: u64,
    /// Bytes of those lists, before compression.
    pub footer_bytes: u64,
    /// Queries that named it.
    pub queries: u64,
    /// Chunks that a condition on it ruled out.
    pub chunks_pruned: u64,
    /// Row groups of other chunks that a condition on it ruled out.
    pub row_groups_pruned: u64,
}

/// What an index costs and how often it answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexUsage {
    /// Which one.
    pub name: String,
    /// Bytes of it.
    pub stored_bytes: u64,
    /// Chunks that it ruled out.
    pub chunks_pruned: u64,
    /// Row groups of other chunks that it ruled out.
    pub row_groups_pruned: u64,
    /// Chunks that it answered for.
    pub chunks_answered: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    queries: u64,
    chunks: u64,
    row_groups: u64,
}

#[derive(Debug, Default)]
struct OfStore {
    queries: u64,
    fields: BTreeMap<String, Counts>,
    reasons: BTreeMap<Reason, Counts>,
    chunks_answered: u64,
}

/// Counts of what queries used, by store, since the engine was opened.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<BTreeMap<String, OfStore>>);

impl Used {
    /// Counts what the plan of a query uses.
    pub(crate) fn note(&self, store: &str, plan: &Plan) {
        let mut stores = self.0.lock();
        let of_store = stores.entry(or_default(store).to_owned()).or_default();
        of_store.queries += 1;
        for name in fields_named(plan) {
            of_store.field(&name).into_iter().for_each(|c| c.queries += 1);
        }
        for condition in &plan.conditions {
            let fields: BTreeSet<&str> = condition.notes.iter().filter_map(|n| n.field.as_deref()).collect();
            for (pruned, chunks) in [(&condition.chunks_pruned, true), (&condition.row_groups_pruned, false)]
            {
                for (&reason, &n) in pruned {
                    let n = if chunks { (n, 0) } else { (0, n) };
                    of_store.reasons.entry(reason).or_default().prune(n);
                    fields.iter().for_each(|f| of_store.field(f).into_iter().for_each(|c| c.prune(n)));
                }
            }
        }
        for chunk in &plan.chunks {
            of_store.chunks_answered += u64::from(chunk.decision == Decision::Footer);
            let by_time = chunk.row_groups().iter().filter(|g| g.pruned == Some(Reason::Time)).count() as u64;
            let whole = u64::from(chunk.decision == Decision::Pruned(Reason::Time));
            if (whole, by_time) != (0, 0) {
                of_store.reasons.entry(Reason::Time).or_default().prune((whole, by_time));
            }
        }
    }
}

impl Counts {
    fn prune(&mut self, (chunks, row_groups): (u64, u64)) {
        self.chunks += chunks;
        self.row_groups += row_groups;
    }
}

impl OfStore {
    fn field(&mut self, name: &str) -> Option<&mut Counts> {
        if self.fields.len() >= FIELDS_COUNTED_MAX && !self.fields.contains_key(name) {
            return None;
        }
        Some(self.fields.entry(name.to_owned()).or_default())
    }

    fn reasons(&self, reasons: &[Reason]) -> Counts {
        let mut sum = Counts::default();
        let some = reasons.iter().filter_map(|r| self.reasons.get(r));
        some.for_each(|c| sum.prune((c.chunks, c.row_groups)));
        sum
    }
}

/// The fields that a query names in its filter and in the stages that read columns.
fn fields_named(plan: &Plan) -> BTreeSet<String> {
    let of_filter = plan.conditions.iter().flat_map(|c| &c.notes).filter_map(|n| n.field.clone());
    of_filter.chain(of_stages(&plan.query)).collect()
}

/// The fields that stages look at, up to the first that makes a table: behind it names are those of columns.
fn of_stages(query: &Query) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for stage in &query.stages {
        if let Some(aggregation) = Aggregation::of(stage) {
            names.extend(aggregation.fields().map(str::to_owned));
            break;
        }
        match stage {
            Stage::Fields(fields) | Stage::Dedup { fields, .. } => names.extend(fields.iter().cloned()),
            Stage::Sort(keys) => names.extend(keys.iter().map(|k| k.field.clone())),
            Stage::Patterns { of: Some(field), .. } | Stage::New { of: Some(field) } => {
                names.insert(field.clone());
            }
            _ => {}
        }
    }
    names
}

impl Engine {
    pub(crate) fn store_usage(&self, store: &str) -> Result<StoreUsage, EngineError> {
        let snapshot = self.store(store)?.snapshot();
        let mut usage = StoreUsage { since: self.opened, ..StoreUsage::default() };
        let mut fields: BTreeMap<String, Field> = BTreeMap::new();
        let (mut headers, mut filters, mut footers) = (0, 0, 0);
        for chunk in &snapshot.chunks {
            let damaged = |e: gastrolog_chunk::ReadError| EngineError::Damaged(e.to_string());
            usage.chunks += 1;
            usage.stored_bytes += chunk.summary.file_bytes;
            let mut in_groups = 0;
            for group in chunk.row_groups().map_err(damaged)? {
                let header = group.header().map_err(damaged)?;
                in_groups += group.entry.bytes;
                headers +=
                    group.entry.bytes - gastrolog_format::Body::len(&group.body().map_err(damaged)?) as u64;
                filters += u64::from(header.filter.len);
                for meta in &header.columns {
                    let field = fields.entry(meta.key.name.clone()).or_default();
                    field.usage.values += u64::from(meta.values);
                    field.usage.raw_bytes += meta.raw_bytes;
                    field.usage.stored_bytes += u64::from(meta.section.len);
                    *field.encodings.entry(meta.encoding.name()).or_default() += 1;
                }
            }
            footers += chunk.summary.file_bytes.saturating_sub(in_groups);
            for (name, stats) in &chunk.footer().map_err(damaged)?.fields {
                fields.entry(name.clone()).or_default().learn(stats);
            }
        }
        let used = self.used.0.lock();
        let nothing = OfStore::default();
        let used = used.get(or_default(store)).unwrap_or(&nothing);
        usage.queries = used.queries;
        usage.indexes = indexes(used, footers, filters, headers);
        usage.fields = fields.into_iter().map(|(name, field)| field.finish(name, used)).collect();
        usage.fields.sort_by_key(|f| std::cmp::Reverse(f.stored_bytes + f.footer_bytes));
        Ok(usage)
    }
}

#[derive(Default)]
struct Field {
    usage: FieldUsage,
    encodings: BTreeMap<&'static str, u64>,
}

impl Field {
    fn learn(&mut self, stats: &FieldStats) {
        self.usage.in_chunks += 1;
        if let Some(counts) = &stats.counts {
            self.usage.listed_in_chunks += 1;
            self.usage.distinct = self.usage.distinct.max(Some(counts.len() as u64));
            self.usage.footer_bytes += counts.iter().map(|(value, _)| value.len() as u64 + 2).sum::<u64>();
        }
    }

    fn finish(self, name: String, used: &OfStore) -> FieldUsage {
        let counts = used.fields.get(&name).copied().unwrap_or_default();
        FieldUsage {
            name,
            encodings: self.encodings.into_iter().map(|(e, n)| (e.to_owned(), n)).collect(),
            queries: counts.queries,
            chunks_pruned: counts.chunks,
            row_groups_pruned: counts.row_groups,
            ..self.usage
        }
    }
}

fn indexes(used: &OfStore, footers: u64, filters: u64, headers: u64) -> Vec<IndexUsage> {
    let index = |name: &str, stored_bytes: u64, reasons: &[Reason]| {
        let counts = used.reasons(reasons);
        IndexUsage {
            name: name.to_owned(),
            stored_bytes,
            chunks_pruned: counts.chunks,
            row_groups_pruned: counts.row_groups,
            chunks_answered: 0,
        }
    };
    let mut of_footers = index("footers", footers, &[Reason::FieldValues, Reason::NoSuchField]);
    of_footers.chunks_answered = used.chunks_answered;
    vec![
        index("times", 0, &[Reason::Time]),
        of_footers,
        index("filters", filters, &[Reason::WordFilter, Reason::ValueFilter]),
        index("headers", headers, &[Reason::Header]),
    ]
}
