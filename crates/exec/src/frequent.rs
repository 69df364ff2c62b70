//! The most frequent values of one field among many, without a group for each value.
//!
//! Every row is counted first by a few bits of the hash of its value. No value occurs more often than all that share its
//! bits, so only values whose bits are met often enough can be among the most frequent: the rows that have them are
//! then grouped as always. The answer is exact, and the same as if all rows had been grouped.

use std::sync::Arc;

use gastrolog_chunk::ReadError;
use gastrolog_format::column::{Column, Encoding};
use gastrolog_index::Escape;
use gastrolog_plan::{Aggregation, Finish};
use gastrolog_query::{FieldName, Function, GroupKey, Stage};

use crate::ExecError;
use crate::actual::Actual;
use crate::bits::Bits;
use crate::columnar::aggregate;
use crate::fields::{Places, Scratch, any_value};
use crate::groups::Groups;
use crate::hashes::{hash, hashes, mix};
use crate::run::{Run, matching_rows};
use crate::units::Unit;
use crate::view::View;

/// Values are counted by so many buckets.
const BUCKETS: usize = 0xffff;

/// In place of the bucket of a row that lacks the field and so does not count.
const LACKING: u16 = 0xffff;

/// Fewer rows are grouped as always.
const ROWS_MIN: u64 = 1 << 16;

/// Of more rows the buckets would take too much memory.
const ROWS_MAX: u64 = 1 << 26;

/// Most rows that may be wanted.
const WANTED_MAX: usize = 1 << 12;

/// A question for the most frequent values of a field.
pub(crate) struct Frequent<'a> {
    aggregation: &'a Arc<Aggregation>,
    field: &'a str,
    wanted: usize,
}

/// What the first look at a row group leaves for the second.
struct Looked {
    unit: usize,
    hits: Bits,
    /// For each row that was hit.
    buckets: Vec<u16>,
}

/// What one thread counted.
struct Tally {
    /// Rows by bucket; there are not so many rows that one could overflow.
    totals: Vec<u32>,
    looked: Vec<Looked>,
    /// Records in memory: they are few, and grouped at once.
    groups: Groups,
    actual: Actual,
}

impl<'a> Frequent<'a> {
    /// Whether a query asks for the most frequent values of one field.
    pub(crate) fn of(aggregation: &'a Arc<Aggregation>, rest: &'a [Stage]) -> Option<Frequent<'a>> {
        let [GroupKey::Field(field)] = aggregation.keys.as_slice() else { return None };
        let wanted = match (aggregation.finish, rest) {
            (Finish::Top { count, rarest: false }, _) => count,
            (Finish::Rows, [Stage::Sort(order), Stage::Head(n), ..]) => {
                let first = order.first().filter(|key| key.descending)?;
                let by = aggregation.aggregates.iter().find(|a| a.alias == first.field)?;
                (by.function == Function::Count && by.field.is_none()).then_some(*n)?
            }
            _ => return None,
        };
        let wanted = usize::try_from(wanted).ok().filter(|n| (1..=WANTED_MAX).contains(n))?;
        Some(Frequent { aggregation, field, wanted })
    }

    /// Whether the field has so many values in so many rows that a group for each would cost more.
    fn pays(&self, units: &[Unit<'_>]) -> bool {
        let (mut rows, mut varied) = (0, 0);
        for unit in units {
            let Unit::RowGroup { group, .. } = unit else { continue };
            let Ok(header) = group.header() else { continue };
            rows += u64::from(header.rows);
            let of_field = header.columns.iter().filter(|c| c.key.name == self.field);
            let many = of_field.filter(|c| !matches!(c.encoding, Encoding::Constant | Encoding::Dictionary));
            varied += many.map(|c| u64::from(c.values)).sum::<u64>();
        }
        // Tests have few rows, and want to come here with them.
        let many = cfg!(debug_assertions) || (varied >= ROWS_MIN && varied * 4 >= rows);
        many && rows <= ROWS_MAX
    }

    /// The place of the count among the aggregates.
    fn count(&self) -> usize {
        let counts = |a: &gastrolog_query::Aggregate| a.function == Function::Count && a.field.is_none();
        self.aggregation.aggregates.iter().position(counts).unwrap_or(0)
    }

    /// The bucket of each row that was hit.
    fn buckets(&self, view: &View<'_>, hits: &Bits) -> Result<Vec<u16>, ReadError> {
        let name = FieldName::Exact(self.field.to_owned());
        let places = Places::of(view, &name);
        let lacking = if self.aggregation.required > 0 { LACKING } else { bucket(hash(&[])) };
        let plain = places.single_column().filter(|&(i, escape)| {
            let escaped = view.header().columns.get(i as usize).is_none_or(|meta| meta.escaped);
            !escaped || escape == Escape::None
        });
        if let Some((i, _)) = plain {
            let by_rank: Vec<u16> = match &**view.column(i)? {
                Column::Dictionary { values, ids } => {
                    let of_value: Vec<u16> = values.iter().map(|v| bucket(hash(v))).collect();
                    (0..ids.len()).map(|i| of_value.get(ids.get(i) as usize).copied().unwrap_or(0)).collect()
                }
                column => hashes(column, bucket),
            };
            if view.is_everywhere(i) {
                if hits.count() == by_rank.len() {
                    return Ok(by_rank);
                }
                return Ok(hits.iter().map(|row| by_rank.get(row).copied().unwrap_or(lacking)).collect());
            }
            let mut by_row = vec![lacking; view.rows()];
            for (&row, bucket) in view.rows_of(i)?.iter().zip(by_rank) {
                by_row.get_mut(row as usize).into_iter().for_each(|b| *b = bucket);
            }
            return Ok(hits.iter().map(|row| by_row.get(row).copied().unwrap_or(lacking)).collect());
        }
        let mut scratch = Scratch::default();
        let mut buckets = Vec::new();
        for row in hits.iter() {
            let mut found = lacking;
            any_value(view, &name, &places, row, &mut scratch, &mut |value| {
                found = bucket(hash(value));
                true
            })?;
            buckets.push(found);
        }
        Ok(buckets)
    }
}

#[inline]
fn bucket(hash: u64) -> u16 {
    (((mix(hash) >> 32) * BUCKETS as u64) >> 32) as u16
}

impl<'a> Run<'a> {
    /// Adds to `groups` all values that can be among the most frequent, with all their rows; others may be there with
    /// fewer rows than they have. `false` if that would not pay: then nothing was done.
    pub(crate) fn frequent(
        &mut self,
        asked: &Frequent<'_>,
        units: &[Unit<'a>],
        groups: &mut Groups,
    ) -> Result<bool, ExecError> {
        if !asked.pays(units) {
            return Ok(false);
        }
        let (tallies, result) = self.tally(asked, units);
        let mut totals = vec![0u64; BUCKETS + 1];
        let mut looked = Vec::new();
        for tally in tallies {
            totals.iter_mut().zip(tally.totals).for_each(|(a, b)| *a += u64::from(b));
            looked.extend(tally.looked);
            self.actual.merge(tally.actual);
            groups.merge(tally.groups, &|| (self.context.check)().is_err());
        }
        result?;
        (self.context.check)()?;
        groups.counts_of_texts(asked.count(), &mut |text, n| {
            totals.get_mut(usize::from(bucket(hash(text)))).into_iter().for_each(|total| *total += n);
        });
        let lacking = std::mem::take(totals.last_mut().unwrap_or(&mut 0));
        debug_assert!(lacking == 0 || asked.aggregation.required > 0);
        groups.set_total(totals.iter().sum());
        let mut done = vec![false; BUCKETS + 1];
        let mut least = bound(&totals, 2 * asked.wanted + 8);
        // After the first time all that is missing are buckets that may have a value as frequent as the last one wanted.
        for _ in 0..2 {
            let chosen: Vec<bool> =
                totals.iter().zip(&done).map(|(&n, &done)| n >= least && n > 0 && !done).collect();
            if chosen.contains(&true) {
                self.group_chosen(asked, units, &looked, &chosen, groups)?;
            }
            done.iter_mut().zip(&chosen).for_each(|(done, chosen)| *done |= chosen);
            least = groups.nth_count(asked.count(), asked.wanted);
        }
        let held_bytes = looked.iter().map(|looked| 2 * looked.buckets.len() as u64).sum();
        self.request.budget.release(held_bytes);
        Ok(true)
    }

    /// The first look at all units.
    fn tally(&self, asked: &Frequent<'_>, units: &[Unit<'a>]) -> (Vec<Tally>, Result<(), ExecError>) {
        let new = || Tally {
            totals: vec![0; BUCKETS + 1],
            looked: Vec::new(),
            groups: Groups::new(asked.aggregation.clone()),
            actual: Actual::default(),
        };
        self.parallel(units.len(), new, |place, tally: &mut Tally| {
            let Some(unit) = units.get(place) else { return Ok(()) };
            let before = tally.actual.bytes_read();
            match unit {
                Unit::Pending(_) => {
                    self.stats_of_unit(unit, asked.aggregation, &mut tally.groups, &mut tally.actual);
                    tally.groups.check()?;
                }
                Unit::RowGroup { chunk, plan, group } => {
                    let begin = std::time::Instant::now();
                    let view = View::open(group, self.context);
                    let done = view.and_then(|view| {
                        let hits = matching_rows(&view, plan, self.plan, &mut tally.actual)?;
                        let grouping = std::time::Instant::now();
                        let buckets = asked.buckets(&view, &hits)?;
                        tally.actual.first_stage(grouping.elapsed());
                        tally.actual.add_decoded(*chunk, view.take_counts());
                        Ok((hits, buckets, view.bytes_read()))
                    });
                    match done {
                        Ok((hits, buckets, bytes)) => {
                            let matched = buckets.len() as u64;
                            tally.actual.read(*chunk, plan.rows, matched, bytes, begin.elapsed());
                            for &bucket in &buckets {
                                tally.totals.get_mut(usize::from(bucket)).into_iter().for_each(|n| *n += 1);
                            }
                            self.request.budget.hold(2 * matched)?;
                            tally.looked.push(Looked { unit: place, hits, buckets });
                        }
                        Err(e) => tally.actual.damage.push(e.to_string()),
                    }
                }
            }
            self.request.budget.read(tally.actual.bytes_read() - before);
            self.request.budget.check_read()
        })
    }

    /// The second look: groups the rows whose bucket is chosen.
    fn group_chosen(
        &mut self,
        asked: &Frequent<'_>,
        units: &[Unit<'a>],
        looked: &[Looked],
        chosen: &[bool],
        groups: &mut Groups,
    ) -> Result<(), ExecError> {
        let new = || (Groups::new(asked.aggregation.clone()), Actual::default());
        let (parts, result) = self.parallel(looked.len(), new, |place, (own, actual)| {
            let Some(looked) = looked.get(place) else { return Ok(()) };
            let Some(Unit::RowGroup { chunk, group, .. }) = units.get(looked.unit) else { return Ok(()) };
            let mut rows = Bits::none(looked.hits.rows());
            let is_chosen = |bucket: &u16| chosen.get(usize::from(*bucket)) == Some(&true);
            let wanted = looked.hits.iter().zip(&looked.buckets).filter(|(_, bucket)| is_chosen(bucket));
            wanted.for_each(|(row, _)| rows.set(row));
            let done = View::open(group, self.context).and_then(|view| {
                let grouping = std::time::Instant::now();
                let stop = || (self.context.check)().is_err();
                aggregate(&view, &rows, asked.aggregation, own, &stop)?;
                actual.first_stage(grouping.elapsed());
                actual.add_decoded(*chunk, view.take_counts());
                Ok(view.bytes_read())
            });
            match done {
                Ok(bytes) => actual.late_read(*chunk, bytes),
                Err(e) => actual.damage.push(e.to_string()),
            }
            own.hold(self.request.budget)?;
            own.check()
        });
        self.merge_parts(parts, result, groups)
    }
}

/// The `n`-th largest total.
fn bound(totals: &[u64], n: usize) -> u64 {
    let mut totals = totals.to_vec();
    let at = totals.len().saturating_sub(n);
    *totals.select_nth_unstable(at).1
}
