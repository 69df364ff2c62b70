//! Hashes of the values of a column without writing them: that of a text is made from those of its parts.
//!
//! The hash is a polynomial in the bytes, so that `hash(a ++ b) = hash(a) · BASE^len(b) + hash(b)`. It says where to
//! look for equal values; whether they are equal is always asked of the values themselves.

use std::sync::LazyLock;

use gastrolog_format::column::{Column, Exceptions, Pattern};
use gastrolog_format::secret_hash;
use hashbrown::HashTable;

/// An odd number, another one in each process: nobody can send values that all have the same hash.
static BASE: LazyLock<u64> = LazyLock::new(|| secret_hash(b"base") | 1);

/// An odd number without structure (2^64 divided by the golden ratio).
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A text as a step from the hash of what stands before it: times the one, plus the other.
#[derive(Clone, Copy, Debug)]
struct Step {
    times: u64,
    plus: u64,
}

impl Step {
    /// That of no text.
    const NONE: Step = Step { times: 1, plus: 0 };

    fn of(text: &[u8]) -> Step {
        let base = *BASE;
        let step = |s: Step, &b: &u8| Step {
            times: s.times.wrapping_mul(base),
            plus: s.plus.wrapping_mul(base).wrapping_add(u64::from(b) + 1),
        };
        text.iter().fold(Step::NONE, step)
    }

    /// This text with another behind.
    fn and(self, then: Step) -> Step {
        Step { times: self.times.wrapping_mul(then.times), plus: then.after(self.plus) }
    }

    #[inline]
    fn after(self, hash: u64) -> u64 {
        hash.wrapping_mul(self.times).wrapping_add(self.plus)
    }
}

/// Steps of the numbers 0 to 999, as they are and with zeros before them.
static THREES: LazyLock<(Vec<Step>, Vec<Step>)> = LazyLock::new(|| {
    let plain = (0..1000).map(|n: u32| Step::of(n.to_string().as_bytes())).collect();
    let padded = (0..1000).map(|n: u32| Step::of(format!("{n:03}").as_bytes())).collect();
    (plain, padded)
});

/// The hash of a text.
pub(crate) fn hash(text: &[u8]) -> u64 {
    Step::of(text).after(0)
}

/// What `of` makes of the hash of each value of a column as it is stored.
pub(crate) fn hashes<T: Copy + Default>(column: &Column, of: impl Fn(u64) -> T) -> Vec<T> {
    if let Column::Pattern { patterns, ids, ranks, rest } = column {
        let of_pattern = |p: &Pattern| pattern_hashes(p).into_iter().map(&of).collect();
        let by_pattern: Vec<Vec<T>> = patterns.iter().map(of_pattern).collect();
        let of_row = |(i, &rank): (usize, &u32)| match by_pattern.get(ids.get(i) as usize).map(Vec::as_slice)
        {
            Some([only]) => *only,
            Some(of_pattern) => of_pattern.get(rank as usize).copied().unwrap_or_default(),
            None => of(hash(rest.get(rank as usize))),
        };
        return ranks.iter().enumerate().map(of_row).collect();
    }
    let mut hashes = vec![0; column.len()];
    append(column, Step::NONE, &mut hashes);
    hashes.into_iter().map(of).collect()
}

/// From the hashes of what stands before the values of a column to those with the values and `then` behind.
fn append(column: &Column, then: Step, before: &mut [u64]) {
    match column {
        Column::Constant { value, .. } => {
            let step = Step::of(value).and(then);
            before.iter_mut().for_each(|hash| *hash = step.after(*hash));
        }
        Column::Dictionary { values, ids } => {
            let steps: Vec<Step> = values.iter().map(|value| Step::of(value).and(then)).collect();
            for (i, hash) in before.iter_mut().enumerate() {
                let step = steps.get(ids.get(i) as usize);
                *hash = step.map_or(*hash, |step| step.after(*hash));
            }
        }
        Column::Integer { values, exceptions } => append_ints(values, exceptions, then, before),
        other => {
            let mut scratch = Vec::new();
            for (i, hash) in before.iter_mut().enumerate() {
                *hash = then.after(Step::of(other.value(i, &mut scratch)).after(*hash));
            }
        }
    }
}

fn append_ints(values: &[i64], exceptions: &Exceptions, then: Step, before: &mut [u64]) {
    let (plain, padded) = &*THREES;
    let step_of = |steps: &[Step], n: u64| steps.get(n as usize).copied().unwrap_or(Step::NONE);
    let minus = Step::of(b"-");
    let mut at = exceptions.rows.iter().zip(exceptions.values.iter()).peekable();
    for (i, (&value, hash)) in values.iter().zip(before).enumerate() {
        if let Some((_, text)) = at.next_if(|(row, _)| **row as usize == i) {
            *hash = then.after(Step::of(text).after(*hash));
            continue;
        }
        let first = if value < 0 { minus.after(*hash) } else { *hash };
        let n = value.unsigned_abs();
        let last = if n < 1000 {
            step_of(plain, n).after(first)
        } else if n < 1_000_000 {
            step_of(padded, n % 1000).after(step_of(plain, n / 1000).after(first))
        } else if n < 1_000_000_000 {
            let millions = step_of(plain, n / 1_000_000).after(first);
            step_of(padded, n % 1000).after(step_of(padded, n / 1000 % 1000).after(millions))
        } else {
            Step::of(n.to_string().as_bytes()).after(first)
        };
        *hash = then.after(last);
    }
}

/// The hash of each text of a pattern; one for all if it has no variables.
fn pattern_hashes(pattern: &Pattern) -> Vec<u64> {
    let rows = pattern.variables.first().map_or(1, Column::len);
    let mut hashes = vec![hash(pattern.literals.get(0)); rows];
    for (k, variable) in pattern.variables.iter().enumerate() {
        append(variable, Step::of(pattern.literals.get(k + 1)), &mut hashes);
    }
    hashes
}

/// Distinct values among some of a column.
#[derive(Debug, Default)]
pub(crate) struct DistinctValues {
    /// For each value that was looked at, which of the distinct ones it is.
    pub(crate) ids: Vec<u32>,
    /// For each distinct value, where in the column it stands first.
    pub(crate) firsts: Vec<u32>,
}

/// Finds equal values without writing them. Two that are not stored alike may count as different.
pub(crate) fn distinct(column: &Column, wanted: impl Iterator<Item = usize>) -> DistinctValues {
    let hashes = hashes(column, |hash| hash);
    let mut found = DistinctValues::default();
    let mut table: HashTable<(u32, u32)> = HashTable::new();
    for i in wanted {
        let hash = mix(hashes.get(i).copied().unwrap_or(0));
        let short = (hash >> 32) as u32;
        let firsts = &found.firsts;
        let same = |&(h, id): &(u32, u32)| {
            h == short && firsts.get(id as usize).is_some_and(|&first| same(column, first as usize, i))
        };
        let id = match table.find(hash, same) {
            Some(&(_, id)) => id,
            None => {
                let id = found.firsts.len() as u32;
                let hash_of = |&(_, id): &(u32, u32)| {
                    let first = found.firsts.get(id as usize).map_or(0, |&first| first as usize);
                    mix(hashes.get(first).copied().unwrap_or(0))
                };
                table.insert_unique(hash, (short, id), hash_of);
                found.firsts.push(i as u32);
                id
            }
        };
        found.ids.push(id);
    }
    found
}

/// Spreads a hash over all its bits.
#[inline]
pub(crate) fn mix(hash: u64) -> u64 {
    let product = u128::from(hash ^ hash >> 32) * u128::from(ODD);
    (product >> 64) as u64 ^ product as u64
}

/// Whether two values of a column are stored alike. Equal values that are not are told apart by what is made of them.
fn same(column: &Column, a: usize, b: usize) -> bool {
    if column.exceptions().is_some_and(|e| !e.rows.is_empty()) {
        return column.value(a, &mut Vec::new()) == column.value(b, &mut Vec::new());
    }
    match column {
        Column::Constant { .. } => true,
        Column::Dictionary { ids, .. } => ids.get(a) == ids.get(b),
        Column::Integer { values, .. } | Column::Time { ticks: values, .. } => values.get(a) == values.get(b),
        Column::Decimal { mantissas, scales, .. } => {
            mantissas.get(a) == mantissas.get(b) && scales.get(a) == scales.get(b)
        }
        Column::Hex { width, bytes, .. } => {
            bytes.get(a * width..(a + 1) * width) == bytes.get(b * width..(b + 1) * width)
        }
        Column::Ipv4 { values, .. } => values.get(a) == values.get(b),
        Column::Text(values) => values.get(a) == values.get(b),
        Column::Pattern { patterns, ids, ranks, rest } => {
            let rank = |i: usize| ranks.get(i).map_or(0, |&rank| rank as usize);
            let (x, y) = (rank(a), rank(b));
            ids.get(a) == ids.get(b)
                && match patterns.get(ids.get(a) as usize) {
                    Some(pattern) => pattern.variables.iter().all(|variable| same(variable, x, y)),
                    None => rest.get(x) == rest.get(y),
                }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{column, texts};
    use gastrolog_format::Strings;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hashes_are_those_of_the_texts(values in texts()) {
            let column = column(&values);
            for (value, got) in values.iter().zip(hashes(&column, |hash| hash)) {
                prop_assert_eq!(got, hash(value.as_bytes()), "{} in {:?}", value, column.encoding());
            }
            let found = distinct(&column, 0..values.len());
            let firsts: Strings = found.firsts.iter().map(|&i| values[i as usize].as_bytes()).collect();
            for (value, &id) in values.iter().zip(&found.ids) {
                prop_assert_eq!(firsts.get(id as usize), value.as_bytes());
            }
        }
    }
}
