//! Queries that begin with `patterns` or `new`: the shapes of messages with their counts, from columns and from
//! records in memory.

mod columns;
mod gather;
mod rows;
mod samples;
mod table;
mod trend;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use gastrolog_chunk::ReadError;
use gastrolog_env::spawn_scoped;
use gastrolog_index::PatternFinder;
use gastrolog_plan::Plan;
use gastrolog_query::{GroupKey, Stage};

pub(crate) use self::columns::RowPatterns;
use self::columns::{NO_PATTERN, RowFinder, row_patterns};
use self::gather::{Gathered, Wanted};
use self::rows::{Counted, When};
use self::samples::lot;
pub use self::table::PatternTable;
use crate::actual::Actual;
use crate::bits::Bits;
use crate::columnar::{group_rows, split, text_key};
use crate::pending::scan_pending;
use crate::run::{Context, Run, matching_rows};
use crate::stages::{Chain, Out, Row};
use crate::units::{Unit, units};
use crate::view::View;
use crate::{ExecError, Order, SideTable, Value};

/// Patterns of what, and split by what.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'q> {
    pub(crate) of: Option<&'q str>,
    pub(crate) by: &'q [String],
}

impl<'a> Run<'a> {
    /// Runs a query whose first stage is `patterns` or `new`; `known` are the patterns that are not new.
    pub(crate) fn patterns(
        &mut self,
        wish: Wish<'a>,
        known: Option<&SideTable>,
        out: Out<'_>,
    ) -> Result<(), ExecError> {
        let gathered = self.gather_patterns(wish)?;
        let matched = self.actual.matched();
        self.actual.stages.entry(0).or_default().rows_in = matched;
        let known = known.map(pattern_column).unwrap_or_default();
        let stages = &self.plan.query.stages;
        let mut chain = Chain::new(stages, 1, Some(columns(wish)), self.request, self.context)?;
        let rows = gathered.finish(&Wanted { by: wish.by.len(), known: &known });
        self.actual.stages.entry(0).or_default().rows_out = rows.len() as u64;
        for row in rows {
            if !chain.push(Row::Table(row), out)? {
                break;
            }
        }
        chain.finish(out)?;
        self.actual.ended(&chain);
        Ok(())
    }

    /// Counts the patterns of all units, several at a time.
    fn gather_patterns(&mut self, wish: Wish<'a>) -> Result<Gathered, ExecError> {
        let units = units(self.plan, self.snapshot, self.direction(), None);
        let next = AtomicUsize::new(0);
        let shared = Mutex::new((Actual::default(), Vec::new()));
        let (plan, request, context) = (self.plan, self.request, self.context);
        let work = || {
            let (mut own, mut actual) = (Gathered::default(), Actual::default());
            let mut held_bytes = 0;
            let mut result = Ok(());
            while let Some(unit) = units.get(next.fetch_add(1, Atomic::Relaxed)) {
                let step = (context.check)().and_then(|()| {
                    let before = actual.bytes_read();
                    of_unit(unit, plan, request.order, context, wish, &mut own, &mut actual);
                    own.shrink();
                    request.budget.read(actual.bytes_read() - before);
                    request.budget.check_read()?;
                    let grown = own.bytes().saturating_sub(held_bytes);
                    held_bytes += grown;
                    request.budget.hold(grown)
                });
                if step.is_err() {
                    result = step;
                    break;
                }
            }
            if let Ok(mut shared) = shared.lock() {
                shared.0.merge(actual);
                shared.1.push((own, result));
            }
        };
        if context.threads > 1 && units.len() > 1 {
            std::thread::scope(|scope| {
                for _ in 1..context.threads.min(units.len()) {
                    // Refused one, the others do its part.
                    spawn_scoped(scope, work);
                }
                work();
            });
        } else {
            work();
        }
        let (actual, parts) = shared.into_inner().unwrap_or_default();
        self.actual.merge(actual);
        let mut gathered = Gathered::default();
        for (part, result) in parts {
            result?;
            gathered.merge(part);
        }
        Ok(gathered)
    }
}

/// The names of the columns.
fn columns(wish: Wish<'_>) -> Vec<String> {
    let stage = Stage::Patterns { of: wish.of.map(str::to_owned), by: wish.by.to_vec() };
    gastrolog_query::columns(&[stage], None).unwrap_or_default()
}

/// The patterns in an earlier answer.
fn pattern_column(table: &SideTable) -> HashSet<Vec<u8>> {
    let Some(at) = table.columns.iter().position(|c| c == "pattern") else { return HashSet::new() };
    let text = |row: &Vec<Value>| if let Some(Value::Text(t)) = row.get(at) { Some(t.clone()) } else { None };
    table.rows.iter().filter_map(text).collect()
}

fn of_unit(
    unit: &Unit<'_>,
    plan: &Plan,
    order: Order,
    context: Context<'_>,
    wish: Wish<'_>,
    gathered: &mut Gathered,
    actual: &mut Actual,
) {
    match unit {
        Unit::RowGroup { chunk, plan: group, group: row_group } => {
            let begin = std::time::Instant::now();
            let done = View::open(row_group, context).and_then(|view| {
                let hits = matching_rows(&view, group, plan, actual)?;
                let counting = std::time::Instant::now();
                of_rows(&view, &hits, wish, gathered)?;
                actual.first_stage(counting.elapsed());
                actual.add_decoded(*chunk, view.take_counts());
                Ok((hits.count() as u64, view.bytes_read()))
            });
            match done {
                Ok((matched, bytes)) => actual.read(*chunk, group.rows, matched, bytes, begin.elapsed()),
                Err(e) => actual.damage.push(e.to_string()),
            }
        }
        Unit::Pending(pending) => {
            let query = &plan.query;
            let records = match scan_pending(pending, &query.filter, query.time, order, context) {
                Ok(records) => records,
                Err(e) => return actual.damage.push(e.to_string()),
            };
            actual.pending(pending.range.len() as u64, records.len() as u64);
            let mut finder = PatternFinder::default();
            for record in &records {
                let (text, attributes) = (&record.text, &record.attributes);
                let counted = Counted { text, attributes, time: When::Known(record.time()), seq: record.seq };
                rows::add(gathered, &mut finder, context.pipeline, &counted, (wish.of, wish.by));
            }
        }
    }
}

/// Counts the selected rows of a row group.
fn of_rows(
    view: &View<'_>,
    selected: &Bits,
    wish: Wish<'_>,
    gathered: &mut Gathered,
) -> Result<(), ReadError> {
    if selected.is_none() {
        return Ok(());
    }
    let mut finder = RowFinder::new(view, wish.of);
    let patterns = row_patterns(&mut finder, selected)?;
    let pattern = |row: usize| patterns.ids.get(row).copied().unwrap_or(NO_PATTERN);
    let mut with = Bits::none(view.rows());
    selected.iter().filter(|&row| pattern(row) != NO_PATTERN).for_each(|row| with.set(row));
    let by: Vec<GroupKey> = wish.by.iter().cloned().map(GroupKey::Field).collect();
    let mut grouped = group_rows(view, &with, &by, 0)?;
    let rows: Vec<u32> = (0..grouped.rows.len()).map(|k| grouped.rows.get(k)).collect();
    let ids: Vec<u32> = rows.iter().map(|&row| pattern(row as usize)).collect();
    split(&mut grouped, &ids, &patterns.texts.iter().map(text_key).collect::<Vec<_>>());
    let numbers: Vec<usize> = grouped.keys.iter().map(|key| gathered.number(key)).collect();
    let (times, first_seq) = (view.times()?, view.header().first_seq);
    let time = |row: u32| times.get(row as usize).copied().unwrap_or(0);
    let span = rows.iter().map(|&row| time(row));
    let Some((min, max)) = span.fold(None, |span: Option<(i64, i64)>, t| {
        let (min, max) = span.unwrap_or((t, t));
        Some((min.min(t), max.max(t)))
    }) else {
        return Ok(());
    };
    gathered.cover(min, max);
    let mut fresh = HashSet::new();
    for (k, &row) in rows.iter().enumerate() {
        let Some(&number) = numbers.get(grouped.group(k)) else { continue };
        if gathered.add_row(number, time(row), lot(first_seq + u64::from(row)), row) {
            fresh.insert(number);
        }
    }
    for number in fresh {
        let samples = gathered.samples(number);
        samples.map_or(Ok(()), |s| s.fill(|row| patterns.sample(row, || finder.slots_of(row))))?;
    }
    Ok(())
}
