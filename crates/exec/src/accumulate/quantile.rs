//! Exact quantiles.

use gastrolog_query::Number;

use super::whole_or_float;
use crate::Value;

/// Integers from 0 up to here are counted in a table, once there are many of them.
const TABLE_MAX: usize = 1 << 18;

/// So many numbers are kept as they are before a table is made.
const PLAIN_MAX: usize = 1 << 12;

/// All numbers of a group, those that occur often with their counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    plain: Vec<f64>,
    weighted: Vec<(f64, u64)>,
    /// How often each small integer occurs, as far as they are not in the other two.
    table: Vec<u64>,
}

impl Numbers {
    #[inline]
    pub(crate) fn add(&mut self, number: Number, weight: u64) {
        match weight {
            1 => self.plain.push(number.to_f64()),
            _ => self.weighted.push((number.to_f64(), weight)),
        }
    }

    /// Adds an integer of a group that is likely to have many.
    #[inline]
    pub(crate) fn add_int(&mut self, value: i64) {
        match usize::try_from(value) {
            Ok(small) if small < self.table.len() => {
                self.table.get_mut(small).into_iter().for_each(|n| *n += 1);
            }
            Ok(small) if small < TABLE_MAX && self.plain.len() >= PLAIN_MAX => {
                self.table.resize((small + 1).next_power_of_two(), 0);
                self.add_int(value);
            }
            _ => self.plain.push(value as f64),
        }
    }

    /// The counts of the table as numbers with weights.
    fn tabled(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.table.iter().enumerate().filter(|(_, n)| **n > 0).map(|(value, &n)| (value as f64, n))
    }

    pub(crate) fn merge(&mut self, mut other: Numbers) {
        if self.table.len() < other.table.len() {
            std::mem::swap(&mut self.table, &mut other.table);
        }
        self.table.iter_mut().zip(other.table).for_each(|(a, b)| *a += b);
        if self.plain.is_empty() {
            self.plain = other.plain;
        } else {
            self.plain.extend(other.plain);
        }
        self.weighted.extend(other.weighted);
    }

    /// Memory, in values of 32 bytes.
    pub(crate) fn held(&self) -> usize {
        self.plain.len() / 4 + self.weighted.len() / 2 + self.table.len() / 4
    }

    /// About what it takes in memory; the first of a few numbers makes room for four.
    pub(crate) fn bytes(&self) -> usize {
        let first = if self.plain.is_empty() { 0 } else { 48 };
        let lists = 16 * self.plain.len() + 32 * self.weighted.len() + 8 * self.table.len();
        size_of::<Numbers>() + first.max(lists)
    }

    /// The value of nearest rank: the smallest that is not below `share` of all values.
    pub(crate) fn quantile(mut self, share: f64) -> Value {
        let tabled: Vec<(f64, u64)> = self.tabled().collect();
        self.weighted.extend(tabled);
        let n = self.plain.len() as u64 + self.weighted.iter().map(|&(_, w)| w).sum::<u64>();
        if n == 0 {
            return Value::Null;
        }
        let rank = ((share * n as f64).ceil() as u64).clamp(1, n);
        if self.weighted.is_empty() {
            let (_, value, _) = self.plain.select_nth_unstable_by(rank as usize - 1, f64::total_cmp);
            return whole_or_float(*value);
        }
        let mut weighted = self.weighted;
        weighted.extend(self.plain.into_iter().map(|v| (v, 1)));
        weighted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut seen = 0;
        let found = weighted.iter().find(|&&(_, w)| {
            seen += w;
            seen >= rank
        });
        found.map_or(Value::Null, |&(v, _)| whole_or_float(v))
    }
}
