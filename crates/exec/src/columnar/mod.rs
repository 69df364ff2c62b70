//! Aggregates over the rows of one row group, from its columns.

mod counts;
mod group;
mod numbers;
mod rows;

use gastrolog_chunk::ReadError;
use gastrolog_format::column::Column;
use gastrolog_index::{Escape, unescape};
use gastrolog_plan::Aggregation;
use gastrolog_query::{FieldName, Function};

use self::group::Grouped;
pub(crate) use self::group::{group_rows, split, text_key};
use self::rows::{Rows, each_value};
use crate::accumulate::Accumulator;
use crate::bits::Bits;
use crate::fields::{Places, Scratch, any_value};
use crate::groups::Groups;
use crate::view::View;

/// Largest table of counts by group and dictionary id.
const TABLE_MAX: usize = 1 << 20;

/// Rows or groups after which it is asked whether to stop.
const STOP_EVERY: usize = 4096;

/// Whether to stop.
pub(crate) type Stop<'a> = &'a dyn Fn() -> bool;

/// Adds the rows of `selected` to `groups`. When `stop` says so it ends early, and what it added is worth nothing.
pub(crate) fn aggregate(
    view: &View<'_>,
    selected: &Bits,
    aggregation: &Aggregation,
    groups: &mut Groups,
    stop: Stop<'_>,
) -> Result<(), ReadError> {
    if selected.is_none() || counts::count(view, selected, aggregation, groups)? {
        return Ok(());
    }
    let grouped = group_rows(view, selected, &aggregation.keys, aggregation.required)?;
    let aggregates = &aggregation.aggregates;
    let width = aggregates.len();
    // What is gathered for one group may go straight to where it belongs if no column can fail in the middle.
    let only = match grouped.keys.as_slice() {
        [key] if all_at_hand(view, aggregation)? => Some(key),
        _ => None,
    };
    let accumulators = match only {
        Some(key) => groups.take(key),
        None => groups.fresh(grouped.keys.len()),
    };
    let mut parts = Parts { width, accumulators };
    for (i, aggregate) in aggregates.iter().enumerate() {
        match &aggregate.field {
            None => count_rows(&grouped, i, &mut parts),
            Some(field) => add_values(view, &grouped, i, field, &mut parts, stop)?,
        }
    }
    if let Some(key) = only {
        groups.put_back(key, parts.accumulators);
        return Ok(());
    }
    let mut accumulators = parts.accumulators.into_iter();
    for (i, key) in grouped.keys.iter().enumerate() {
        if i % STOP_EVERY == 0 && stop() {
            break;
        }
        groups.add(key, accumulators.by_ref().take(width));
    }
    Ok(())
}

/// Whether each aggregated field is one column that could be read, so that nothing can fail any more.
fn all_at_hand(view: &View<'_>, aggregation: &Aggregation) -> Result<bool, ReadError> {
    for aggregate in &aggregation.aggregates {
        let Some(field) = &aggregate.field else { continue };
        let places = Places::of(view, &FieldName::Exact(field.clone()));
        let Some((i, _)) = places.single_column() else { return Ok(false) };
        view.column(i)?;
        if !view.is_everywhere(i) {
            view.rows_of(i)?;
        }
        if matches!(aggregate.function, Function::First | Function::Last) {
            view.times()?;
        }
    }
    Ok(true)
}

/// The accumulators of all groups of a row group, one after the other.
struct Parts {
    /// Aggregates a group.
    width: usize,
    accumulators: Vec<Accumulator>,
}

impl Parts {
    fn get(&mut self, group: usize, aggregate: usize) -> Option<&mut Accumulator> {
        self.accumulators.get_mut(group * self.width + aggregate)
    }

    /// The accumulators of one aggregate, by group.
    fn of(&mut self, aggregate: usize) -> impl Iterator<Item = &mut Accumulator> {
        self.accumulators.iter_mut().skip(aggregate).step_by(self.width)
    }
}

fn count_rows(grouped: &Grouped, aggregate: usize, parts: &mut Parts) {
    let mut counts = vec![0u64; grouped.keys.len()];
    if grouped.of_row.is_empty() {
        counts.iter_mut().for_each(|n| *n = grouped.rows.len() as u64);
    }
    for &group in &grouped.of_row {
        if let Some(n) = counts.get_mut(group as usize) {
            *n += 1;
        }
    }
    parts.of(aggregate).zip(counts).for_each(|(target, n)| target.add_records(n));
}

fn add_values(
    view: &View<'_>,
    grouped: &Grouped,
    aggregate: usize,
    field: &str,
    parts: &mut Parts,
    stop: Stop<'_>,
) -> Result<(), ReadError> {
    let name = FieldName::Exact(field.to_owned());
    let places = Places::of(view, &name);
    if places.is_nowhere() {
        return Ok(());
    }
    let edge = parts.get(0, aggregate).is_some_and(|a| a.looks_at_time());
    if let (Some((i, escape)), false) = (places.single_column(), edge) {
        match &**view.column(i)? {
            Column::Dictionary { values, .. } if values.len() * grouped.keys.len() <= TABLE_MAX => {
                return add_dictionary(view, grouped, aggregate, (i, escape), parts);
            }
            column => {
                if numbers::add(view, i, column, grouped, aggregate, parts)? {
                    return Ok(());
                }
            }
        }
    }
    let times = if edge { view.times()? } else { std::sync::Arc::default() };
    let mut scratch = Scratch::default();
    for k in 0..grouped.rows.len() {
        if k % STOP_EVERY == 0 && stop() {
            break;
        }
        let row = grouped.rows.get(k);
        let at = (times.get(row as usize).copied().unwrap_or(0), view.header().first_seq + u64::from(row));
        let Some(target) = parts.get(grouped.group(k), aggregate) else { continue };
        any_value(view, &name, &places, row as usize, &mut scratch, &mut |value| {
            target.add(value, 1, at);
            false
        })?;
    }
    Ok(())
}

/// Counts each entry of a dictionary in each group, then adds it once with its weight.
fn add_dictionary(
    view: &View<'_>,
    grouped: &Grouped,
    aggregate: usize,
    (i, escape): (u32, Escape),
    parts: &mut Parts,
) -> Result<(), ReadError> {
    let Column::Dictionary { values, ids } = &**view.column(i)? else { return Ok(()) };
    if let ([_], Rows::All(_), Some(target)) =
        (grouped.keys.as_slice(), &grouped.rows, parts.get(0, aggregate).filter(|a| a.is_of_a_set()))
    {
        values.iter().for_each(|value| target.add(&unescape(value, escape), 1, (0, 0)));
        return Ok(());
    }
    let mut table = vec![0u32; values.len() * grouped.keys.len()];
    each_value(view, i, &grouped.rows, |k, rank| {
        let cell = grouped.group(k) * values.len() + ids.get(rank) as usize;
        table.get_mut(cell).into_iter().for_each(|n| *n += 1);
    })?;
    for (counts, target) in table.chunks(values.len().max(1)).zip(parts.of(aggregate)) {
        for (value, &n) in values.iter().zip(counts).filter(|&(_, &n)| n > 0) {
            target.add(&unescape(value, escape), u64::from(n), (0, 0));
        }
    }
    Ok(())
}
