//! The most that a query can read, known before it reads any text; and the refusal of a query that might read more
//! than it may.

use gastrolog_exec::Order;
use gastrolog_plan::{Aggregation, ChunkPlan, Plan, RowGroupPlan};
use gastrolog_query::Stage;

use crate::{EngineError, QueryRequest};

/// Bytes that the query reads at most, those included that were read to plan it.
pub(crate) fn bytes_at_most(plan: &Plan, request: &QueryRequest) -> u64 {
    let bytes: u64 = row_groups_at_most(plan, request).iter().map(|g| g.needed_bytes).sum();
    bytes + plan.planning_bytes
}

/// Refuses a query that might read more than it may.
///
/// # Errors
/// [`EngineError::Refused`] with the figures, and how to read less.
pub(crate) fn check_cost(plan: &Plan, request: &QueryRequest) -> Result<(), EngineError> {
    let Some(max) = request.limit_cost_bytes else { return Ok(()) };
    let most = bytes_at_most(plan, request);
    if most <= max {
        return Ok(());
    }
    let groups = row_groups_at_most(plan, request).len();
    let chunks = plan.chunks.iter().filter(|c| c.reads().next().is_some()).count();
    let held: u64 = plan.chunks.iter().map(|c| c.file_bytes).sum();
    Err(EngineError::Refused(format!(
        "the query would read up to {} ({groups} row groups in {chunks} chunks, and {} to plan; {} are held), more than \
         the {} it may; {}",
        size(most),
        size(plan.planning_bytes),
        size(held),
        size(max),
        narrower(plan)
    )))
}

/// How to read less, by what the query lacks.
fn narrower(plan: &Plan) -> String {
    let mut ways = Vec::new();
    if plan.query.time.start.is_none() {
        ways.push("give it a time (last=1h, start=…)");
    }
    if plan.conditions.is_empty() {
        ways.push("give it a word or a field to look for");
    } else if plan.conditions.iter().all(|c| c.row_groups_pruned.is_empty() && c.chunks_pruned.is_empty()) {
        ways.push("add a rarer word or a field comparison: none of its conditions rules out any row group");
    }
    if plan.query.stages.first().and_then(Aggregation::of).is_none() {
        ways.push("count first: | stats count() by … reads only the columns it names");
    }
    if ways.is_empty() {
        ways.push("a shorter time or a rarer word reads less");
    }
    format!("to read less: {}; `gastrolog explain` shows what is read", ways.join("; or "))
}

/// The row groups that may be opened. Where a limit ends the query, those that come after enough sure matches in the
/// order of the answer are not among them.
fn row_groups_at_most<'p>(plan: &'p Plan, request: &QueryRequest) -> Vec<&'p RowGroupPlan> {
    let reads = plan.reads().collect::<Vec<(&ChunkPlan, &RowGroupPlan)>>();
    let all = || reads.iter().map(|(_, g)| *g).collect();
    let Some(limit) = limit_of(plan, request).filter(|_| request.order != Order::Write) else { return all() };
    // Times turned so that what comes first is smaller.
    let turned = |g: &RowGroupPlan| {
        if request.oldest_first { (g.span.min.0, g.span.max.0) } else { (!g.span.max.0, !g.span.min.0) }
    };
    let mut in_order: Vec<&RowGroupPlan> = all();
    in_order.sort_by_key(|g| turned(g).0);
    let (mut sure, mut last) = (0, None);
    for group in &in_order {
        if group.all_match {
            sure += group.rows;
            last = last.max(Some(turned(group).1));
        }
        if sure >= limit {
            break;
        }
    }
    let Some(last) = last.filter(|_| sure >= limit) else { return in_order };
    in_order.retain(|g| turned(g).0 <= last);
    in_order
}

/// The records after which the answer ends, where records go through one by one.
fn limit_of(plan: &Plan, request: &QueryRequest) -> Option<u64> {
    let mut limit = request.limit;
    for stage in &plan.query.stages {
        match stage {
            Stage::Head(n) => limit = Some(limit.map_or(*n, |l| l.min(*n))),
            Stage::Fields(_)
            | Stage::Eval(_)
            | Stage::Extract { .. }
            | Stage::Parse { .. }
            | Stage::Rename(_) => {}
            _ => return None,
        }
    }
    limit
}

/// Bytes as people write them.
fn size(bytes: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.iter().find(|(_, scale)| bytes as f64 >= *scale) {
        Some((unit, scale)) => format!("{:.2} {unit}", bytes as f64 / scale),
        None => format!("{bytes} B"),
    }
}
