//! From groups to rows: ordered by key, with empty bins filled in, or the most frequent ones.

use std::cmp::Ordering;
use std::collections::HashMap;

use gastrolog_plan::Finish;
use gastrolog_query::{Aggregate, Function, SortKey};
use gastrolog_types::{Timestamp, find_time};

use super::Groups;
use super::key::{KeyBytes, Part, compare, parts, split_first};
use crate::accumulate::Accumulator;
use crate::stages::compare as compare_values;
use crate::{ExecError, Value};

/// Most rows of a `timechart`.
const FILLED_ROWS_MAX: usize = 100_000;

type Rows = Vec<Vec<Value>>;

impl Groups {
    /// The rows of the table.
    pub(crate) fn finish(self) -> Result<Rows, ExecError> {
        match self.aggregation.finish {
            Finish::Rows => Ok(self.ordered()),
            Finish::Filled { width_ns } => self.filled(width_ns),
            Finish::Top { count, rarest } => {
                Ok(self.top(usize::try_from(count).unwrap_or(usize::MAX), rarest))
            }
        }
    }

    /// The first `n` rows by `order`, ties as they came: the same as sorting all of them, without doing so.
    pub(crate) fn finish_first(self, order: &[SortKey], n: usize) -> Result<Rows, ExecError> {
        let names = self.aggregation.columns();
        let keys = self.aggregation.keys.len();
        let place = |key: &SortKey| names.iter().position(|name| *name == key.field);
        let order: Vec<(Option<usize>, bool)> = order.iter().map(|k| (place(k), k.descending)).collect();
        let is_key = |&(at, _): &(Option<usize>, bool)| at.is_some_and(|at| at < keys);
        let lead = order.iter().position(is_key).unwrap_or(order.len());
        let (by_results, then) = order.split_at(lead);
        if self.aggregation.finish != Finish::Rows || by_results.is_empty() || keys == 0 {
            return Ok(first_rows(self.finish()?, &order, n));
        }
        let mut done = self.finished();
        let numbers: Vec<u32> = (0..done.groups() as u32).collect();
        let chosen = first_of(
            numbers,
            n,
            |&a, &b| by_cells(by_results, |at| (done.cell(a, at), done.cell(b, at))),
            |&a, &b| {
                let order = by_cells(then, |at| (done.cell(a, at), done.cell(b, at)));
                order.then_with(|| compare(done.key(a), done.key(b)))
            },
        );
        Ok(chosen.into_iter().map(|number| done.take_row(number)).collect())
    }

    /// All rows, ordered by key; without keys there is one row even of nothing.
    fn ordered(mut self) -> Rows {
        if self.aggregation.keys.is_empty() {
            self.group(&KeyBytes::default());
        }
        let mut done = self.finished();
        let mut numbers: Vec<u32> = (0..done.groups() as u32).collect();
        numbers.sort_unstable_by(|&a, &b| compare(done.key(a), done.key(b)));
        numbers.into_iter().map(|number| done.take_row(number)).collect()
    }

    /// As [`Groups::ordered`] with a row for each bin from the first to the last and each combination of the other keys.
    fn filled(self, width_ns: i64) -> Result<Rows, ExecError> {
        let fresh = self.fresh(1);
        let empty: Vec<Value> = fresh.into_iter().map(Accumulator::finish).collect();
        let mut done = self.finished();
        let mut by_key: HashMap<(i64, Vec<u8>), u32> = HashMap::new();
        let mut others: Vec<Vec<u8>> = Vec::new();
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for number in 0..done.groups() as u32 {
            let Some((Part::Time(bin), rest)) = split_first(done.key(number)) else { continue };
            (first, last) = (first.min(bin), last.max(bin));
            others.push(rest.to_vec());
            by_key.insert((bin, rest.to_vec()), number);
        }
        others.sort_unstable_by(|a, b| compare(a, b));
        others.dedup();
        let bins = (i128::from(last) - i128::from(first)) / i128::from(width_ns.max(1)) + 1;
        if others.is_empty() {
            return Ok(Rows::new());
        }
        if bins.saturating_mul(others.len() as i128) > FILLED_ROWS_MAX as i128 {
            return Err(ExecError::TooManyBins { max: FILLED_ROWS_MAX as u64 });
        }
        let mut rows = Rows::new();
        for bin in (0..bins).map(|i| first.saturating_add((i as i64).saturating_mul(width_ns))) {
            for other in &others {
                let row = match by_key.get(&(bin, other.clone())) {
                    Some(&number) => done.take_row(number),
                    None => {
                        let keys = [Part::Time(bin)].into_iter().chain(parts(other)).map(Part::value);
                        keys.chain(empty.iter().cloned()).collect()
                    }
                };
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// The `n` most (least) frequent groups of each combination of the keys that are not required.
    fn top(self, n: usize, rarest: bool) -> Rows {
        let (keys, required) = (self.aggregation.keys.len(), self.aggregation.required);
        let all = self.total.and_then(|total| i64::try_from(total).ok());
        let mut done = self.finished();
        let mut by: HashMap<&[u8], (i64, Vec<u32>)> = HashMap::new();
        for number in 0..done.groups() as u32 {
            let Some((combination, whole)) = combination(done.key(number), keys - required) else { continue };
            if whole {
                let (total, numbers) = by.entry(combination).or_default();
                *total += done.count(number);
                numbers.push(number);
            }
        }
        let mut combinations: Vec<_> = by.into_iter().collect();
        combinations.sort_unstable_by(|a, b| compare(a.0, b.0));
        let by_count = |a: &u32, b: &u32| {
            let order = done.count(*a).cmp(&done.count(*b));
            if rarest { order } else { order.reverse() }
        };
        let mut chosen: Vec<(u32, f64)> = Vec::new();
        for (_, (known, numbers)) in combinations {
            let total = all.unwrap_or(known);
            let first = first_of(numbers, n, by_count, |&a, &b| compare(done.key(a), done.key(b)));
            chosen.extend(first.into_iter().map(|number| (number, percent(done.count(number), total))));
        }
        let row = |(number, percent)| {
            let mut row = done.take_row(number);
            row.push(Value::Float(percent));
            row
        };
        chosen.into_iter().map(row).collect()
    }

    fn finished(self) -> Finished {
        let aggregates = &self.aggregation.aggregates;
        let of = aggregates.iter().cycle().take(self.accumulators.len());
        let results = self.accumulators.into_iter().zip(of).map(|(a, of)| result(a, of)).collect();
        let (key_columns, width) = (self.aggregation.keys.len(), self.aggregation.aggregates.len());
        Finished { key_columns, width, keys: self.keys, results }
    }
}

/// What an accumulator comes to. Times of records are gathered as texts that order as the times do, and are times again
/// where one of them is the result.
fn result(accumulator: Accumulator, of: &Aggregate) -> Value {
    let is_one = matches!(of.function, Function::Min | Function::Max | Function::First | Function::Last);
    let is_time = matches!(of.field.as_deref(), Some("_time" | "_source" | "_ingest"));
    match accumulator.finish() {
        Value::Text(text) if is_one && is_time => {
            find_time(&text, Timestamp(0)).map_or(Value::Text(text), Value::Time)
        }
        value => value,
    }
}

/// Groups with their results.
struct Finished {
    /// Columns of keys; those of results come behind them.
    key_columns: usize,
    width: usize,
    keys: crate::interner::Interner,
    results: Vec<Value>,
}

impl Finished {
    fn groups(&self) -> usize {
        self.keys.strings().len()
    }

    fn key(&self, number: u32) -> &[u8] {
        self.keys.strings().get(number as usize)
    }

    fn results(&self, number: u32) -> &[Value] {
        let start = number as usize * self.width;
        self.results.get(start..start + self.width).unwrap_or(&[])
    }

    /// The value of a column of the table.
    fn cell(&self, number: u32, column: usize) -> Value {
        match column.checked_sub(self.key_columns) {
            Some(result) => self.results(number).get(result).cloned().unwrap_or(Value::Null),
            None => parts(self.key(number)).nth(column).map_or(Value::Null, Part::value),
        }
    }

    /// The first result, which is a count.
    fn count(&self, number: u32) -> i64 {
        if let Some(Value::Int(n)) = self.results(number).first() { *n } else { 0 }
    }

    fn take_row(&mut self, number: u32) -> Vec<Value> {
        let mut row: Vec<Value> = parts(self.key(number)).map(Part::value).collect();
        let start = number as usize * self.width;
        let results = self.results.get_mut(start..start + self.width).unwrap_or(&mut []);
        row.extend(results.iter_mut().map(|value| std::mem::replace(value, Value::Null)));
        row
    }
}

/// The first `n` parts of a key, and whether it has all the others.
fn combination(key: &[u8], n: usize) -> Option<(&[u8], bool)> {
    let mut rest = key;
    for _ in 0..n {
        rest = split_first(rest)?.1;
    }
    let whole = parts(rest).all(|part| part != Part::Lacking);
    Some((key.get(..key.len() - rest.len())?, whole))
}

/// Rounded to four digits after the point: more would say nothing.
pub(crate) fn percent(count: i64, total: i64) -> f64 {
    (count as f64 * 1e6 / total.max(1) as f64).round() / 1e4
}

/// The first `n` by `order`, ties by `then`, in that order. `then`, which is dear, is asked only for those that are
/// tied at the end and for those chosen.
fn first_of(
    mut all: Vec<u32>,
    n: usize,
    order: impl Fn(&u32, &u32) -> Ordering,
    then: impl Fn(&u32, &u32) -> Ordering,
) -> Vec<u32> {
    if n == 0 {
        return Vec::new();
    }
    if n < all.len() {
        let (_, &mut last, _) = all.select_nth_unstable_by(n - 1, &order);
        let (mut before, mut tied) = (Vec::new(), Vec::new());
        for number in all {
            match order(&number, &last) {
                Ordering::Less => before.push(number),
                Ordering::Equal => tied.push(number),
                Ordering::Greater => {}
            }
        }
        let wanted = n.saturating_sub(before.len());
        if (1..tied.len()).contains(&wanted) {
            tied.select_nth_unstable_by(wanted - 1, &then);
        }
        tied.truncate(wanted);
        before.append(&mut tied);
        all = before;
    }
    all.sort_unstable_by(|a, b| order(a, b).then_with(|| then(a, b)));
    all
}

/// Compares two rows by some columns of the table; `cells` gives the values of both in a column.
fn by_cells(order: &[(Option<usize>, bool)], cells: impl Fn(usize) -> (Value, Value)) -> Ordering {
    let orders = order.iter().map(|&(at, descending)| {
        let (a, b) = at.map_or((Value::Null, Value::Null), &cells);
        compare_values(&a, &b, descending)
    });
    orders.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

/// The first `n` rows by some columns, ties as they came.
fn first_rows(mut rows: Rows, order: &[(Option<usize>, bool)], n: usize) -> Rows {
    let cell = |row: &[Value], at: usize| row.get(at).cloned().unwrap_or(Value::Null);
    rows.sort_by(|a, b| by_cells(order, |at| (cell(a, at), cell(b, at))));
    rows.truncate(n);
    rows
}
