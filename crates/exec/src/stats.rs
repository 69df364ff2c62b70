//! Queries that begin with `stats`: groups from footers, from columns, and from records in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use gastrolog_chunk::{Chunk, ReadError};
use gastrolog_format::FieldStats;
use gastrolog_plan::{Decision, FooterField, Plan};
use gastrolog_query::{Aggregate, GroupKey, RecordView, Stage, matches};

use crate::accumulate::At;
use crate::actual::Actual;
use crate::columnar::aggregate;
use crate::groups::{Groups, KeyBytes, bin_of, columns};
use crate::record::ParsedView;
use crate::run::{Context, Run, matching_rows, scan_pending};
use crate::stages::{Chain, Out, Row};
use crate::units::{Unit, units};
use crate::view::View;
use crate::{ExecError, Order};

impl<'a> Run<'a> {
    /// Runs a query whose first stage is `stats`.
    pub(crate) fn stats(
        &mut self,
        aggregates: &'a [Aggregate],
        by: &'a [GroupKey],
        rest: &'a [Stage],
        out: Out<'_>,
    ) -> Result<(), ExecError> {
        let mut groups = Groups::new(aggregates);
        for chunk in &self.plan.chunks {
            if let (Decision::Footer, Some(field)) = (&chunk.decision, &self.plan.footer_field) {
                match self
                    .snapshot
                    .chunks
                    .get(chunk.index)
                    .map(|c| from_footer(c, field, self.plan, &mut groups))
                {
                    Some(Ok(matched)) => self.actual.footer(chunk.index, chunk.records, matched),
                    Some(Err(e)) => self.actual.damage.push(e.to_string()),
                    None => {}
                }
            }
        }
        self.stats_of_units(aggregates, by, &mut groups)?;
        groups.check()?;
        let mut chain =
            Chain::new(rest, Some(columns(aggregates, by)), self.request.limit, self.context.pipeline);
        let rows = match rest {
            [Stage::Sort(order), Stage::Head(n), ..] => groups.finish_first(by, order, *n as usize),
            _ => groups.finish(by),
        };
        for row in rows {
            if !chain.push(Row::Table(row), out)? {
                break;
            }
        }
        chain.finish(out)?;
        self.actual.returned = chain.returned;
        Ok(())
    }

    /// Aggregates all units, several at a time.
    fn stats_of_units<'q>(
        &mut self,
        aggregates: &'q [Aggregate],
        by: &'q [GroupKey],
        groups: &mut Groups<'q>,
    ) -> Result<(), ExecError> {
        let units = units(self.plan, self.snapshot, self.direction(), None);
        let next = AtomicUsize::new(0);
        let shared = Mutex::new((Actual::default(), Vec::new()));
        let (plan, request, context) = (self.plan, self.request, self.context);
        let work = || {
            let mut own = Groups::new(aggregates);
            let mut actual = Actual::default();
            let mut result = Ok(());
            while let Some(unit) = units.get(next.fetch_add(1, Atomic::Relaxed)) {
                let step = (request.check)().and_then(|()| {
                    let before = actual.bytes_read();
                    stats_of_unit(
                        unit,
                        plan,
                        request.order,
                        context,
                        (aggregates, by),
                        &mut own,
                        &mut actual,
                    );
                    request.budget.read(actual.bytes_read() - before);
                    request.budget.check_read()?;
                    own.check()
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
                    scope.spawn(work);
                }
                work();
            });
        } else {
            work();
        }
        let (actual, parts) = shared.into_inner().unwrap_or_default();
        self.actual.merge(actual);
        for (part, result) in parts {
            result?;
            groups.merge(part);
        }
        Ok(())
    }
}

type Stats<'s> = (&'s [Aggregate], &'s [GroupKey]);

fn stats_of_unit(
    unit: &Unit<'_>,
    plan: &Plan,
    order: Order,
    context: Context<'_>,
    (aggregates, by): Stats<'_>,
    groups: &mut Groups<'_>,
    actual: &mut Actual,
) {
    match unit {
        Unit::RowGroup { chunk, plan: group, group: row_group } => {
            let begin = std::time::Instant::now();
            let done = View::open(row_group, context.cache, context.pipeline).and_then(|view| {
                let hits = matching_rows(&view, group, plan, actual)?;
                aggregate(&view, &hits, aggregates, by, groups)?;
                Ok((hits.count() as u64, view.bytes_read()))
            });
            match done {
                Ok((matched, bytes)) => actual.read(*chunk, group.rows, matched, bytes, begin.elapsed()),
                Err(e) => actual.damage.push(e.to_string()),
            }
        }
        Unit::Pending(pending) => {
            let query = &plan.query;
            let records = scan_pending(pending, &query.filter, query.time, order, context.pipeline);
            actual.pending(pending.range.len() as u64, records.len() as u64);
            for record in &records {
                let view = ParsedView::new(&record.text, &record.attributes, context.pipeline);
                let at = (record.time().0, record.seq);
                add_record(&view, record.time().0, 1, at, aggregates, by, groups);
            }
        }
    }
}

/// Adds a record (or `weight` alike ones) to its group.
fn add_record(
    view: &dyn RecordView,
    time: i64,
    weight: u64,
    at: At,
    aggregates: &[Aggregate],
    by: &[GroupKey],
    groups: &mut Groups<'_>,
) {
    let mut key = KeyBytes::default();
    for part in by {
        match part {
            GroupKey::TimeBin(bin) => key.push_time(bin_of(time, *bin)),
            GroupKey::NumberBin { field: name, .. } | GroupKey::Field(name) => {
                let mut value = Vec::new();
                view.any_field(&mut |n, v| {
                    let found = n == name;
                    if found {
                        value = v.to_vec();
                    }
                    found
                });
                key.push_text(&value);
            }
        }
    }
    for (accumulator, aggregate) in groups.group(&key).iter_mut().zip(aggregates) {
        match &aggregate.field {
            None => accumulator.add_records(weight),
            Some(field) => {
                view.any_field(&mut |name, value| {
                    if name == field {
                        accumulator.add(value, weight, at);
                    }
                    false
                });
            }
        }
    }
}

/// A record that is known only by the value of one field.
struct OneField<'a>(Option<(&'a str, &'a [u8])>);

impl RecordView for OneField<'_> {
    fn text(&self) -> &[u8] {
        &[]
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        self.0.is_some_and(|(name, value)| visit(name, value))
    }
}

/// Answers for a whole chunk from the counts in its footer: each value stands for as many records as have it.
fn from_footer(
    chunk: &Chunk,
    field: &FooterField,
    plan: &Plan,
    groups: &mut Groups<'_>,
) -> Result<u64, ReadError> {
    let footer = chunk.footer()?;
    let Some(Stage::Stats { aggregates, by }) = plan.query.stages.first() else { return Ok(0) };
    let stats: Option<&FieldStats> = field.stats(footer).flatten();
    let name = field.0.as_deref().unwrap_or_default();
    let counts = stats.and_then(|s| s.counts.as_deref()).unwrap_or(&[]);
    let known: u64 = counts.iter().map(|(_, n)| n).sum();
    let lacking = footer.rows().saturating_sub(known);
    let values = counts.iter().map(|(value, n)| (Some((name, value.as_slice())), *n));
    let mut matched = 0;
    for (value, n) in values.chain([(None, lacking)]).filter(|&(_, n)| n > 0) {
        let view = OneField(value);
        if matches(&plan.query.filter, &view) {
            matched += n;
            add_record(&view, 0, n, (0, 0), aggregates, by, groups);
        }
    }
    Ok(matched)
}
