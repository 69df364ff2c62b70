//! Conditions, recent records and stages: what was planned of each, and what happened.

use gastrolog_exec::Actual;
use gastrolog_plan::{Condition, Plan, StageEstimate};
use gastrolog_query::{Query, Stage};

use super::node::node;
use crate::ExplainNode;

/// The conditions in the order in which they are asked.
pub(super) fn conditions(plan: &Plan, actual: Option<&Actual>) -> Vec<ExplainNode> {
    plan.conditions.iter().enumerate().map(|(place, c)| condition(place, c, actual)).collect()
}

fn condition(place: usize, condition: &Condition, actual: Option<&Actual>) -> ExplainNode {
    let mut n = node(format!("condition {}", condition.text));
    match condition.notes.as_slice() {
        [one] => n.text("answered by", one.answered_by),
        parts => n.children.extend(parts.iter().map(|part| {
            let mut child = node(format!("part {}", part.condition));
            child.text("answered by", part.answered_by);
            child
        })),
    }
    for (reason, chunks) in &condition.chunks_pruned {
        n.count(&format!("chunks pruned by {}", reason.name()), *chunks);
    }
    for (reason, groups) in &condition.row_groups_pruned {
        n.count(&format!("row groups pruned by {}", reason.name()), *groups);
    }
    if condition.rows_in == 0 {
        return n;
    }
    n.text("looks at", condition.looks.name());
    n.count("rows in estimated", condition.rows_in);
    n.count("rows out estimated", condition.rows_out);
    n.text(
        "share estimated",
        format!("{:.2} %{}", 100.0 * condition.share, if condition.counted { ", from counts" } else { "" }),
    );
    n.nanos("time estimated", condition.estimated_ns());
    if let Some(done) = actual.and_then(|a| a.conditions.get(&place)) {
        n.count("rows in", done.rows_in);
        n.count("rows out", done.rows_out);
        n.nanos("time", done.nanos);
        // Of the rows that were asked, since a limit may have left some out.
        n.flag_rows((done.rows_in as f64 * condition.share).round() as u64, done.rows_out);
    }
    n
}

/// What waits in the log.
pub(super) fn pending(plan: &Plan, actual: Option<&Actual>) -> ExplainNode {
    let mut n = node("scan recent records, not yet in a chunk");
    n.count("records", plan.pending_records);
    n.bytes("bytes of text", plan.pending_bytes);
    n.nanos("time estimated", plan.pending_ns());
    if let Some(actual) = actual {
        n.count("rows in", actual.pending_in);
        n.count("rows out", actual.pending_out);
    }
    n
}

/// The stages behind the filter.
pub(super) fn stages(query: &Query, plan: &Plan, actual: Option<&Actual>) -> Vec<ExplainNode> {
    // Where a limit ended the query early, that says nothing of the estimates.
    let whole = actual.is_some_and(|a| a.stages.get(&0).is_some_and(|first| first.rows_in == a.matched()));
    let stage = |(place, (stage, estimate)): (usize, (&Stage, &StageEstimate))| {
        let mut n = node(format!("stage {stage}"));
        if let Some(rows) = estimate.rows_in {
            n.count("rows in estimated", rows);
        }
        if let Some(rows) = estimate.rows_out {
            n.count("rows out estimated", rows);
        }
        if let Some(done) = actual.and_then(|a| a.stages.get(&place)) {
            n.count("rows in", done.rows_in);
            n.count("rows out", done.rows_out);
            n.nanos("time", done.nanos);
            if let (Some(rows_in), Some(rows_out), true) = (estimate.rows_in, estimate.rows_out, whole) {
                n.flag_rows(rows_in, done.rows_in);
                n.flag_rows(rows_out, done.rows_out);
            }
        }
        n
    };
    query.stages.iter().zip(&plan.stages).enumerate().map(stage).collect()
}
