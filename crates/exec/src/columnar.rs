//! Aggregates over the rows of one row group, from its columns.

use std::collections::HashMap;

use rapidhash::fast::RandomState;

use gastrolog_chunk::ReadError;
use gastrolog_format::column::Column;
use gastrolog_index::{Escape, unescape};
use gastrolog_plan::Aggregation;
use gastrolog_query::{FieldName, GroupKey, Number};

use crate::accumulate::Accumulator;
use crate::bits::Bits;
use crate::fields::{Places, Scratch, any_value};
use crate::groups::{Groups, KeyBytes, bin_of};
use crate::interner::Interner;
use crate::view::View;

/// Largest table of counts by group and dictionary id.
const TABLE_MAX: usize = 1 << 20;

/// The selected rows and the group of each.
pub(crate) struct Grouped {
    pub(crate) rows: Vec<u32>,
    /// Group of each selected row; empty when there is one group only.
    of_row: Vec<u32>,
    pub(crate) keys: Vec<KeyBytes>,
}

impl Grouped {
    /// The group of the `i`-th selected row.
    pub(crate) fn group(&self, i: usize) -> usize {
        self.of_row.get(i).copied().unwrap_or(0) as usize
    }
}

/// Adds the rows of `selected` to `groups`.
pub(crate) fn aggregate(
    view: &View<'_>,
    selected: &Bits,
    aggregation: &Aggregation,
    groups: &mut Groups,
) -> Result<(), ReadError> {
    if selected.is_none() {
        return Ok(());
    }
    let grouped = group_rows(view, selected, &aggregation.keys, aggregation.required)?;
    let aggregates = &aggregation.aggregates;
    let mut parts = Parts { width: aggregates.len(), accumulators: groups.fresh(grouped.keys.len()) };
    for (i, aggregate) in aggregates.iter().enumerate() {
        match &aggregate.field {
            None => count_rows(&grouped, i, &mut parts),
            Some(field) => add_values(view, &grouped, i, field, &mut parts)?,
        }
    }
    let mut accumulators = parts.accumulators.into_iter();
    for key in &grouped.keys {
        groups.add(key, accumulators.by_ref().take(parts.width));
    }
    Ok(())
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
    for (group, n) in counts.into_iter().enumerate() {
        parts.get(group, aggregate).into_iter().for_each(|a| a.add_records(n));
    }
}

/// Numbers the groups: each key splits the groups of the keys before it. The last `required` keys are fields that a row
/// must have to count.
pub(crate) fn group_rows(
    view: &View<'_>,
    selected: &Bits,
    by: &[GroupKey],
    required: usize,
) -> Result<Grouped, ReadError> {
    let rows: Vec<u32> = selected.iter().map(|r| r as u32).collect();
    let mut grouped = Grouped { rows, of_row: Vec::new(), keys: vec![KeyBytes::default()] };
    let optional = by.len().saturating_sub(required);
    for (i, key) in by.iter().enumerate() {
        let (ids, values) = match key {
            GroupKey::TimeBin(bin) => time_ids(view, &grouped.rows, *bin)?,
            GroupKey::Field(name) => {
                let lacking = if i < optional { text_key(b"") } else { lacking_key() };
                field_ids(view, &grouped.rows, name, &text_key, lacking)?
            }
            GroupKey::NumberBin { field, width } => {
                let bin = |value: &[u8]| bin_key(value, *width);
                field_ids(view, &grouped.rows, field, &bin, text_key(b""))?
            }
        };
        split(&mut grouped, &ids, &values);
    }
    Ok(grouped)
}

/// Pairs of group and id that are numbered by a table and not by a hash map.
const PAIRS_MAX: usize = 1 << 16;

/// Splits the groups by the value of each row: `ids` are places in `values`.
pub(crate) fn split(grouped: &mut Grouped, ids: &[u32], values: &[KeyBytes]) {
    let mut keys: Vec<KeyBytes> = Vec::new();
    let mut new_key = |group: usize, id: u32| {
        let mut key = grouped.keys.get(group).cloned().unwrap_or_default();
        values.get(id as usize).into_iter().for_each(|value| key.extend(value));
        keys.push(key);
        keys.len() as u32 - 1
    };
    let pairs = grouped.keys.len() * values.len();
    let mut of_row = Vec::with_capacity(ids.len());
    if pairs <= PAIRS_MAX {
        let mut table = vec![u32::MAX; pairs];
        for (i, &id) in ids.iter().enumerate() {
            let group = grouped.group(i);
            let Some(number) = table.get_mut(group * values.len() + id as usize) else { continue };
            if *number == u32::MAX {
                *number = new_key(group, id);
            }
            of_row.push(*number);
        }
    } else {
        let mut numbers: HashMap<(usize, u32), u32, RandomState> = HashMap::default();
        for (i, &id) in ids.iter().enumerate() {
            let group = grouped.group(i);
            of_row.push(*numbers.entry((group, id)).or_insert_with(|| new_key(group, id)));
        }
    }
    grouped.of_row = of_row;
    grouped.keys = keys;
}

type Ids = (Vec<u32>, Vec<KeyBytes>);

fn time_ids(view: &View<'_>, rows: &[u32], bin: i64) -> Result<Ids, ReadError> {
    let span = view.header().time;
    if bin_of(span.min.0, bin) == bin_of(span.max.0, bin) {
        return Ok((vec![0; rows.len()], vec![time_key(bin_of(span.min.0, bin))]));
    }
    let times = view.times()?;
    let mut values = Vec::new();
    let mut known: HashMap<i64, u32> = HashMap::new();
    let mut last = (i64::MIN, 0);
    let mut inside = 0..0;
    let ids = rows.iter().map(|&row| {
        let time = times.get(row as usize).copied().unwrap_or(0);
        if !inside.contains(&time) {
            let start = bin_of(time, bin);
            inside = start..start.saturating_add(bin);
            let id = *known.entry(start).or_insert_with(|| {
                values.push(time_key(start));
                values.len() as u32 - 1
            });
            last = (start, id);
        }
        last.1
    });
    let ids = ids.collect();
    Ok((ids, values))
}

/// The first value of a field in each row, as a part of a key. Two ids may have one key: the groups join them.
fn field_ids(
    view: &View<'_>,
    rows: &[u32],
    name: &str,
    key: &dyn Fn(&[u8]) -> KeyBytes,
    lacking: KeyBytes,
) -> Result<Ids, ReadError> {
    let name = FieldName::Exact(name.to_owned());
    let places = Places::of(view, &name);
    if let Some((i, escape)) = places.single_column()
        && let Column::Dictionary { values, ids } = &**view.column(i)?
    {
        let parts = values.iter().map(|v| key(&unescape(v, escape)));
        let parts: Vec<KeyBytes> = parts.chain([lacking]).collect();
        let absent = values.len() as u32;
        if view.is_everywhere(i) {
            return Ok((rows.iter().map(|&row| ids.get(row as usize)).collect(), parts));
        }
        let mut of_row = Vec::with_capacity(rows.len());
        for &row in rows {
            of_row.push(view.rank(i, row as usize)?.map_or(absent, |rank| ids.get(rank)));
        }
        return Ok((of_row, parts));
    }
    let mut known = Interner::default();
    let mut scratch = Scratch::default();
    let mut of_row = Vec::with_capacity(rows.len());
    for &row in rows {
        let mut id = u32::MAX;
        let mut first = |value: &[u8]| {
            id = known.number(value);
            true
        };
        any_value(view, &name, &places, row as usize, &mut scratch, &mut first)?;
        of_row.push(id);
    }
    let absent = known.strings().len() as u32;
    of_row.iter_mut().filter(|id| **id == u32::MAX).for_each(|id| *id = absent);
    Ok((of_row, known.strings().iter().map(key).chain([lacking]).collect()))
}

fn bin_key(value: &[u8], width: f64) -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_bin(value, width);
    key
}

fn lacking_key() -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_lacking();
    key
}

pub(crate) fn text_key(value: &[u8]) -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_text(value);
    key
}

fn time_key(start: i64) -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_time(start);
    key
}

fn add_values(
    view: &View<'_>,
    grouped: &Grouped,
    aggregate: usize,
    field: &str,
    parts: &mut Parts,
) -> Result<(), ReadError> {
    let name = FieldName::Exact(field.to_owned());
    let places = Places::of(view, &name);
    if places.is_nowhere() {
        return Ok(());
    }
    let edge = parts.get(0, aggregate).is_some_and(|a| a.looks_at_time());
    if let (Some((i, escape)), false) = (places.single_column(), edge) {
        let numeric = parts.get(0, aggregate).is_some_and(|a| a.is_numeric());
        match &**view.column(i)? {
            Column::Dictionary { values, .. } if values.len() * grouped.keys.len() <= TABLE_MAX => {
                return add_dictionary(view, grouped, aggregate, (i, escape), parts);
            }
            Column::Integer { values, exceptions } if numeric && exceptions.rows.is_empty() => {
                for (k, &row) in grouped.rows.iter().enumerate() {
                    let value = view.rank(i, row as usize)?.and_then(|rank| values.get(rank));
                    let target = parts.get(grouped.group(k), aggregate);
                    if let (Some(&value), Some(target)) = (value, target) {
                        target.add_number(Number::Int(value), 1);
                    }
                }
                return Ok(());
            }
            _ => {}
        }
    }
    let times = if edge { view.times()? } else { std::sync::Arc::default() };
    let mut scratch = Scratch::default();
    for (k, &row) in grouped.rows.iter().enumerate() {
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
    let mut table = vec![0u32; values.len() * grouped.keys.len()];
    for (k, &row) in grouped.rows.iter().enumerate() {
        if let Some(rank) = view.rank(i, row as usize)? {
            let cell = grouped.group(k) * values.len() + ids.get(rank) as usize;
            table.get_mut(cell).into_iter().for_each(|n| *n += 1);
        }
    }
    for (group, counts) in table.chunks(values.len().max(1)).enumerate() {
        let Some(target) = parts.get(group, aggregate) else { continue };
        for (value, &n) in values.iter().zip(counts).filter(|&(_, &n)| n > 0) {
            target.add(&unescape(value, escape), u64::from(n), (0, 0));
        }
    }
    Ok(())
}
