//! A plan as a tree of steps and facts. It shows the plan that runs: with analyze, the very plan was run.

use std::collections::BTreeMap;
use std::time::Instant;

use gastrolog_exec::{Actual, ChunkActual};
use gastrolog_plan::{ChunkPlan, Decision, Plan, PredicateNote, Reason, RowGroupPlan, predicate_notes};
use gastrolog_query::Stage;

use crate::ask::Asked;
use crate::{Cancel, Engine, EngineError, ExplainNode, Fact, QueryRequest};

/// Chunks that are shown one by one; the rest is summed up.
const CHUNKS_SHOWN_MAX: usize = 64;

impl Engine {
    pub(crate) fn run_explain(
        &self,
        request: &QueryRequest,
        analyze: bool,
        cancel: &Cancel,
    ) -> Result<ExplainNode, EngineError> {
        let begin = Instant::now();
        let asked = self.ask(request)?;
        let planned = begin.elapsed().as_nanos() as u64;
        let actual = if analyze { Some(self.answer(&asked, request, cancel, &mut |_| true)?) } else { None };
        let total = begin.elapsed().as_nanos() as u64;
        let mut root = tree(&asked, request, actual.as_ref());
        if let Some(actual) = &actual {
            root.facts.push(("planned in".into(), Fact::Nanos(planned)));
            root.facts.push(("finished in".into(), Fact::Nanos(total)));
            root.facts.push(("returned".into(), Fact::Count(actual.returned)));
        }
        Ok(root)
    }
}

fn text(text: impl Into<String>) -> Fact {
    Fact::Text(text.into())
}

fn tree(asked: &Asked, request: &QueryRequest, actual: Option<&Actual>) -> ExplainNode {
    let plan = &asked.plan;
    let mut root = ExplainNode { title: format!("query {}", asked.query), ..ExplainNode::default() };
    root.facts.push(("answer".into(), text(strategy(plan, request))));
    let held: u64 = plan.chunks.iter().map(|c| c.file_bytes).sum();
    let needed: u64 = plan.reads().map(|(_, g)| g.needed_bytes).sum();
    root.facts.push(("bytes held".into(), Fact::Bytes(held)));
    root.facts.push(("bytes to plan".into(), Fact::Bytes(plan.planning_bytes)));
    root.facts.push(("bytes estimated".into(), Fact::Bytes(needed)));
    root.facts
        .push(("rows estimated".into(), Fact::Count(plan.chunks.iter().map(|c| c.estimated_rows).sum())));
    if let Some(actual) = actual {
        let read = actual.bytes_read() + plan.planning_bytes;
        root.facts.push(("bytes read".into(), Fact::Bytes(read)));
        root.facts.push(("share of bytes held".into(), text(share(read, held))));
        root.facts.push(("rows matched".into(), Fact::Count(actual.matched())));
    }
    root.children.extend(predicate_notes(&asked.query.filter).into_iter().map(|note| ExplainNode {
        title: format!("condition {}", note.condition),
        facts: condition_facts(&note, actual),
        children: Vec::new(),
    }));
    root.children.push(chunks(plan, actual));
    if plan.pending_records > 0 {
        root.children.push(pending(plan, actual));
    }
    root.children.extend(
        asked
            .query
            .stages
            .iter()
            .map(|stage| ExplainNode { title: format!("stage {stage}"), ..ExplainNode::default() }),
    );
    root.children.extend(
        advice(asked)
            .into_iter()
            .map(|line| ExplainNode { title: format!("advice: {line}"), ..ExplainNode::default() }),
    );
    root.children.extend(
        actual
            .iter()
            .flat_map(|a| &a.damage)
            .chain(&asked.store_damage)
            .map(|damage| ExplainNode { title: format!("damage: {damage}"), ..ExplainNode::default() }),
    );
    root
}

fn condition_facts(note: &PredicateNote, actual: Option<&Actual>) -> Vec<(String, Fact)> {
    let mut facts = vec![("answered by".to_owned(), text(note.answered_by))];
    if let Some(done) = actual.and_then(|a| a.conditions.get(&note.condition)) {
        facts.push(("rows in".into(), Fact::Count(done.rows_in)));
        facts.push(("rows out".into(), Fact::Count(done.rows_out)));
        facts.push(("time".into(), Fact::Nanos(done.nanos)));
    }
    facts
}

fn strategy(plan: &Plan, request: &QueryRequest) -> String {
    match plan.query.stages.first() {
        Some(Stage::Stats { .. }) if plan.reads().next().is_none() && plan.pending_records == 0 => {
            "from footers alone".to_owned()
        }
        Some(Stage::Stats { .. }) => "from columns, row groups in parallel".to_owned(),
        _ => {
            let end = if request.oldest_first { "oldest" } else { "newest" };
            format!(
                "records in order of {:?} time, {end} first; row groups are opened as the order needs them",
                request.order
            )
            .to_lowercase()
        }
    }
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.2} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn chunks(plan: &Plan, actual: Option<&Actual>) -> ExplainNode {
    let mut node = ExplainNode { title: "scan chunks".into(), ..ExplainNode::default() };
    node.facts.push(("chunks".into(), Fact::Count(plan.chunks.len() as u64)));
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for chunk in &plan.chunks {
        *kinds.entry(decision_name(&chunk.decision)).or_default() += 1;
    }
    node.facts.extend(kinds.into_iter().map(|(kind, n)| (kind, Fact::Count(n))));
    let shown = plan.chunks.iter().take(CHUNKS_SHOWN_MAX);
    node.children.extend(
        shown.map(|c| chunk_node(c, actual.map(|a| a.chunks.get(&c.index).copied().unwrap_or_default()))),
    );
    if plan.chunks.len() > CHUNKS_SHOWN_MAX {
        let rest = plan.chunks.len() - CHUNKS_SHOWN_MAX;
        node.children
            .push(ExplainNode { title: format!("and {rest} chunks more"), ..ExplainNode::default() });
    }
    node
}

fn decision_name(decision: &Decision) -> String {
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
    let mut node = ExplainNode { title: format!("chunk {} ({kind})", chunk.name), ..ExplainNode::default() };
    let mut fact = |name: &str, fact: Fact| node.facts.push((name.to_owned(), fact));
    fact("plan", text(decision_name(&chunk.decision)));
    fact("records", Fact::Count(chunk.records));
    fact("bytes", Fact::Bytes(chunk.file_bytes));
    match &chunk.decision {
        Decision::Read(groups) => {
            read_facts(groups, &mut fact);
            fact("rows estimated", Fact::Count(chunk.estimated_rows));
        }
        Decision::Damaged(why) => fact("why", text(why.clone())),
        Decision::Pruned(_) | Decision::Footer => {}
    }
    if let Some(actual) = actual {
        fact("row groups opened", Fact::Count(actual.row_groups));
        fact("rows in", Fact::Count(actual.rows_in));
        fact("rows out", Fact::Count(actual.rows_out));
        fact("bytes read", Fact::Bytes(actual.bytes_read));
        fact("time", Fact::Nanos(actual.nanos));
    }
    node
}

fn read_facts(groups: &[RowGroupPlan], fact: &mut dyn FnMut(&str, Fact)) {
    let read = groups.iter().filter(|g| g.pruned.is_none());
    fact("row groups", Fact::Count(groups.len() as u64));
    fact("row groups to read", Fact::Count(read.clone().count() as u64));
    let mut reasons: BTreeMap<Reason, u64> = BTreeMap::new();
    groups.iter().filter_map(|g| g.pruned).for_each(|r| *reasons.entry(r).or_default() += 1);
    for (reason, n) in reasons {
        fact(&format!("pruned by {}", reason.name()), Fact::Count(n));
    }
    let all = read.clone().filter(|g| g.all_match).count() as u64;
    if all > 0 {
        fact("where every row matches", Fact::Count(all));
    }
    fact("bytes estimated", Fact::Bytes(read.map(|g| g.needed_bytes).sum()));
}

fn pending(plan: &Plan, actual: Option<&Actual>) -> ExplainNode {
    let mut node =
        ExplainNode { title: "scan recent records, not yet in a chunk".into(), ..ExplainNode::default() };
    node.facts.push(("records".into(), Fact::Count(plan.pending_records)));
    node.facts.push(("bytes of text".into(), Fact::Bytes(plan.pending_bytes)));
    if let Some(actual) = actual {
        node.facts.push(("rows out".into(), Fact::Count(actual.pending_out)));
    }
    node
}

fn advice(asked: &Asked) -> Vec<String> {
    let mut lines: Vec<String> =
        predicate_notes(&asked.query.filter).into_iter().filter_map(|note| note.advice).collect();
    let unbounded = asked.query.time.start.is_none() && asked.query.time.end.is_none();
    if unbounded && asked.plan.reads().count() > 64 {
        lines.push(
            "the query has no time bound; last=1h or start=… would leave out most row groups".to_owned(),
        );
    }
    lines
}
