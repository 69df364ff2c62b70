//! What becomes of the chunks: runs of chunks with the same fate as one node, others one by one.

use std::collections::BTreeMap;

use gastrolog_exec::{Actual, ChunkActual};
use gastrolog_plan::{ChunkPlan, Decision, Plan, Reason};

use super::node::{node, off};
use crate::ExplainNode;

/// Nodes of chunks that are shown; the rest is summed up.
const CHUNKS_SHOWN_MAX: usize = 64;
/// Fewer bytes than this are no reason to flag an estimate.
const OFF_BYTES_MIN: u64 = 1 << 20;
/// Less time than this is none.
const OFF_NANOS_MIN: u64 = 20_000_000;

/// The node of all chunks.
pub(super) fn chunks(plan: &Plan, actual: Option<&Actual>) -> ExplainNode {
    let mut all = node("scan chunks");
    all.count("chunks", plan.chunks.len() as u64);
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for chunk in &plan.chunks {
        *kinds.entry(decision_name(&chunk.decision)).or_default() += 1;
    }
    kinds.iter().for_each(|(kind, n)| all.count(kind, *n));
    let done = |c: &ChunkPlan| actual.map(|a| a.chunks.get(&c.index).copied().unwrap_or_default());
    let mut shown = 0;
    for run in runs(&plan.chunks) {
        if shown >= CHUNKS_SHOWN_MAX {
            let rest = run.as_ptr_range().start;
            let before = plan.chunks.iter().take_while(|c| !std::ptr::eq(*c, rest)).count();
            all.children.push(node(format!("and {} chunks more", plan.chunks.len() - before)));
            break;
        }
        match run {
            [one] => all.children.push(chunk_node(one, done(one))),
            run => all.children.push(run_node(run, &done, &mut shown)),
        }
        shown += 1;
    }
    all
}

/// Consecutive chunks with the same fate.
fn runs(chunks: &[ChunkPlan]) -> impl Iterator<Item = &[ChunkPlan]> {
    chunks.chunk_by(|a, b| fate(&a.decision) == fate(&b.decision))
}

fn fate(decision: &Decision) -> (u8, Option<Reason>) {
    match decision {
        Decision::Pruned(reason) => (0, Some(*reason)),
        Decision::Footer => (1, None),
        Decision::Read(groups) if groups.iter().all(|g| g.pruned.is_some()) => (2, None),
        Decision::Read(_) => (3, None),
        Decision::Damaged(_) => (4, None),
    }
}

fn run_node(
    run: &[ChunkPlan],
    done: &dyn Fn(&ChunkPlan) -> Option<ChunkActual>,
    shown: &mut usize,
) -> ExplainNode {
    let [first, .., last] = run else { return node("no chunks") };
    let mut n = node(format!("chunks {}–{} ({})", first.index + 1, last.index + 1, run.len()));
    n.text("plan", decision_name(&first.decision));
    n.text("from", first.name.clone());
    n.text("to", last.name.clone());
    n.count("records", run.iter().map(|c| c.records).sum());
    n.bytes("bytes", run.iter().map(|c| c.file_bytes).sum());
    let whole = run.iter().map(done).try_fold(ChunkActual::default(), |all, one| Some(sum(all, one?)));
    let read = matches!(first.decision, Decision::Read(_));
    if read {
        read_facts(&mut n, run, whole);
    }
    if let (Some(whole), true) = (whole, read || first.decision == Decision::Footer) {
        actual_facts(&mut n, whole);
    }
    if matches!(first.decision, Decision::Damaged(_))
        || (read && run.iter().any(|c| c.reads().next().is_some()))
    {
        let room = CHUNKS_SHOWN_MAX.saturating_sub(*shown);
        n.children.extend(run.iter().take(room).map(|c| chunk_node(c, done(c))));
        if run.len() > room {
            n.children.push(node(format!("and {} chunks more", run.len() - room)));
        }
        *shown += run.len().min(room);
    }
    n
}

fn sum(mut all: ChunkActual, one: ChunkActual) -> ChunkActual {
    all.row_groups += one.row_groups;
    all.rows_in += one.rows_in;
    all.rows_out += one.rows_out;
    all.bytes_read += one.bytes_read;
    all.decoded.add(one.decoded);
    all.nanos += one.nanos;
    all
}

pub(super) fn decision_name(decision: &Decision) -> String {
    match decision {
        Decision::Pruned(reason) => format!("pruned by {}", reason.name()),
        Decision::Footer => "answered by footer".to_owned(),
        Decision::Read(groups) if groups.iter().all(|g| g.pruned.is_some()) => {
            "pruned by row groups".to_owned()
        }
        Decision::Read(_) => "read".to_owned(),
        Decision::Damaged(_) => "damaged".to_owned(),
    }
}

fn chunk_node(chunk: &ChunkPlan, actual: Option<ChunkActual>) -> ExplainNode {
    let kind = if chunk.sealed { "sealed" } else { "active" };
    let mut n = node(format!("chunk {} ({kind})", chunk.name));
    n.text("plan", decision_name(&chunk.decision));
    n.count("records", chunk.records);
    n.bytes("bytes", chunk.file_bytes);
    match &chunk.decision {
        Decision::Read(_) => read_facts(&mut n, std::slice::from_ref(chunk), actual),
        Decision::Damaged(why) => n.text("why", why.clone()),
        Decision::Footer => n.count("rows estimated", chunk.estimated_rows),
        Decision::Pruned(_) => {}
    }
    if let (Some(actual), Decision::Read(_) | Decision::Footer) = (actual, &chunk.decision) {
        actual_facts(&mut n, actual);
    }
    n
}

/// What is planned for the row groups of some chunks, with flags where it came otherwise.
fn read_facts(n: &mut ExplainNode, chunks: &[ChunkPlan], actual: Option<ChunkActual>) {
    let groups = || chunks.iter().flat_map(|c| c.row_groups());
    let read = || groups().filter(|g| g.pruned.is_none());
    n.count("row groups", groups().count() as u64);
    n.count("row groups to read", read().count() as u64);
    for reason in Reason::ALL {
        let pruned = groups().filter(|g| g.pruned == Some(reason)).count() as u64;
        if pruned > 0 {
            n.count(&format!("pruned by {}", reason.name()), pruned);
        }
    }
    if read().next().is_none() {
        return;
    }
    let all = read().filter(|g| g.all_match).count() as u64;
    if all > 0 {
        n.count("where every row matches", all);
    }
    let (bytes, rows) = (read().map(|g| g.needed_bytes).sum(), chunks.iter().map(|c| c.estimated_rows).sum());
    let nanos = chunks.iter().map(|c| c.estimated_ns).sum();
    n.bytes("bytes estimated", bytes);
    n.count("rows estimated", rows);
    n.nanos("time estimated", nanos);
    // What a limit ended early says nothing of the estimate.
    let Some(actual) = actual.filter(|a| a.row_groups == read().count() as u64) else { return };
    n.flag_rows(rows, actual.rows_out);
    if actual.decoded.cache_hits == 0
        && let Some(flag) = off(bytes, actual.bytes_read, OFF_BYTES_MIN)
    {
        n.text("estimate of bytes", flag);
    }
    if let Some(flag) = off(nanos, actual.nanos, OFF_NANOS_MIN) {
        n.text("estimate of time", flag);
    }
}

fn actual_facts(n: &mut ExplainNode, actual: ChunkActual) {
    n.count("row groups opened", actual.row_groups);
    n.count("rows in", actual.rows_in);
    n.count("rows out", actual.rows_out);
    if actual.row_groups == 0 {
        return;
    }
    n.bytes("bytes read", actual.bytes_read);
    n.bytes("bytes decoded", actual.decoded.bytes);
    n.count("cache hits", actual.decoded.cache_hits);
    n.count("cache misses", actual.decoded.cache_misses);
    n.nanos("time", actual.nanos);
}
