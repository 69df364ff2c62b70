//! A plan as a tree of steps and facts. It shows the plan that runs: with analyze, the very plan was run.

mod advice;
mod chunks;
mod limit;
mod node;
mod steps;

use std::time::Instant;

use gastrolog_exec::Actual;
use gastrolog_plan::{Aggregation, Plan};
use gastrolog_query::Stage;

use limit::bytes_at_most;
pub(crate) use limit::check_cost;
use node::node;

use crate::ask::Asked;
use crate::{Cancel, Engine, EngineError, ExplainNode, QueryRequest};

impl Engine {
    pub(crate) fn run_explain(
        &self,
        request: &QueryRequest,
        analyze: bool,
        cancel: &Cancel,
    ) -> Result<ExplainNode, EngineError> {
        let begin = Instant::now();
        // What each step costs shows only where it is taken.
        let asked = Asked { fresh: true, ..self.ask(request)? };
        let planned = begin.elapsed().as_nanos() as u64;
        let actual = if analyze { Some(self.answer(&asked, request, cancel, &mut |_| true)?) } else { None };
        let total = begin.elapsed().as_nanos() as u64;
        let mut root = self.tree(&asked, request, actual.as_ref());
        if let Some(actual) = &actual {
            root.nanos("planned in", planned);
            root.nanos("finished in", total);
            root.count("returned", actual.returned);
        }
        Ok(root)
    }

    fn tree(&self, asked: &Asked, request: &QueryRequest, actual: Option<&Actual>) -> ExplainNode {
        let plan = &asked.plan;
        let mut root = node(format!("query {}", asked.query));
        self.totals(&mut root, asked, request, actual);
        root.children.extend(steps::conditions(plan, actual));
        root.children.push(chunks::chunks(plan, actual));
        if plan.pending_records > 0 {
            root.children.push(steps::pending(plan, actual));
        }
        root.children.extend(steps::stages(&asked.query, plan, actual));
        if let Err(refusal) = check_cost(plan, request) {
            root.children.push(node(format!("refused: {refusal}")));
        }
        root.children.extend(advice::advice(asked).into_iter().map(|line| node(format!("advice: {line}"))));
        let damage = actual.iter().flat_map(|a| &a.damage).chain(&asked.store_damage);
        root.children.extend(damage.map(|damage| node(format!("damage: {damage}"))));
        root
    }

    /// What the query comes to as a whole.
    fn totals(&self, root: &mut ExplainNode, asked: &Asked, request: &QueryRequest, actual: Option<&Actual>) {
        let plan = &asked.plan;
        root.text("answer", strategy(plan, request));
        let held: u64 = plan.chunks.iter().map(|c| c.file_bytes).sum();
        root.bytes("bytes held", held);
        root.bytes("bytes to plan", plan.planning_bytes);
        root.bytes("bytes estimated", plan.reads().map(|(_, g)| g.needed_bytes).sum());
        root.bytes("bytes at most", bytes_at_most(plan, request));
        root.count("rows estimated", plan.estimated_rows());
        let answered = self.cache.answered(plan, &asked.snapshot);
        if answered > 0 {
            root.count("row groups answered before", answered);
        }
        root.nanos("time estimated", plan.estimated_ns(request.limit) / self.threads_of(plan));
        let Some(actual) = actual else { return };
        let read = actual.bytes_read() + plan.planning_bytes;
        root.bytes("bytes read", read);
        root.text("share of bytes held", share(read, held));
        let decoded = actual.decoded();
        root.bytes("bytes decoded", decoded.bytes);
        root.count("cache hits", decoded.cache_hits);
        root.count("cache misses", decoded.cache_misses);
        root.count("rows matched", actual.matched());
    }

    /// Threads that the query will keep busy.
    fn threads_of(&self, plan: &Plan) -> u64 {
        let units = plan.reads().count().max(1);
        if groups_first(plan) || patterns_first(plan) {
            self.config.query_threads.clamp(1, units) as u64
        } else {
            1
        }
    }
}

fn groups_first(plan: &Plan) -> bool {
    counts_patterns(plan) || plan.query.stages.first().and_then(Aggregation::of).is_some()
}

fn counts_patterns(plan: &Plan) -> bool {
    matches!(plan.query.stages.first(), Some(Stage::Patterns { .. } | Stage::New { .. }))
}

fn patterns_first(plan: &Plan) -> bool {
    matches!(plan.query.stages.first(), Some(Stage::Patterns { .. } | Stage::New { .. }))
}

fn strategy(plan: &Plan, request: &QueryRequest) -> String {
    let of_columns = plan.query.stages.first().and_then(Aggregation::of).is_some_and(|a| a.is_of_columns());
    if groups_first(plan) {
        let text = match (plan.reads().next().is_none(), plan.pending_records) {
            (true, 0) => "from footers alone",
            (true, _) => "from footers and recent records",
            _ if of_columns || counts_patterns(plan) => "from columns, row groups in parallel",
            _ => "from records, row groups in parallel",
        };
        return text.to_owned();
    }
    if patterns_first(plan) {
        return "patterns of row groups in parallel".to_owned();
    }
    let end = if request.oldest_first { "oldest" } else { "newest" };
    let order = format!("{:?}", request.order).to_lowercase();
    format!("records in order of {order} time, {end} first; row groups are opened as the order needs them")
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.2} %", 100.0 * part as f64 / whole.max(1) as f64)
}
