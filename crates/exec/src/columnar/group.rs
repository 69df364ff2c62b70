//! Which group each row belongs to: each key splits the groups of the keys before it.

use std::collections::HashMap;

use rapidhash::fast::RandomState;

use gastrolog_chunk::ReadError;
use gastrolog_format::column::Column;
use gastrolog_index::unescape;
use gastrolog_query::{FieldName, GroupKey};

use super::rows::{Rows, each_value};
use crate::bits::Bits;
use crate::fields::{Places, Scratch, any_value};
use crate::groups::{KeyBytes, bin_of};
use crate::hashes::distinct;
use crate::interner::Interner;
use crate::view::View;

/// Pairs of group and id that are numbered by a table and not by a hash map.
const PAIRS_MAX: usize = 1 << 16;

/// The selected rows and the group of each.
pub(crate) struct Grouped {
    pub(crate) rows: Rows,
    /// Group of each selected row; empty when there is one group only.
    pub(super) of_row: Vec<u32>,
    pub(crate) keys: Vec<KeyBytes>,
}

impl Grouped {
    /// The group of the `k`-th selected row.
    #[inline]
    pub(crate) fn group(&self, k: usize) -> usize {
        self.of_row.get(k).copied().unwrap_or(0) as usize
    }
}

/// Numbers the groups of the selected rows. The last `required` keys are fields that a row must have to count.
pub(crate) fn group_rows(
    view: &View<'_>,
    selected: &Bits,
    keys: &[GroupKey],
    required: usize,
) -> Result<Grouped, ReadError> {
    let rows = Rows::of(selected);
    let mut grouped = Grouped { rows, of_row: Vec::new(), keys: vec![KeyBytes::default()] };
    let optional = keys.len().saturating_sub(required);
    for (i, key) in keys.iter().enumerate() {
        let (ids, values) = match key {
            GroupKey::TimeBin(bin) => time_ids(view, &grouped.rows, *bin)?,
            GroupKey::Field(name) => {
                field_ids(view, &grouped.rows, name, &text_key, lacking_key(i >= optional))?
            }
            GroupKey::NumberBin { field, width } => {
                let bin = |value: &[u8]| bin_key(value, *width);
                field_ids(view, &grouped.rows, field, &bin, lacking_key(false))?
            }
        };
        split(&mut grouped, &ids, &values);
    }
    Ok(grouped)
}

/// Splits the groups by the value of each row: `ids` are places in `values`.
pub(crate) fn split(grouped: &mut Grouped, ids: &[u32], values: &[KeyBytes]) {
    // One value for all rows splits nothing.
    if let [value] = values {
        grouped.keys.iter_mut().for_each(|key| key.extend(value));
        return;
    }
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
        for (k, &id) in ids.iter().enumerate() {
            let group = grouped.group(k);
            let Some(number) = table.get_mut(group * values.len() + id as usize) else { continue };
            if *number == u32::MAX {
                *number = new_key(group, id);
            }
            of_row.push(*number);
        }
    } else {
        let mut numbers: HashMap<(usize, u32), u32, RandomState> = HashMap::default();
        for (k, &id) in ids.iter().enumerate() {
            let group = grouped.group(k);
            of_row.push(*numbers.entry((group, id)).or_insert_with(|| new_key(group, id)));
        }
    }
    grouped.of_row = of_row;
    grouped.keys = keys;
}

/// An id for each selected row, and the part of a key that each id stands for.
type Ids = (Vec<u32>, Vec<KeyBytes>);

fn time_ids(view: &View<'_>, rows: &Rows, bin: i64) -> Result<Ids, ReadError> {
    let span = view.header().time;
    if bin_of(span.min.0, bin) == bin_of(span.max.0, bin) {
        return Ok((vec![0; rows.len()], vec![time_key(bin_of(span.min.0, bin))]));
    }
    let times = view.times()?;
    let mut values = Vec::new();
    let mut known: HashMap<i64, u32> = HashMap::new();
    let mut last = 0;
    let mut inside = 0..0;
    let ids = (0..rows.len()).map(|k| {
        let time = times.get(rows.get(k) as usize).copied().unwrap_or(0);
        if !inside.contains(&time) {
            let start = bin_of(time, bin);
            inside = start..start.saturating_add(bin);
            last = *known.entry(start).or_insert_with(|| {
                values.push(time_key(start));
                values.len() as u32 - 1
            });
        }
        last
    });
    let ids = ids.collect();
    Ok((ids, values))
}

/// The first value of a field in each row, as a part of a key. Two ids may have one key: the groups join them.
fn field_ids(
    view: &View<'_>,
    rows: &Rows,
    name: &str,
    key: &dyn Fn(&[u8]) -> KeyBytes,
    lacking: KeyBytes,
) -> Result<Ids, ReadError> {
    let name = FieldName::Exact(name.to_owned());
    let places = Places::of(view, &name);
    if places.is_nowhere() {
        return Ok((vec![0; rows.len()], vec![lacking]));
    }
    if let Some((i, escape)) = places.single_column() {
        match &**view.column(i)? {
            Column::Constant { value, .. } if view.is_everywhere(i) => {
                return Ok((vec![0; rows.len()], vec![key(&unescape(value, escape))]));
            }
            Column::Dictionary { values, ids } => {
                let parts = values.iter().map(|v| key(&unescape(v, escape))).chain([lacking]).collect();
                let mut of_row = vec![values.len() as u32; rows.len()];
                each_value(view, i, rows, |k, rank| {
                    of_row.get_mut(k).into_iter().for_each(|id| *id = ids.get(rank));
                })?;
                return Ok((of_row, parts));
            }
            column => return column_ids(view, i, column, rows, &|v| key(&unescape(v, escape)), lacking),
        }
    }
    let mut known = Interner::default();
    let mut scratch = Scratch::default();
    let mut of_row = Vec::with_capacity(rows.len());
    for k in 0..rows.len() {
        let mut id = u32::MAX;
        let mut first = |value: &[u8]| {
            id = known.number(value);
            true
        };
        any_value(view, &name, &places, rows.get(k) as usize, &mut scratch, &mut first)?;
        of_row.push(id);
    }
    let absent = known.strings().len() as u32;
    of_row.iter_mut().filter(|id| **id == u32::MAX).for_each(|id| *id = absent);
    Ok((of_row, known.strings().iter().map(key).chain([lacking]).collect()))
}

/// As [`field_ids`] for a field that is one column: each distinct value is written once.
fn column_ids(
    view: &View<'_>,
    i: u32,
    column: &Column,
    rows: &Rows,
    key: &dyn Fn(&[u8]) -> KeyBytes,
    lacking: KeyBytes,
) -> Result<Ids, ReadError> {
    let (mut places, mut wanted) = (Vec::new(), Vec::new());
    each_value(view, i, rows, |k, rank| {
        places.push(k as u32);
        wanted.push(rank);
    })?;
    let found = distinct(column, wanted.into_iter());
    let mut scratch = Vec::new();
    let firsts = found.firsts.iter().map(|&first| key(column.value(first as usize, &mut scratch)));
    let parts: Vec<KeyBytes> = firsts.chain([lacking]).collect();
    if places.len() == rows.len() {
        return Ok((found.ids, parts));
    }
    let mut of_row = vec![found.firsts.len() as u32; rows.len()];
    for (&place, id) in places.iter().zip(found.ids) {
        of_row.get_mut(place as usize).into_iter().for_each(|of| *of = id);
    }
    Ok((of_row, parts))
}

fn bin_key(value: &[u8], width: f64) -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_bin(value, width);
    key
}

/// What stands for a lacking value: an empty one, unless the row must have one to count.
pub(super) fn lacking_key(required: bool) -> KeyBytes {
    let mut key = KeyBytes::default();
    if required {
        key.push_lacking()
    } else {
        key.push_text(&[])
    }
    key
}

pub(crate) fn text_key(value: &[u8]) -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_text(value);
    key
}

pub(super) fn time_key(start: i64) -> KeyBytes {
    let mut key = KeyBytes::default();
    key.push_time(start);
    key
}
