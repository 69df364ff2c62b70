//! Queries: parse, plan, run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use gastrolog_chunk::Snapshot;
use gastrolog_exec::{Actual, Answer, Cache, Check, Context, Order, Place, Request, plan_over, run};
use gastrolog_plan::{Plan, TimeKind};
use gastrolog_query::{ParseContext, Query, parse};
use gastrolog_types::Timestamp;

use crate::explain::check_cost;
use crate::resume::{Resume, blocker};
use crate::sides::{Gathering, Sides};
use crate::{AnswerSink, Cancel, Engine, EngineError, QueryEnd, QueryLimits, QueryRequest};

/// A query with the snapshot it is about.
pub(crate) struct Asked {
    pub(crate) query: Query,
    pub(crate) snapshot: Snapshot,
    pub(crate) plan: Plan,
    pub(crate) store_damage: Vec<String>,
    /// What relative times were counted from.
    pub(crate) now: Timestamp,
    /// Only what comes behind this is wanted.
    pub(crate) after: Option<Place>,
    /// What its stages look in, if that was gathered already.
    pub(crate) sides: Option<Arc<Sides>>,
    /// Whether all is read even if the same question was answered before.
    pub(crate) fresh: bool,
}

impl Asked {
    /// A query over a snapshot, by source time.
    pub(crate) fn of(query: Query, snapshot: Snapshot, cache: &Cache, now: Timestamp) -> Asked {
        let plan = plan_over(&query, TimeKind::Source, &snapshot, cache);
        Asked { query, snapshot, plan, store_damage: Vec::new(), now, after: None, sides: None, fresh: false }
    }
}

impl Engine {
    /// Parses the query of a request, whose relative times count from `now`.
    pub(crate) fn parse(&self, request: &QueryRequest, now: Timestamp) -> Result<Query, EngineError> {
        let mut context =
            ParseContext::in_zone(now, &request.time_zone).ok_or_else(|| unknown_zone(&request.time_zone))?;
        let span_ns = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        context.start = request.last_ms.map(|ms| Timestamp(now.0.saturating_sub(span_ns(ms))));
        // Who shows the error says that it is one.
        let rendered = |text: String| text.strip_prefix("error: ").map(str::to_owned).unwrap_or(text);
        parse(&request.query, &context).map_err(|e| EngineError::BadQuery(rendered(e.render(&request.query))))
    }

    /// Parses and plans; nothing is read but footers, headers and filters.
    pub(crate) fn ask(&self, request: &QueryRequest) -> Result<Asked, EngineError> {
        let resume = Resume::read(request)?;
        let now = resume.map_or_else(|| self.env.clock.now(), |r| r.now);
        let query = self.parse(request, now)?;
        if let (Some(stage), true) = (blocker(&query.stages), resume.is_some()) {
            return Err(EngineError::Refused(format!(
                "an answer cannot be resumed behind `{stage}`, which has to see all rows before; use sort and head, or \
                 a higher limit"
            )));
        }
        let store = self.store(&request.store)?;
        let kind = if request.order == Order::Ingest { TimeKind::Ingest } else { TimeKind::Source };
        let snapshot = store.snapshot();
        let after = resume.map(|r| r.place);
        let plan = plan_over(&behind(&query, after, request), kind, &snapshot, &self.cache);
        Ok(Asked {
            query,
            snapshot,
            plan,
            store_damage: store.damage(),
            now,
            after,
            sides: None,
            fresh: false,
        })
    }

    /// Runs what was asked.
    pub(crate) fn answer(
        &self,
        asked: &Asked,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<Actual, EngineError> {
        self.answer_within(asked, request, &self.config.query.of(request), cancel, out)
    }

    /// Runs what was asked, within these limits.
    pub(crate) fn answer_within(
        &self,
        asked: &Asked,
        request: &QueryRequest,
        limits: &QueryLimits,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<Actual, EngineError> {
        check_cost(&asked.plan, request)?;
        // A slow reader does not use up the time of the query.
        let waited_ns = Arc::new(AtomicU64::new(0));
        let check = limits.check(Instant::now(), waited_ns.clone(), cancel);
        let mut out = |piece: Answer| {
            let begin = Instant::now();
            let wanted = out(piece);
            waited_ns.fetch_add(begin.elapsed().as_nanos() as u64, Relaxed);
            wanted
        };
        let budget = limits.budget();
        budget.read(asked.plan.planning_bytes);
        let gathering = Gathering { request, snapshot: &asked.snapshot, budget: &budget, check: &check };
        let sides = match &asked.sides {
            Some(sides) => sides.clone(),
            None => Arc::new(self.sides(&asked.query, &gathering)?),
        };
        let exec_request = Request {
            order: request.order,
            oldest_first: request.oldest_first,
            limit: limits.rows,
            with_fields: request.with_fields,
            sides: &sides.tables,
            after: asked.after,
            fresh: asked.fresh,
            budget: &budget,
        };
        let context = self.context(&check);
        let mut actual = run(&asked.plan, &asked.snapshot, &exec_request, context, &mut out)?;
        sides.add_to(&mut actual);
        actual.damage.extend(asked.store_damage.iter().cloned());
        Ok(actual)
    }

    /// What every query runs with.
    pub(crate) fn context<'a>(&'a self, check: Check<'a>) -> Context<'a> {
        let threads = self.config.query_threads;
        Context { cache: &self.cache, pipeline: &self.pipeline, threads, check }
    }

    pub(crate) fn run_query(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        let begin = Instant::now();
        let asked = self.ask(request)?;
        self.used.note(&request.store, &asked.plan);
        let limits = self.config.query.of(request);
        let rows_max = limits.rows;
        let mut end = QueryEnd::default();
        let actual = if blocker(&asked.query.stages).is_none() {
            let actual = self.answer_within(&asked, request, &limits, cancel, out)?;
            end.returned = actual.returned;
            end.more = actual.stopped_at.is_some() || rows_max == Some(0);
            let token = |place| Resume { place, now: asked.now }.token(request);
            end.resume = actual.stopped_at.map(token).unwrap_or_default();
            actual
        } else {
            // One more than is wanted, to know whether there was more.
            let limits = QueryLimits { rows: rows_max.map(|n| n.saturating_add(1)), ..limits };
            let mut cut = |piece: Answer| {
                if matches!(piece, Answer::Columns(_)) {
                    return out(piece);
                }
                end.more = rows_max.is_some_and(|max| end.returned >= max);
                end.returned += u64::from(!end.more);
                !end.more && out(piece)
            };
            self.answer_within(&asked, request, &limits, cancel, &mut cut)?
        };
        end.matched = actual.matched();
        end.bytes_read = actual.bytes_read() + asked.plan.planning_bytes;
        let is_empty = end.matched == 0 || end.returned == 0 && limits.rows != Some(0);
        end.notes = if is_empty { self.unknown_fields(&asked) } else { Vec::new() };
        end.damage = actual.damage;
        end.elapsed_ns = begin.elapsed().as_nanos() as u64;
        Ok(end)
    }
}

fn unknown_zone(name: &str) -> EngineError {
    EngineError::BadQuery(format!(
        "there is no time zone {name:?} here; expected an IANA name such as Europe/Berlin, an offset such as +02:00, \
         or UTC"
    ))
}

/// The query with its time narrowed to what can lie behind `after`, so that what comes before it is not planned.
fn behind(query: &Query, after: Option<Place>, request: &QueryRequest) -> Query {
    let mut query = query.clone();
    if let (Some(after), true) = (after, request.order != Order::Write) {
        let (range, time) = (&mut query.time, after.time);
        if request.oldest_first {
            range.start = range.start.max(Some(Timestamp(time)));
        } else {
            let end = Timestamp(time.saturating_add(1));
            range.end = Some(range.end.map_or(end, |e| e.min(end)));
        }
    }
    query
}
