//! Queries that begin with `stats`, `timechart`, `top` or `rare`: groups from footers, from columns, and from records
//! in memory.

use std::sync::Arc;

use gastrolog_chunk::{Chunk, ReadError, RowGroup};
use gastrolog_format::FieldStats;
use gastrolog_plan::{Aggregation, Decision, FooterField, Plan, RowGroupPlan};
use gastrolog_query::{RecordView, Stage, matches};

use crate::ExecError;
use crate::accumulate::At;
use crate::actual::Actual;
use crate::answers::Question;
use crate::columnar::aggregate;
use crate::frequent::Frequent;
use crate::groups::Groups;
use crate::later::drop_later;
use crate::pending::scan_pending;
use crate::record::ParsedView;
use crate::run::{Run, matching_rows};
use crate::stages::{Chain, Out, Row};
use crate::units::{Unit, units};
use crate::view::View;

impl<'a> Run<'a> {
    /// Runs a query whose first stage is an aggregation.
    pub(crate) fn stats(
        &mut self,
        aggregation: &Arc<Aggregation>,
        rest: &'a [Stage],
        out: Out<'_>,
    ) -> Result<(), ExecError> {
        let mut groups = Groups::new(aggregation.clone());
        let gathered = self.gather(aggregation, rest, &mut groups);
        if gathered.is_err() {
            drop_later(groups);
            return gathered;
        }
        let input = Some(aggregation.columns());
        let mut chain = Chain::new(&self.plan.query.stages, 1, input, self.request, self.context)?;
        let rows = match rest {
            [Stage::Sort(order), Stage::Head(n), ..] => {
                groups.finish_first(order, usize::try_from(*n).unwrap_or(usize::MAX))?
            }
            _ => groups.finish()?,
        };
        let first = self.actual.stages.entry(0).or_default();
        first.rows_out = rows.len() as u64;
        for (i, row) in rows.into_iter().enumerate() {
            if i % 1024 == 0 {
                (self.context.check)()?;
            }
            if !chain.push(Row::Table(row), out)? {
                break;
            }
        }
        chain.finish(out)?;
        self.actual.ended(&chain);
        Ok(())
    }

    /// Gathers the groups of all chunks and of the records in memory.
    fn gather(
        &mut self,
        aggregation: &Arc<Aggregation>,
        rest: &[Stage],
        groups: &mut Groups,
    ) -> Result<(), ExecError> {
        for chunk in &self.plan.chunks {
            if let (Decision::Footer, Some(field)) = (&chunk.decision, &self.plan.footer_field) {
                match self.snapshot.chunks.get(chunk.index).map(|c| from_footer(c, field, self.plan, groups))
                {
                    Some(Ok(matched)) => self.actual.footer(chunk.index, chunk.records, matched),
                    Some(Err(e)) => self.actual.damage.push(e.to_string()),
                    None => {}
                }
            }
        }
        let units = units(self.plan, self.snapshot, self.direction(), None);
        let frequent = match Frequent::of(aggregation, rest) {
            Some(asked) => self.frequent(&asked, &units, groups)?,
            None => false,
        };
        if !frequent {
            self.stats_of_units(aggregation, &units, groups)?;
        }
        let matched = self.actual.matched();
        self.actual.stages.entry(0).or_default().rows_in = matched;
        groups.hold(self.request.budget)?;
        groups.check()
    }

    /// Aggregates all units, several at a time.
    fn stats_of_units(
        &mut self,
        aggregation: &Arc<Aggregation>,
        units: &[Unit<'a>],
        groups: &mut Groups,
    ) -> Result<(), ExecError> {
        let new = || (Groups::new(aggregation.clone()), Actual::default());
        let answers = Some(&self.context.cache.answers).filter(|_| !self.request.fresh);
        let question = answers.and_then(|a| a.question(&self.plan.query.filter, aggregation));
        let (parts, done) = self.parallel(units.len(), new, |place, (own, actual)| {
            let Some(unit) = units.get(place) else { return Ok(()) };
            let before = actual.bytes_read();
            match (unit, &question) {
                (Unit::RowGroup { chunk, plan, group }, Some(question)) if question.is_of(plan) => {
                    self.stats_kept((*chunk, plan, group), aggregation, question, (own, actual));
                }
                _ => self.stats_of_unit(unit, aggregation, own, actual),
            }
            self.request.budget.read(actual.bytes_read() - before);
            self.request.budget.check_read()?;
            own.hold(self.request.budget)?;
            own.check()
        });
        self.merge_parts(parts, done, groups)
    }

    /// Brings together what several threads gathered, unless they were stopped.
    pub(crate) fn merge_parts(
        &mut self,
        parts: Vec<(Groups, Actual)>,
        mut done: Result<(), ExecError>,
        groups: &mut Groups,
    ) -> Result<(), ExecError> {
        for (part, actual) in parts {
            self.actual.merge(actual);
            if done.is_err() {
                drop_later(part);
                continue;
            }
            self.request.budget.release(part.counted_bytes());
            groups.merge(part, &|| (self.context.check)().is_err());
            done = (self.context.check)().and_then(|()| groups.hold(self.request.budget));
        }
        done
    }

    /// Takes what the question found in a row group before; else aggregates it, and keeps what it found.
    fn stats_kept(
        &self,
        part: (usize, &RowGroupPlan, &Arc<RowGroup>),
        aggregation: &Arc<Aggregation>,
        question: &Question,
        (groups, actual): (&mut Groups, &mut Actual),
    ) {
        let (chunk, plan, group) = part;
        if let Some(matched) = question.add_found(group.id, groups) {
            actual.kept(chunk, plan.rows, matched);
            return;
        }
        let mut own = Groups::new(aggregation.clone());
        let found = self.stats_of_row_group(part, aggregation, &mut own, actual);
        // What was stopped in the middle is worth nothing.
        let stopped = || (self.context.check)().is_err();
        if let Some(matched) = found.filter(|_| !stopped()) {
            question.keep(group.id, matched, &own);
        }
        groups.merge(own, &stopped);
    }

    /// Aggregates a row group; says how many rows matched, or notes why it could not be read.
    fn stats_of_row_group(
        &self,
        (chunk, plan, group): (usize, &RowGroupPlan, &Arc<RowGroup>),
        aggregation: &Aggregation,
        groups: &mut Groups,
        actual: &mut Actual,
    ) -> Option<u64> {
        let begin = std::time::Instant::now();
        let done = View::open(group, self.context).and_then(|view| {
            let hits = matching_rows(&view, plan, self.plan, actual)?;
            let grouping = std::time::Instant::now();
            let stop = || (self.context.check)().is_err();
            aggregate(&view, &hits, aggregation, groups, &stop)?;
            actual.first_stage(grouping.elapsed());
            actual.add_decoded(chunk, view.take_counts());
            Ok((hits.count() as u64, view.bytes_read()))
        });
        match done {
            Ok((matched, bytes)) => {
                actual.read(chunk, plan.rows, matched, bytes, begin.elapsed());
                Some(matched)
            }
            Err(e) => {
                actual.damage.push(e.to_string());
                None
            }
        }
    }

    pub(crate) fn stats_of_unit(
        &self,
        unit: &Unit<'_>,
        aggregation: &Aggregation,
        groups: &mut Groups,
        actual: &mut Actual,
    ) {
        let (plan, pipeline) = (self.plan, self.context.pipeline);
        match unit {
            Unit::RowGroup { chunk, plan, group } => {
                self.stats_of_row_group((*chunk, plan, group), aggregation, groups, actual);
            }
            Unit::Pending(pending) => {
                let query = &plan.query;
                let order = self.request.order;
                let records = match scan_pending(pending, &query.filter, query.time, order, self.context) {
                    Ok(records) => records,
                    Err(e) => return actual.damage.push(e.to_string()),
                };
                actual.pending(pending.range.len() as u64, records.len() as u64);
                for (i, record) in records.iter().enumerate() {
                    if i % 1024 == 1023 && (self.context.check)().is_err() {
                        break;
                    }
                    let view = ParsedView::new(&record.text, &record.attributes, pipeline);
                    add_record(&view, 1, (record.time().0, record.seq), groups);
                }
            }
        }
    }
}

/// Adds a record (or `weight` alike ones) to its group.
fn add_record(view: &dyn RecordView, weight: u64, at: At, groups: &mut Groups) {
    let values = |name: &str, visit: &mut dyn FnMut(&[u8]) -> bool| {
        view.any_field(&mut |path, value| path == name && visit(value));
    };
    groups.add_row(&values, weight, at);
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
    groups: &mut Groups,
) -> Result<u64, ReadError> {
    let footer = chunk.footer()?;
    // It was read again since the plan was made.
    let lost = || ReadError::new(chunk.file().path(), "footer", "it has become bad: its counts are lost");
    let stats: Option<&FieldStats> = field.stats(&footer).ok_or_else(lost)?;
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
            add_record(&view, n, (0, 0), groups);
        }
    }
    Ok(matched)
}
