//! Makes the plan.

use std::collections::BTreeSet;

use gastrolog_format::row_group::TimeSpan;
use gastrolog_format::{Footer, RowGroupEntry};
use gastrolog_query::{Filter, Query, Stage, TimeRange};

use crate::answer::{FooterField, footer_field};
use crate::conditions::{Condition, Ruled, ordered, parts_of, prove_parts};
use crate::cost;
use crate::estimate::{Share, combine};
use crate::facts::{ChunkFacts, Facts, span_of};
use crate::leaves::Leaves;
use crate::needed::{Needed, needed};
use crate::plan::{ChunkPlan, Decision, Plan, Reason, RowGroupPlan, TimeKind};
use crate::probes::Remembered;
use crate::stages::{Distinct, estimates};
use crate::{Aggregation, Proof, RowGroupFacts, prove_by_filter, prove_chunk, prove_row_group};

/// Makes the plan of a query.
pub fn make(query: &Query, time_kind: TimeKind, facts: &Facts<'_>) -> Plan {
    let mut maker = Maker::new(query, time_kind);
    let mut chunks: Vec<ChunkPlan> =
        facts.chunks.iter().enumerate().map(|(i, c)| maker.chunk(i, c)).collect();
    let to_test: u64 =
        chunks.iter().flat_map(ChunkPlan::reads).filter(|g| !g.all_match).map(|g| g.rows_in_time).sum();
    let conditions = ordered(&query.filter, &maker.leaves, to_test, (maker.chunks_ruled, maker.groups_ruled));
    let per_row = conditions.iter().map(Condition::test_ns).sum::<f64>() / to_test.max(1) as f64;
    let group_ns = group_ns(query);
    chunks.iter_mut().for_each(|c| c.estimated_ns = estimated_ns(c, per_row, group_ns.unwrap_or(0.0)));
    let records_ns = if group_ns.is_some() { 0.0 } else { chunks.iter().map(records_ns).sum::<f64>() };
    let share: f64 = conditions.iter().map(|c| c.share).product();
    let pending_rows = (facts.pending_records as f64 * share).round() as u64;
    let rows = chunks.iter().map(|c| c.estimated_rows).sum::<u64>() + pending_rows;
    let stages = estimates(query, rows, span_ns(&chunks, query.time, maker.span), &maker.distinct);
    Plan {
        query: query.clone(),
        time_kind,
        conditions,
        footer_field: maker.footer_field,
        chunks,
        stages,
        uncounted_fields: maker.uncounted.into_iter().map(str::to_owned).collect(),
        pending_records: facts.pending_records,
        pending_rows,
        records_ns: records_ns as u64,
        pending_bytes: facts.pending_bytes,
        planning_bytes: facts.bytes_read.get(),
    }
}

/// What grouping a row costs; `None` where records come out of the scan.
fn group_ns(query: &Query) -> Option<f64> {
    match query.stages.first()? {
        Stage::Patterns { .. } | Stage::New { .. } => Some(cost::PATTERN_NS),
        stage => Aggregation::of(stage).map(|a| cost::GROUP_NS * (a.keys.len() + a.aggregates.len()) as f64),
    }
}

/// Time that one thread spends on the row groups of a chunk.
fn estimated_ns(chunk: &ChunkPlan, test_ns: f64, group_ns: f64) -> u64 {
    let of_group = |g: &RowGroupPlan| {
        let tested = if g.all_match { 0.0 } else { g.rows_in_time as f64 * test_ns };
        let timed = if g.time_inside { 0.0 } else { g.rows as f64 * cost::TIME_TEST_NS };
        cost::ROW_GROUP_NS + g.decoded_to_find as f64 * cost::DECODE_NS_PER_BYTE + tested + timed
    };
    let groups: f64 = chunk.reads().map(of_group).sum();
    let found = if chunk.reads().next().is_some() { chunk.estimated_rows as f64 * group_ns } else { 0.0 };
    (groups + found) as u64
}

/// Time that putting together the records of a chunk takes. Once one is found in a row group all its columns are
/// decoded.
fn records_ns(chunk: &ChunkPlan) -> f64 {
    if chunk.estimated_rows == 0 {
        return 0.0;
    }
    let late: u64 = chunk.reads().map(|g| g.decoded_bytes.saturating_sub(g.decoded_to_find)).sum();
    late as f64 * cost::DECODE_NS_PER_BYTE + chunk.estimated_rows as f64 * cost::RECORD_NS
}

/// The span of time that rows may come from.
fn span_ns(chunks: &[ChunkPlan], range: TimeRange, held: Option<TimeSpan>) -> u64 {
    let Some(held) = held.filter(|_| !chunks.is_empty()) else { return 0 };
    let start = range.start.map_or(held.min.0, |s| s.0.max(held.min.0));
    let end = range.end.map_or(held.max.0, |e| e.0.min(held.max.0));
    u64::try_from(end.saturating_sub(start)).unwrap_or(0)
}

/// What is gathered while the chunks are judged one by one.
struct Maker<'q> {
    query: &'q Query,
    kind: TimeKind,
    footer_field: Option<FooterField>,
    leaves: Leaves<'q>,
    distinct: Distinct<'q>,
    /// How many chunks, and row groups of other chunks, each condition ruled out.
    chunks_ruled: Ruled,
    groups_ruled: Ruled,
    uncounted: BTreeSet<&'q str>,
    /// Span of the chunks within the query's time.
    span: Option<TimeSpan>,
}

impl<'q> Maker<'q> {
    fn new(query: &'q Query, kind: TimeKind) -> Maker<'q> {
        let ruled: Ruled = vec![Default::default(); parts_of(&query.filter).len()];
        Maker {
            query,
            kind,
            footer_field: footer_field(query),
            leaves: Leaves::of(&query.filter),
            distinct: Distinct::of(query),
            chunks_ruled: ruled.clone(),
            groups_ruled: ruled,
            uncounted: BTreeSet::new(),
            span: None,
        }
    }

    fn chunk(&mut self, index: usize, chunk: &ChunkFacts<'_>) -> ChunkPlan {
        let (decision, estimated_rows) = self.decide(chunk);
        ChunkPlan {
            index,
            name: chunk.name.clone(),
            sealed: chunk.sealed,
            records: chunk.records,
            file_bytes: chunk.file_bytes,
            decision,
            estimated_rows,
            estimated_ns: 0,
        }
    }

    fn decide(&mut self, chunk: &ChunkFacts<'_>) -> (Decision, u64) {
        let query = self.query;
        let span = if self.kind == TimeKind::Source { chunk.time } else { chunk.ingest_time };
        if outside(span, query.time) {
            return (Decision::Pruned(Reason::Time), 0);
        }
        let footer = match (chunk.footer)() {
            Ok(footer) => footer,
            Err(e) => return (Decision::Damaged(e), 0),
        };
        let footer = &*footer;
        self.span = Some(self.span.map_or(chunk.time, |s| s.join(chunk.time)));
        self.distinct.learn(footer);
        self.note_uncounted(footer);
        let proof = prove_parts(&query.filter, &mut self.chunks_ruled, &mut |f| Ok(prove_chunk(f, footer)));
        let proof = proof.unwrap_or(Proof::Maybe);
        if let Proof::Never(reason) = proof {
            return (Decision::Pruned(reason), 0);
        }
        let shares = self.leaves.shares(footer);
        if inside(span, query.time) && self.footer_field.as_ref().is_some_and(|f| f.stats(footer).is_some()) {
            let rows = share_of(&query.filter, &shares) * chunk.records as f64;
            return (Decision::Footer, rows.round() as u64);
        }
        let groups = self.row_groups(footer, chunk, proof == Proof::Always);
        let rows = self.learn(&groups, shares);
        (Decision::Read(groups), rows)
    }

    fn note_uncounted(&mut self, footer: &Footer) {
        for leaf in self.leaves.filters() {
            if let Filter::Field(field) = leaf
                && let gastrolog_query::FieldName::Exact(name) = &field.field
                && footer.fields.get(name).is_some_and(|s| s.counts.is_none() && !s.several && !s.escaped)
            {
                self.uncounted.insert(name);
            }
        }
    }

    /// Takes in what the footer says of the rows that will be tested; returns how many rows are likely to match.
    fn learn(&mut self, groups: &[RowGroupPlan], mut shares: Vec<Share>) -> u64 {
        let read = || groups.iter().filter(|g| g.pruned.is_none());
        let in_time = |g: &RowGroupPlan| if g.pruned == Some(Reason::Time) { 0 } else { g.rows_in_time };
        let all: u64 = groups.iter().map(in_time).sum();
        let rows_read: u64 = read().map(|g| g.rows_in_time).sum();
        let tested: u64 = read().filter(|g| !g.all_match).map(|g| g.rows_in_time).sum();
        if rows_read == 0 {
            return 0;
        }
        // What was counted is all in the row groups that are left. A condition alone can have ruled out the others;
        // of several it is not known which.
        let closer = all as f64 / rows_read as f64;
        if let [one] = shares.as_mut_slice()
            && one.counted
        {
            one.of_rows = (one.of_rows * closer).min(1.0);
        }
        self.leaves.learn_shares(&shares, tested);
        let sure = (rows_read - tested) as f64;
        (sure + share_of(&self.query.filter, &shares) * tested as f64).ceil() as u64
    }

    fn row_groups(&mut self, footer: &Footer, chunk: &ChunkFacts<'_>, always: bool) -> Vec<RowGroupPlan> {
        let entries = footer.row_groups.iter().enumerate();
        entries.map(|(ordinal, entry)| self.row_group(footer, chunk, ordinal, entry, always)).collect()
    }

    fn row_group(
        &mut self,
        footer: &Footer,
        chunk: &ChunkFacts<'_>,
        ordinal: usize,
        entry: &RowGroupEntry,
        always: bool,
    ) -> RowGroupPlan {
        let span = span_of(entry, self.kind);
        let mut plan = RowGroupPlan {
            ordinal,
            pruned: outside(span, self.query.time).then_some(Reason::Time),
            all_match: always,
            time_inside: inside(span, self.query.time),
            bytes: entry.bytes,
            rows: u64::from(entry.rows),
            rows_in_time: (u64::from(entry.rows) as f64 * overlap(span, self.query.time)).round() as u64,
            needed_bytes: 0,
            decoded_bytes: 0,
            decoded_to_find: 0,
            span,
        };
        if let (None, Some(facts)) = (plan.pruned, (chunk.row_group)(ordinal)) {
            // What cannot be read proves nothing; running the plan will meet the damage and report it.
            match if always { Ok(Proof::Always) } else { self.prove_group(footer, entry, &*facts) } {
                Ok(Proof::Never(reason)) => plan.pruned = Some(reason),
                Ok(Proof::Always) => plan.all_match = true,
                _ => {}
            }
            plan.all_match &= plan.time_inside;
            if plan.pruned.is_none()
                && let Ok(header) = facts.header()
            {
                let Needed { stored, decoded, decoded_to_find } =
                    needed(self.query, self.kind, header, &plan);
                (plan.needed_bytes, plan.decoded_bytes, plan.decoded_to_find) =
                    (stored, decoded, decoded_to_find);
                if !plan.all_match {
                    self.leaves.learn_costs(header);
                }
            }
        }
        plan.all_match &= plan.time_inside;
        plan
    }

    /// The filter first: where it says no, the header need not be read.
    fn prove_group(
        &mut self,
        footer: &Footer,
        entry: &RowGroupEntry,
        facts: &dyn RowGroupFacts,
    ) -> Result<Proof, String> {
        let facts = Remembered::new(facts);
        let (filter, ruled) = (&self.query.filter, &mut self.groups_ruled);
        match prove_parts(filter, ruled, &mut |f| prove_by_filter(f, footer, entry, &facts))? {
            Proof::Maybe => prove_parts(filter, ruled, &mut |f| prove_row_group(f, &facts)),
            proof => Ok(proof),
        }
    }
}

fn share_of(filter: &Filter, shares: &[Share]) -> f64 {
    combine(filter, &mut shares.iter().map(|s| s.of_rows))
}

fn outside(span: TimeSpan, range: TimeRange) -> bool {
    range.start.is_some_and(|start| span.max < start) || range.end.is_some_and(|end| span.min >= end)
}

fn inside(span: TimeSpan, range: TimeRange) -> bool {
    range.start.is_none_or(|start| span.min >= start) && range.end.is_none_or(|end| span.max < end)
}

/// The part of a span that lies in a range, 0 to 1.
fn overlap(span: TimeSpan, range: TimeRange) -> f64 {
    if inside(span, range) {
        return 1.0;
    }
    let (min, max) = (span.min.0 as f64, span.max.0 as f64);
    let start = range.start.map_or(min, |s| (s.0 as f64).max(min));
    let end = range.end.map_or(max, |e| (e.0 as f64).min(max));
    ((end - start) / (max - min).max(1.0)).clamp(0.0, 1.0)
}
