//! Queries: parse, plan, run.

use std::time::{Duration, Instant};

use gastrolog_chunk::Snapshot;
use gastrolog_exec::{Actual, Answer, Context, ExecError, Limit, Order, Request, plan_over, run};
use gastrolog_plan::{Plan, TimeKind};
use gastrolog_query::{ParseContext, Query, parse};

use crate::earlier::known_before;
use crate::engine::OpenStore;
use crate::{AnswerSink, Cancel, Engine, EngineError, QueryEnd, QueryRequest};

/// A query with the snapshot it is about.
pub(crate) struct Asked {
    pub(crate) query: Query,
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: Plan,
    pub(crate) store_damage: Vec<String>,
}

impl Asked {
    /// Plans a query over a snapshot.
    fn new(query: Query, snapshot: Snapshot, order: Order, store_damage: Vec<String>) -> Asked {
        let plan = plan(&query, order, &snapshot);
        Asked { query, snapshot, plan, store_damage }
    }
}

/// Plans a query whose time is that of `order`.
pub(crate) fn plan(query: &Query, order: Order, snapshot: &Snapshot) -> Plan {
    let kind = if order == Order::Ingest { TimeKind::Ingest } else { TimeKind::Source };
    plan_over(query, kind, snapshot)
}

impl Engine {
    pub(crate) fn parse(&self, request: &QueryRequest) -> Result<Query, EngineError> {
        let now = self.env.clock.now();
        let context = ParseContext::with_offset(now, request.utc_offset_seconds);
        // Who shows the error says that it is one.
        let rendered = |text: String| text.strip_prefix("error: ").map(str::to_owned).unwrap_or(text);
        parse(&request.query, &context).map_err(|e| EngineError::BadQuery(rendered(e.render(&request.query))))
    }

    /// Parses and plans; nothing is read but footers, headers and filters.
    pub(crate) fn ask(&self, request: &QueryRequest) -> Result<Asked, EngineError> {
        let query = self.parse(request)?;
        let store = self.store(&request.store)?;
        Ok(Asked::new(query, store.snapshot(), request.order, store.damage()))
    }

    /// Runs what was asked.
    pub(crate) fn answer(
        &self,
        asked: &Asked,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<Actual, EngineError> {
        let begin = Instant::now();
        let check = || {
            if cancel.is_cancelled() {
                return Err(ExecError::Cancelled);
            }
            let spent = begin.elapsed().as_millis();
            if request.timeout_ms.is_some_and(|max| spent > u128::from(max)) {
                return Err(ExecError::limit(Limit::Time { max: Duration::from_millis(0) }));
            }
            Ok(())
        };
        let mut sides = std::collections::BTreeMap::new();
        let exec_request = Request {
            order: request.order,
            oldest_first: request.oldest_first,
            limit: request.limit,
            with_fields: request.with_fields,
            sides: &std::collections::BTreeMap::new(),
            after: None,
            budget: &gastrolog_exec::Budget::default(),
            check: &check,
        };
        let context =
            Context { cache: &self.cache, pipeline: &self.pipeline, threads: self.config.query_threads };
        let now = self.env.clock.now();
        let known = known_before(&asked.query, now, &asked.snapshot, &exec_request, context);
        let mut damage = asked.store_damage.clone();
        if let Some((table, actual)) = known.map_err(exec_error)? {
            sides.insert(0, table);
            damage.extend(actual.damage);
        }
        let exec_request = Request { sides: &sides, ..exec_request };
        let mut actual =
            run(&asked.plan, &asked.snapshot, &exec_request, context, out).map_err(exec_error)?;
        actual.damage.extend(damage);
        Ok(actual)
    }

    pub(crate) fn run_query(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        let begin = Instant::now();
        let asked = self.ask(request)?;
        let actual = self.answer(&asked, request, cancel, out)?;
        Ok(QueryEnd {
            matched: actual.matched(),
            returned: actual.returned,
            bytes_read: actual.bytes_read() + asked.plan.planning_bytes,
            elapsed_ns: begin.elapsed().as_nanos() as u64,
            damage: actual.damage,
        })
    }

    /// Hands out records as they are stored. Each turn is a query over what came since the last one.
    pub(crate) fn run_follow(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        let begin = Instant::now();
        let query = self.parse(request)?;
        if !query.stages.is_empty() {
            return Err(EngineError::BadQuery(
                "follow takes a filter without stages: what comes after | needs an end".to_owned(),
            ));
        }
        let store = self.store(&request.store)?;
        let mut next_seq = if query.time.start.is_some() { 0 } else { store.snapshot().next_seq };
        let mut end = QueryEnd::default();
        let request = QueryRequest {
            order: Order::Write,
            oldest_first: true,
            limit: None,
            timeout_ms: None,
            ..request.clone()
        };
        let mut wanted = true;
        while wanted && !cancel.is_cancelled() {
            let asked = Asked::new(query.clone(), snapshot_from(&store, next_seq), request.order, Vec::new());
            let until = asked.snapshot.next_seq;
            if until > next_seq {
                let from = next_seq;
                let mut pass = |answer: Answer| {
                    let new = !matches!(&answer, Answer::Record(found) if found.record.seq < from);
                    wanted = !new || out(answer);
                    end.returned += u64::from(new);
                    wanted
                };
                match self.answer(&asked, &request, cancel, &mut pass) {
                    Err(EngineError::Cancelled(_)) => break,
                    done => end.damage = done?.damage,
                }
                next_seq = until;
            }
            store.wait_for(next_seq, std::time::Duration::from_millis(50));
        }
        end.matched = end.returned;
        end.elapsed_ns = begin.elapsed().as_nanos() as u64;
        Ok(end)
    }
}

/// The store from `first_seq` on; chunks that reach back before it come whole.
fn snapshot_from(store: &OpenStore, first_seq: u64) -> Snapshot {
    let mut snapshot = store.snapshot();
    snapshot.chunks.retain(|c| c.summary.end_seq > first_seq);
    snapshot.pending.retain(|p| p.first_seq + p.range.len() as u64 > first_seq);
    snapshot
}

fn exec_error(error: ExecError) -> EngineError {
    let text = error.to_string();
    match error {
        ExecError::Cancelled => EngineError::Cancelled(text),
        ExecError::Limit { .. } | ExecError::TooLarge { .. } => EngineError::Refused(text),
    }
}
