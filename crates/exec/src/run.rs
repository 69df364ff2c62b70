//! Runs a plan.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use gastrolog_chunk::{Chunk, Pending, ReadError, Snapshot};
use gastrolog_index::Pipeline;
use gastrolog_plan::{Aggregation, Decision, Plan, Reason, RowGroupPlan};
use gastrolog_query::Stage;
use gastrolog_types::{Attributes, Record, Timestamp};

use crate::actual::Actual;
use crate::bits::Bits;
use crate::context::Neighbours;
use crate::filter::select_told;
use crate::pace::{Check, STOPPED};
use crate::patterns::Wish;
use crate::pending::{in_range, scan_pending};
use crate::shelf::{Room, Shelf};
use crate::stages::{Chain, Out};
use crate::units::{Direction, Key, Place, Unit, units};
use crate::view::View;
use crate::{Answer, Budget, Cache, ExecError, Order, Progress, SideTable};

/// How an answer is wanted.
pub struct Request<'a> {
    /// Which time orders and bounds the records.
    pub order: Order,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// At most this many records or rows.
    pub limit: Option<u64>,
    /// Whether records come with their fields.
    pub with_fields: bool,
    /// Tables that stages look in, by the place of the stage in the query. A stage without one finds nothing.
    pub sides: &'a BTreeMap<usize, SideTable>,
    /// Only records that come behind this one in the order asked for. For queries whose first stage is not `stats`.
    pub after: Option<Place>,
    /// Whether all is read even if the same question was answered before.
    pub fresh: bool,
    /// What the query may hold and read, its subqueries included.
    pub budget: &'a Budget,
}

/// What a query runs with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Decoded columns.
    pub cache: &'a Cache,
    /// How records are understood.
    pub pipeline: &'a Pipeline,
    /// How many threads one query may use.
    pub threads: usize,
    /// Asked often: an error stops the query.
    pub check: Check<'a>,
}

/// Runs `plan` over `snapshot` and hands its answer out in order.
pub fn run(
    plan: &Plan,
    snapshot: &Snapshot,
    request: &Request<'_>,
    context: Context<'_>,
    out: Out<'_>,
) -> Result<Actual, ExecError> {
    let begin = Instant::now();
    let mut run = Run { plan, snapshot, request, context, actual: Actual::default() };
    for chunk in &plan.chunks {
        match &chunk.decision {
            Decision::Damaged(e) => run.actual.damage.push(e.clone()),
            // What lies outside of the query's time is not missed by it.
            Decision::Pruned(Reason::Time) => {}
            _ => run.actual.damage.extend(snapshot.chunks.get(chunk.index).and_then(|c| missing_rows(c))),
        }
    }
    let mut returned = 0;
    let mut counted = |answer: Answer| {
        returned += u64::from(matches!(answer, Answer::Row(_) | Answer::Record(_)));
        out(answer)
    };
    let first = plan.query.stages.first().and_then(Aggregation::of).filter(Aggregation::is_of_columns);
    let done = match (first, plan.query.stages.split_first()) {
        (Some(aggregation), Some((_, rest))) => run.stats(&aggregation.into(), rest, &mut counted),
        (None, Some((Stage::Patterns { of, by }, _))) => {
            run.patterns(Wish { of: of.as_deref(), by }, None, &mut counted)
        }
        (None, Some((Stage::New { of }, _))) => {
            run.patterns(Wish { of: of.as_deref(), by: &[] }, request.sides.get(&0), &mut counted)
        }
        _ => run.records(&mut counted),
    };
    // What was stopped in the middle is said as what could not be read, by whom it concerned.
    let done = if run.actual.damage.iter().any(|said| said.contains(STOPPED)) {
        done.and((context.check)())
    } else {
        done
    };
    match done {
        Ok(()) => Ok(run.actual),
        Err(e) => Err(e.after(run.progress(returned, begin.elapsed()))),
    }
}

/// What a chunk lost: its footer was bad, and not all row groups were found without it.
pub fn missing_rows(chunk: &Chunk) -> Option<String> {
    if let Some(gap) = chunk.gaps().first() {
        return Some(gap.to_string());
    }
    let damage = chunk.damage()?;
    let found = chunk.rows().ok()?;
    let lost = chunk.summary.records.saturating_sub(found);
    (lost > 0).then(|| format!("{damage}; {lost} records are missing"))
}

pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) request: &'a Request<'a>,
    pub(crate) context: Context<'a>,
    pub(crate) actual: Actual,
}

/// A unit with its matching rows in order.
struct OpenUnit<'a> {
    rows: Vec<(Key, u32)>,
    next: usize,
    source: OpenSource<'a>,
}

enum OpenSource<'a> {
    /// With the place of its chunk and the bytes that were counted when it was opened.
    View(Box<View<'a>>, usize, u64),
    Shelf(Shelf<'a>),
    Pending(Vec<Record>),
}

impl<'a> Run<'a> {
    pub(crate) fn direction(&self) -> Direction {
        Direction { order: self.request.order, oldest_first: self.request.oldest_first }
    }

    /// How far the query came.
    fn progress(&self, returned: u64, elapsed: Duration) -> Progress {
        Progress {
            returned,
            matched: self.actual.matched(),
            bytes_read: self.request.budget.read_bytes(),
            row_groups: self.actual.row_groups(),
            row_groups_all: self.plan.reads().count() as u64,
            elapsed,
        }
    }

    /// Hands out records in order: units are opened as late as their bounds allow.
    fn records(&mut self, out: Out<'_>) -> Result<(), ExecError> {
        let (plan, request) = (self.plan, self.request);
        let mut chain = Chain::new(&plan.query.stages, 0, None, request, self.context)?;
        let with_fields = request.with_fields || chain.needs_fields();
        let mut neighbours = Neighbours::of(plan, self.snapshot, (request.order, with_fields), self.context);
        let direction = self.direction();
        let units = units(plan, self.snapshot, direction, request.after);
        let mut room = Room::of(request.budget);
        let mut waiting = units.iter().peekable();
        let mut open: Vec<OpenUnit<'a>> = Vec::new();
        let mut heap: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::new();
        'rows: loop {
            while let Some(unit) = waiting.peek() {
                let bound = unit.bound(direction);
                if heap.peek().is_some_and(|Reverse((key, _))| *key < bound) {
                    break;
                }
                (self.context.check)()?;
                let opened = self.open(unit, direction);
                (self.context.check)()?;
                request.budget.check_read()?;
                waiting.next();
                if let Some(mut unit) = opened
                    && let Some(&(key, _)) = unit.rows.first()
                {
                    // Neighbours read their records by themselves.
                    if neighbours.is_some() || !room.take(unit.view_bytes()) {
                        self.shelve(&mut unit, &room);
                    }
                    request.budget.hold(unit.held_bytes())?;
                    heap.push(Reverse((key, open.len())));
                    open.push(unit);
                }
            }
            let Some(Reverse((_, at))) = heap.pop() else { break };
            let stop = match (heap.peek(), waiting.peek()) {
                (Some(Reverse((key, _))), Some(unit)) => Some((*key).min(unit.bound(direction))),
                (Some(Reverse((key, _))), None) => Some(*key),
                (None, Some(unit)) => Some(unit.bound(direction)),
                (None, None) => None,
            };
            let Some(unit) = open.get_mut(at) else { break };
            while let Some(&(key, row)) = unit.rows.get(unit.next) {
                if stop.is_some_and(|stop| key > stop) {
                    heap.push(Reverse((key, at)));
                    continue 'rows;
                }
                unit.next += 1;
                if unit.next % 256 == 0 {
                    (self.context.check)()?;
                }
                if let Some(neighbours) = &mut neighbours {
                    let wanted = neighbours.around(direction.place(key).seq, request, &mut chain, out)?;
                    neighbours.count_reads(request.budget, &mut self.actual)?;
                    if !wanted {
                        break 'rows;
                    }
                    continue;
                }
                match self.record(unit, row as usize) {
                    Ok(record) => {
                        let row = chain.row_of(record, with_fields);
                        if !chain.push(row, out)? {
                            let last = unit.next == unit.rows.len() && heap.is_empty();
                            let more = !last || waiting.peek().is_some();
                            // Where nothing was wanted, the answer goes on from where it began.
                            let full = request.limit.is_some_and(|max| max > 0 && chain.returned() >= max);
                            self.actual.stopped_at = (full && more).then(|| direction.place(key));
                            break 'rows;
                        }
                    }
                    Err(e) => {
                        self.actual.damage.push(e.to_string());
                        unit.next = unit.rows.len();
                    }
                }
            }
            room.give(unit.view_bytes());
            self.count_late(&unit.source);
            request.budget.release(unit.held_bytes());
            // Nothing of it is needed any more; the place stays, so that others keep theirs.
            unit.rows = Vec::new();
            unit.source = OpenSource::Pending(Vec::new());
        }
        self.actual.damage.extend(neighbours.map(|mut n| n.damage()).unwrap_or_default());
        // What a limit ended early.
        open.iter().for_each(|unit| self.count_late(&unit.source));
        chain.finish(out)?;
        self.actual.ended(&chain);
        Ok(())
    }

    /// Counts what was read and decoded of a row group after its rows were found.
    fn count_late(&mut self, source: &OpenSource<'_>) {
        if let OpenSource::View(view, chunk, counted) = source {
            let late = view.bytes_read() - counted;
            self.actual.late_read(*chunk, late);
            self.actual.add_decoded(*chunk, view.take_counts());
            self.request.budget.read(late);
        }
    }

    /// Closes a row group whose rows are known.
    fn shelve(&mut self, unit: &mut OpenUnit<'a>, room: &Room) {
        self.count_late(&unit.source);
        if let OpenSource::View(view, chunk, _) = &unit.source {
            unit.source = OpenSource::Shelf(room.shelf(view.group(), *chunk));
        }
    }

    /// The record of the row that was just passed, which is `row`.
    fn record(&mut self, unit: &mut OpenUnit<'a>, row: usize) -> Result<Record, ReadError> {
        match &mut unit.source {
            OpenSource::View(view, ..) => view.record(row),
            OpenSource::Pending(records) => Ok(records.get(row).cloned().unwrap_or_else(no_record)),
            OpenSource::Shelf(shelf) => {
                let at = unit.next - 1;
                if let Some(record) = shelf.take(at) {
                    return Ok(record);
                }
                let view = shelf.fill(&unit.rows, at, self.context)?;
                self.actual.late_read(shelf.chunk, view.bytes_read());
                self.actual.add_decoded(shelf.chunk, view.take_counts());
                self.request.budget.read(view.bytes_read());
                Ok(shelf.take(at).unwrap_or_else(no_record))
            }
        }
    }

    fn open(&mut self, unit: &Unit<'a>, direction: Direction) -> Option<OpenUnit<'a>> {
        match unit {
            Unit::RowGroup { chunk, plan, group } => {
                let begin = Instant::now();
                let opened = View::open(group, self.context).and_then(|view| {
                    let hits = matching_rows(&view, plan, self.plan, &mut self.actual)?;
                    let mut rows = keyed(&view, &hits, direction)?;
                    self.behind(&mut rows, direction);
                    if !rows.is_sorted() {
                        rows.sort_unstable();
                    }
                    Ok((view, rows))
                });
                match opened {
                    Ok((view, rows)) => {
                        self.actual.read(
                            *chunk,
                            plan.rows,
                            rows.len() as u64,
                            view.bytes_read(),
                            begin.elapsed(),
                        );
                        self.actual.add_decoded(*chunk, view.take_counts());
                        let counted = view.bytes_read();
                        self.request.budget.read(counted);
                        let source = OpenSource::View(Box::new(view), *chunk, counted);
                        Some(OpenUnit { rows, next: 0, source })
                    }
                    Err(e) => {
                        self.actual.damage.push(e.to_string());
                        None
                    }
                }
            }
            Unit::Pending(pending) => match self.open_pending(pending, direction) {
                Ok(opened) => Some(opened),
                Err(e) => {
                    self.actual.damage.push(e.to_string());
                    None
                }
            },
        }
    }

    /// Drops the rows that do not come behind the place where the answer begins.
    fn behind(&self, rows: &mut Vec<(Key, u32)>, direction: Direction) {
        if let Some(after) = self.request.after {
            let after = direction.key(after.time, after.seq);
            rows.retain(|(key, _)| *key > after);
        }
    }

    fn open_pending(&mut self, pending: &Pending, direction: Direction) -> Result<OpenUnit<'a>, ReadError> {
        let query = &self.plan.query;
        let records = scan_pending(pending, &query.filter, query.time, self.request.order, self.context)?;
        let key = |r: &Record| direction.key(time_by(r, direction.order), r.seq);
        let mut rows: Vec<(Key, u32)> = records.iter().enumerate().map(|(i, r)| (key(r), i as u32)).collect();
        self.behind(&mut rows, direction);
        rows.sort_unstable();
        self.actual.pending(pending.range.len() as u64, rows.len() as u64);
        Ok(OpenUnit { rows, next: 0, source: OpenSource::Pending(records) })
    }
}

impl OpenUnit<'_> {
    /// What its rows and, for records in memory, their copies take.
    fn held_bytes(&self) -> u64 {
        let records: usize = match &self.source {
            OpenSource::Pending(records) => records.iter().map(|r| r.text.len() + size_of::<Record>()).sum(),
            OpenSource::Shelf(shelf) => shelf.bytes_max as usize,
            OpenSource::View(..) => 0,
        };
        (self.rows.len() * size_of::<(Key, u32)>() + records) as u64
    }

    /// What its columns take when all of them are decoded, about; nothing for what is closed.
    fn view_bytes(&self) -> u64 {
        match &self.source {
            OpenSource::View(view, ..) => view.header().columns.iter().map(|column| column.raw_bytes).sum(),
            _ => 0,
        }
    }
}

fn no_record() -> Record {
    let (attributes, text) = (Attributes::default(), Vec::new());
    Record { seq: 0, source: Timestamp::NONE, ingest: Timestamp::NONE, attributes, text }
}

fn time_by(record: &Record, order: Order) -> i64 {
    if order == Order::Ingest { record.ingest.0 } else { record.time().0 }
}

/// The rows of a row group that match filter and time.
pub(crate) fn matching_rows(
    view: &View<'_>,
    group: &RowGroupPlan,
    plan: &Plan,
    actual: &mut Actual,
) -> Result<Bits, ReadError> {
    let all = Bits::all(view.rows());
    if group.all_match {
        return Ok(all);
    }
    let range = plan.query.time;
    let among = if group.time_inside {
        all
    } else {
        let inside = |t: &i64| in_range(Timestamp(*t), range);
        match plan.time_kind {
            gastrolog_plan::TimeKind::Ingest => {
                Bits::from_tests(view.ingest()?.iter().map(inside), view.rows())
            }
            gastrolog_plan::TimeKind::Source => {
                Bits::from_tests(view.times()?.iter().map(inside), view.rows())
            }
        }
    };
    select_told(view, &plan.conditions, among, &mut |place, rows_in, rows_out, time| {
        actual.condition(place, rows_in as u64, rows_out as u64, time);
    })
}

fn keyed(view: &View<'_>, hits: &Bits, direction: Direction) -> Result<Vec<(Key, u32)>, ReadError> {
    let first = view.header().first_seq;
    let times = match direction.order {
        Order::Write => None,
        Order::Ingest => Some(view.ingest()?),
        Order::Source => Some(view.times()?),
    };
    let time = |row: usize| times.as_ref().and_then(|t| t.get(row).copied()).unwrap_or(0);
    let mut rows: Vec<(Key, u32)> =
        hits.iter().map(|row| (direction.key(time(row), first + row as u64), row as u32)).collect();
    if !direction.oldest_first {
        rows.reverse();
    }
    Ok(rows)
}
