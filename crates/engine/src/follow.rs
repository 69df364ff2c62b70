//! Following: records as they are stored. Each turn is a query over what came since the last one, in write order, so
//! none comes twice and none is missed; a slow reader reads from the store at its own pace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_chunk::Snapshot;
use gastrolog_exec::{Answer, Cache, Order, Place, plan_from};
use gastrolog_plan::TimeKind;
use gastrolog_query::{Query, Stage};
use gastrolog_types::Timestamp;

use crate::ask::Asked;
use crate::resume::blocker;
use crate::sides::{Gathering, Sides};
use crate::{AnswerSink, Cancel, Engine, EngineError, QueryEnd, QueryLimits, QueryRequest};

/// How long a follower waits for records before it looks whether it was cancelled.
const TURN: Duration = Duration::from_millis(50);

impl Engine {
    pub(crate) fn run_follow(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        let begin = Instant::now();
        let now = self.env.clock.now();
        let query = self.parse(request, now)?;
        check_stages(&query)?;
        let store = self.store(&request.store)?;
        let first = store.snapshot();
        let mut next_seq = if query.time.start.is_some() { oldest(&first) } else { first.next_seq };
        let sides = self.tables(&query, request, &first, cancel)?;
        drop(first);
        let request = QueryRequest { order: Order::Write, oldest_first: true, ..request.clone() };
        // Limits of time and reading are for queries that end.
        let limits = QueryLimits { memory_bytes: self.config.query.memory_bytes, ..QueryLimits::default() };
        let mut end = QueryEnd::default();
        let mut reader =
            Reader { left: request.limit.unwrap_or(u64::MAX), columns_said: false, gone: false, out };
        while reader.wants() && !cancel.is_cancelled() {
            let mut snapshot = store.snapshot();
            let missed = oldest(&snapshot).saturating_sub(next_seq);
            if missed > 0 {
                reader.notice(missed);
                next_seq += missed;
            }
            if snapshot.next_seq > next_seq {
                let until = snapshot.next_seq;
                drop_before(&mut snapshot, next_seq);
                let sides = Some(sides.clone());
                let asked = Asked { now, sides, ..plan_turn(&query, snapshot, &self.cache, next_seq) };
                match self.answer_within(&asked, &request, &limits, cancel, &mut |piece| reader.take(piece)) {
                    Err(EngineError::Cancelled(_)) => break,
                    done => end.damage = done?.damage,
                }
                next_seq = until;
            }
            if reader.wants() {
                store.wait_for(next_seq, TURN);
            }
        }
        end.returned = request.limit.unwrap_or(u64::MAX) - reader.left;
        end.matched = end.returned;
        end.elapsed_ns = begin.elapsed().as_nanos() as u64;
        Ok(end)
    }

    /// The tables that stages look in: gathered once, not in every turn.
    fn tables(
        &self,
        query: &Query,
        request: &QueryRequest,
        snapshot: &Snapshot,
        cancel: &Cancel,
    ) -> Result<Arc<Sides>, EngineError> {
        let limits = self.config.query.of(request);
        let check = limits.check(Instant::now(), Arc::default(), cancel);
        let gathering = Gathering { request, snapshot, budget: &limits.budget(), check: &check };
        Ok(Arc::new(self.sides(query, &gathering)?))
    }
}

/// Who reads the answer, over all turns.
struct Reader<'a> {
    left: u64,
    columns_said: bool,
    gone: bool,
    out: AnswerSink<'a>,
}

impl Reader<'_> {
    fn wants(&self) -> bool {
        !self.gone && self.left > 0
    }

    fn take(&mut self, piece: Answer) -> bool {
        if matches!(piece, Answer::Columns(_)) {
            // Each turn says them; the reader hears them once.
            if std::mem::replace(&mut self.columns_said, true) {
                return true;
            }
        } else {
            self.left -= 1;
        }
        self.gone = !(self.out)(piece);
        self.wants()
    }

    fn notice(&mut self, missed: u64) {
        let line = format!("{missed} records were removed by retention before they could be read");
        self.gone = !(self.out)(Answer::Notice(line));
    }
}

/// Stages that look at one row at a time go on for ever; others wait for an end that does not come.
fn check_stages(query: &Query) -> Result<(), EngineError> {
    let rows: Vec<Stage> = query.stages.iter().filter(|s| !matches!(s, Stage::Fields(_))).cloned().collect();
    match blocker(&rows) {
        None => Ok(()),
        Some(stage) => Err(EngineError::BadQuery(format!(
            "`{stage}` looks at several rows, and what is followed has no end; follow takes where, eval, extract, \
             parse, rename, lookup, sample and fields"
        ))),
    }
}

/// Sequence number of the oldest record that is there.
fn oldest(snapshot: &Snapshot) -> u64 {
    let chunk = snapshot.chunks.iter().map(|c| c.summary.first_seq).min();
    let pending = snapshot.pending.iter().map(|p| p.first_seq).min();
    chunk.into_iter().chain(pending).min().unwrap_or(snapshot.next_seq)
}

/// Leaves out what lies wholly before `first_seq`. A chunk that reaches back before it stays whole; the plan skips
/// its row groups.
fn drop_before(snapshot: &mut Snapshot, first_seq: u64) {
    snapshot.chunks.retain(|c| c.summary.end_seq > first_seq);
    snapshot.pending.retain(|p| p.first_seq + p.range.len() as u64 > first_seq);
    for pending in &mut snapshot.pending {
        let before = first_seq.saturating_sub(pending.first_seq);
        pending.range.start += before as usize;
        pending.first_seq += before;
    }
}

fn plan_turn(query: &Query, snapshot: Snapshot, cache: &Cache, first_seq: u64) -> Asked {
    let plan = plan_from(query, TimeKind::Source, &snapshot, cache, first_seq);
    let after = first_seq.checked_sub(1).map(|seq| Place { time: 0, seq });
    let (query, store_damage) = (query.clone(), Vec::new());
    Asked { query, snapshot, plan, store_damage, now: Timestamp(0), after, sides: None, fresh: false }
}
