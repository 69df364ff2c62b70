//! The commonest of all questions, how many records there are by time and by one field, without a look at each row
//! more than to count it.

use gastrolog_chunk::ReadError;
use gastrolog_format::Ids;
use gastrolog_format::column::Column;
use gastrolog_index::unescape;
use gastrolog_plan::Aggregation;
use gastrolog_query::{FieldName, Function, GroupKey};

use super::group::{lacking_key, text_key, time_key};
use crate::bits::Bits;
use crate::fields::Places;
use crate::groups::{Groups, KeyBytes, bin_of};
use crate::view::View;

/// Rows from one place to another that are in one bin.
type Run = (std::ops::Range<usize>, KeyBytes);

/// Adds all rows to the groups if all that is asked is how many they are, by time or one field with few values or both.
/// Returns whether that was so; if not, nothing was done.
pub(super) fn count(
    view: &View<'_>,
    selected: &Bits,
    aggregation: &Aggregation,
    groups: &mut Groups,
) -> Result<bool, ReadError> {
    let only_counts =
        aggregation.aggregates.iter().all(|a| a.function == Function::Count && a.field.is_none());
    if !only_counts || selected.count() < selected.rows() {
        return Ok(false);
    }
    let (bin, fields) = match aggregation.keys.as_slice() {
        [GroupKey::TimeBin(bin), rest @ ..] => (Some(*bin), rest),
        keys => (None, keys),
    };
    let Some(runs) = runs(view, bin)? else { return Ok(false) };
    match fields {
        [] => {
            runs.iter().for_each(|(rows, key)| groups.add_records(key, rows.len() as u64));
            Ok(true)
        }
        [GroupKey::Field(name)] => count_field(view, &runs, name, aggregation.required > 0, groups),
        _ => Ok(false),
    }
}

/// The bins of all rows; nothing when they come in another order than their times.
fn runs(view: &View<'_>, bin: Option<i64>) -> Result<Option<Vec<Run>>, ReadError> {
    let Some(bin) = bin else { return Ok(Some(vec![(0..view.rows(), KeyBytes::default())])) };
    let span = view.header().time;
    let first = bin_of(span.min.0, bin);
    if first == bin_of(span.max.0, bin) {
        return Ok(Some(vec![(0..view.rows(), time_key(first))]));
    }
    let times = view.times()?;
    if !times.is_sorted() {
        return Ok(None);
    }
    let (mut runs, mut rest, mut at) = (Vec::new(), times.as_slice(), 0);
    while let Some(&time) = rest.first() {
        let start = bin_of(time, bin);
        let len = rest.partition_point(|&t| bin_of(t, bin) == start).max(1);
        runs.push((at..at + len, time_key(start)));
        rest = rest.get(len..).unwrap_or(&[]);
        at += len;
    }
    Ok(Some(runs))
}

fn count_field(
    view: &View<'_>,
    runs: &[Run],
    name: &str,
    required: bool,
    groups: &mut Groups,
) -> Result<bool, ReadError> {
    let places = Places::of(view, &FieldName::Exact(name.to_owned()));
    let mut add = |(rows, bin): &Run, value: &KeyBytes, n: usize| {
        debug_assert!(n <= rows.len());
        let mut key = bin.clone();
        key.extend(value);
        groups.add_records(&key, n as u64);
    };
    if places.is_nowhere() {
        runs.iter().for_each(|run| add(run, &lacking_key(required), run.0.len()));
        return Ok(true);
    }
    let Some((i, escape)) = places.single_column().filter(|&(i, _)| view.is_everywhere(i)) else {
        return Ok(false);
    };
    match &**view.column(i)? {
        Column::Constant { value, .. } => {
            let key = text_key(&unescape(value, escape));
            runs.iter().for_each(|run| add(run, &key, run.0.len()));
        }
        Column::Dictionary { values, ids: Ids::U8(ids) } => {
            let keys: Vec<KeyBytes> = values.iter().map(|v| text_key(&unescape(v, escape))).collect();
            for run in runs {
                let counts = histogram(ids.get(run.0.clone()).unwrap_or(&[]));
                let met = keys.iter().zip(counts).filter(|&(_, n)| n > 0);
                met.for_each(|(key, n)| add(run, key, n as usize));
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// How often each id occurs. By four tables in turn, because equal ids often stand next to each other and would wait
/// for each other.
fn histogram(ids: &[u8]) -> [u32; 256] {
    let mut tables = [[0u32; 256]; 4];
    let (fours, rest) = ids.as_chunks::<4>();
    for four in fours {
        for (table, &id) in tables.iter_mut().zip(four) {
            table[id as usize] += 1;
        }
    }
    let [mut counts, others @ ..] = tables;
    rest.iter().for_each(|&id| counts[id as usize] += 1);
    for other in others {
        counts.iter_mut().zip(other).for_each(|(n, m)| *n += m);
    }
    counts
}
