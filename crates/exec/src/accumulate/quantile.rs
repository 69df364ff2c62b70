//! Exact quantiles.

use gastrolog_query::Number;

use super::whole_or_float;
use crate::Value;

/// All numbers of a group, those that occur often with their counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    plain: Vec<f64>,
    weighted: Vec<(f64, u64)>,
}

impl Numbers {
    #[inline]
    pub(crate) fn add(&mut self, number: Number, weight: u64) {
        match weight {
            1 => self.plain.push(number.to_f64()),
            _ => self.weighted.push((number.to_f64(), weight)),
        }
    }

    pub(crate) fn merge(&mut self, other: Numbers) {
        if self.plain.is_empty() {
            self.plain = other.plain;
        } else {
            self.plain.extend(other.plain);
        }
        self.weighted.extend(other.weighted);
    }

    /// Memory, in values of 32 bytes.
    pub(crate) fn held(&self) -> usize {
        self.plain.len() / 4 + self.weighted.len() / 2
    }

    /// The value of nearest rank: the smallest that is not below `share` of all values.
    pub(crate) fn quantile(mut self, share: f64) -> Value {
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
