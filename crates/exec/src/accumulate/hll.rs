//! Approximate numbers of distinct values: HyperLogLog (Flajolet et al. 2007) with the estimator of Ertl 2017 ("New
//! cardinality estimation algorithms for HyperLogLog sketches"), which needs no tables of corrections.
//!
//! The estimate follows from the set of values alone, whatever the order in which they came or parts were merged.

use std::collections::HashSet;

use rapidhash::fast::RandomState;
use rapidhash::v3::rapidhash_v3;

/// Bits of a hash that choose the register.
const INDEX_BITS: u32 = 14;

/// How many registers there are: a standard error of 0.8 %.
const REGISTERS: usize = 1 << INDEX_BITS;

/// Bits of a hash of which the leading zeros are counted.
const RANK_BITS: usize = 64 - INDEX_BITS as usize;

/// Up to so many values are counted exactly, by their hashes.
const EXACT_MAX: usize = 1024;

/// A sketch of a set of values.
#[derive(Clone, Debug)]
pub(crate) enum HyperLogLog {
    /// The hashes of few values.
    Few(HashSet<u64, RandomState>),
    /// For each register the largest rank met.
    Registers(Box<[u8]>),
}

impl Default for HyperLogLog {
    fn default() -> HyperLogLog {
        HyperLogLog::Few(HashSet::default())
    }
}

impl HyperLogLog {
    pub(crate) fn add(&mut self, value: &[u8]) {
        self.add_hash(rapidhash_v3(value));
    }

    fn add_hash(&mut self, hash: u64) {
        match self {
            HyperLogLog::Few(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT_MAX {
                    let mut registers = vec![0; REGISTERS].into_boxed_slice();
                    hashes.iter().for_each(|&hash| put(&mut registers, hash));
                    *self = HyperLogLog::Registers(registers);
                }
            }
            HyperLogLog::Registers(registers) => put(registers, hash),
        }
    }

    pub(crate) fn merge(&mut self, other: HyperLogLog) {
        match (&mut *self, other) {
            (_, HyperLogLog::Few(hashes)) => hashes.into_iter().for_each(|hash| self.add_hash(hash)),
            (HyperLogLog::Registers(mine), HyperLogLog::Registers(others)) => {
                mine.iter_mut().zip(others).for_each(|(a, b)| *a = b.max(*a));
            }
            (HyperLogLog::Few(hashes), HyperLogLog::Registers(mut registers)) => {
                hashes.iter().for_each(|&hash| put(&mut registers, hash));
                *self = HyperLogLog::Registers(registers);
            }
        }
    }

    /// Memory, in numbers of eight bytes.
    pub(crate) fn held(&self) -> usize {
        match self {
            HyperLogLog::Few(hashes) => hashes.len(),
            HyperLogLog::Registers(_) => REGISTERS / 8,
        }
    }

    /// About how many distinct values there were.
    pub(crate) fn estimate(&self) -> u64 {
        let registers = match self {
            HyperLogLog::Few(hashes) => return hashes.len() as u64,
            HyperLogLog::Registers(registers) => registers,
        };
        let mut histogram = [0u32; RANK_BITS + 2];
        for &rank in registers {
            histogram.get_mut(rank as usize).into_iter().for_each(|n| *n += 1);
        }
        let m = REGISTERS as f64;
        let share = |rank: usize| f64::from(histogram.get(rank).copied().unwrap_or(0)) / m;
        let mut z = m * tau(1.0 - share(RANK_BITS + 1));
        for rank in (1..=RANK_BITS).rev() {
            z = 0.5 * (z + share(rank) * m);
        }
        z += m * sigma(share(0));
        (m * m / (2.0 * std::f64::consts::LN_2 * z)).round() as u64
    }
}

fn put(registers: &mut [u8], hash: u64) {
    let rank = ((hash << INDEX_BITS).leading_zeros() as usize).min(RANK_BITS) + 1;
    let register = registers.get_mut((hash >> RANK_BITS) as usize);
    register.into_iter().for_each(|r| *r = (rank as u8).max(*r));
}

/// The part of registers that were never met.
fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut y, mut z) = (x, 1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// The part of registers that cannot grow any more.
fn tau(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut z) = (x, 1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_near_and_do_not_depend_on_the_order() {
        for n in [0u64, 1, 100, 1024, 1025, 5_000, 50_000, 300_000] {
            let (mut whole, mut odd, mut even) =
                (HyperLogLog::default(), HyperLogLog::default(), HyperLogLog::default());
            for i in 0..n {
                let value = format!("user-{i}");
                whole.add(value.as_bytes());
                if i % 7 == 0 { odd.add(value.as_bytes()) } else { even.add(value.as_bytes()) }
            }
            even.merge(odd.clone());
            odd.merge(even.clone());
            assert_eq!(whole.estimate(), even.estimate());
            assert_eq!(whole.estimate(), odd.estimate());
            let error = (whole.estimate() as f64 - n as f64).abs() / n.max(1) as f64;
            assert!(error < 0.025, "{n}: {}", whole.estimate());
        }
    }
}
