//! Sequences of integers as byte planes: all low bytes, then all second bytes, and so on, each plane compressed
//! by itself. Values are stored relative to the smallest, or as differences from the one before.

use std::sync::LazyLock;

use crate::bytes::{unzigzag, zigzag};
use crate::compress::{self, Compressor, get};
use crate::{Corrupt, Reader, Result, Writer};

const PLAIN: u8 = 0;
const DELTA: u8 = 1;

/// Bits that an order-0 coder needs for a plane with this histogram.
pub(crate) fn entropy_bits(counts: impl Iterator<Item = u32>, total: usize) -> f64 {
    let total = total as f64;
    total * total.max(1.0).log2() - counts.filter(|&c| c > 1).map(count_log2).sum::<f64>()
}

/// Counts below this have their term in a table: the logarithm was most of what an estimate took.
const TABLE_LEN: usize = 2049;

static COUNT_LOG2: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..TABLE_LEN).map(|c| (c as f64) * (c.max(1) as f64).log2()).collect());

/// *c* · log2 *c*
#[inline]
fn count_log2(count: u32) -> f64 {
    let known = COUNT_LOG2.get(count as usize).copied();
    known.unwrap_or_else(|| f64::from(count) * f64::from(count).log2())
}

/// Most values that an estimate looks at.
const SAMPLE: usize = 2048;

/// Estimated bits of `n` values as planes, from a sample of them.
fn estimate_bits(sample: &[u64], n: usize) -> f64 {
    let planes = plane_count(sample.iter().fold(0, |all, v| all | v));
    let plane_bits = |p: usize| {
        let mut histogram = [0u32; 256];
        for v in sample {
            if let Some(count) = histogram.get_mut((v >> (8 * p)) as usize & 0xff) {
                *count += 1;
            }
        }
        entropy_bits(histogram.iter().copied(), sample.len())
    };
    (0..planes).map(plane_bits).sum::<f64>() * n as f64 / sample.len().max(1) as f64
}

/// How many byte planes values take whose bits are those of `all`.
fn plane_count(all: u64) -> usize {
    8 - all.leading_zeros() as usize / 8
}

/// Estimated bytes that [`put`] will take.
pub(crate) fn estimate_bytes(values: &[i64]) -> usize {
    let (plain, delta) = estimates(values);
    (plain.min(delta) / 8.0) as usize
}

fn estimates(values: &[i64]) -> (f64, f64) {
    let min = values.iter().copied().min().unwrap_or(0);
    // By pairs, so that differences are those between neighbours.
    let pairs = || values.windows(2).step_by(values.len() / SAMPLE + 1);
    let plain = pairs().filter_map(|w| Some(w.last()?.wrapping_sub(min) as u64));
    let delta = pairs().filter_map(|w| Some(zigzag(w.last()?.wrapping_sub(*w.first()?))));
    let bits = |sample: Vec<u64>| estimate_bits(&sample, values.len());
    (bits(plain.collect()), bits(delta.collect()))
}

fn deltas(values: &[i64]) -> impl Iterator<Item = u64> + Clone + '_ {
    let before = values.first().copied().into_iter().chain(values.iter().copied());
    values.iter().zip(before).map(|(&v, b)| zigzag(v.wrapping_sub(b)))
}

/// Appends `values` in the form that is estimated smaller.
pub(crate) fn put(values: &[i64], c: &mut Compressor, out: &mut Vec<u8>) {
    let (plain, delta) = estimates(values);
    if delta < plain {
        out.put_u8(DELTA);
        out.put_signed(values.first().copied().unwrap_or(0));
        let wide: Vec<u64> = deltas(values).collect();
        put_planes(&wide, c, out);
    } else {
        let min = values.iter().copied().min().unwrap_or(0);
        out.put_u8(PLAIN);
        out.put_signed(min);
        let wide: Vec<u64> = values.iter().map(|&v| v.wrapping_sub(min) as u64).collect();
        put_planes(&wide, c, out);
    }
}

/// Reads `n` values.
pub(crate) fn get_ints(r: &mut Reader<'_>, n: usize) -> Result<Vec<i64>> {
    let form = r.u8()?;
    let base = r.signed()?;
    let mut wide = get_planes(r, n)?;
    match form {
        PLAIN => wide.iter_mut().for_each(|v| *v = v.wrapping_add(base as u64)),
        DELTA => {
            let mut at = base;
            for v in &mut wide {
                at = at.wrapping_add(unzigzag(*v));
                *v = at as u64;
            }
        }
        _ => return Err(Corrupt("unknown form of integers")),
    }
    Ok(wide.into_iter().map(|v| v as i64).collect())
}

/// Passes over values.
pub(crate) fn skip(r: &mut Reader<'_>) -> Result<()> {
    r.u8()?;
    r.signed()?;
    let planes = r.u8()?;
    (0..planes).try_for_each(|_| compress::skip(r))
}

/// Appends unsigned values as planes; the number of planes comes first.
pub(crate) fn put_planes(values: &[u64], c: &mut Compressor, out: &mut Vec<u8>) {
    let all = values.iter().fold(0u64, |a, &v| a | v);
    let planes = plane_count(all);
    out.put_u8(planes as u8);
    let mut plane = Vec::with_capacity(values.len());
    for p in 0..planes {
        plane.clear();
        plane.extend(values.iter().map(|&v| (v >> (8 * p)) as u8));
        c.put(&plane, out);
    }
}

/// Reads `n` unsigned values.
pub(crate) fn get_planes(r: &mut Reader<'_>, n: usize) -> Result<Vec<u64>> {
    let planes = r.u8()?;
    if planes > 8 {
        return Err(Corrupt("too many byte planes"));
    }
    let mut values = vec![0u64; n];
    for p in 0..planes {
        let plane = get(r, n)?;
        if plane.len() != n {
            return Err(Corrupt("a byte plane has the wrong length"));
        }
        for (v, b) in values.iter_mut().zip(plane) {
            *v |= u64::from(b) << (8 * p);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_come_back() {
        for values in [vec![], vec![i64::MIN, i64::MAX, 0, -1], (0..5000).map(|i| i * 1000).collect()] {
            let mut out = Vec::new();
            put(&values, &mut Compressor::new(3), &mut out);
            assert_eq!(get_ints(&mut Reader::new(&out), values.len()).unwrap(), values);
        }
    }
}
