//! Aggregates of columns of integers and decimals, without writing the numbers as text. Each result is that of the texts.

use gastrolog_chunk::ReadError;
use gastrolog_format::column::Column;
use gastrolog_query::Number;

use super::Parts;
use super::group::Grouped;
use super::rows::each_value;
use crate::accumulate::Accumulator;
use crate::view::View;

/// A decimal whose digits are fewer bits than this is the quotient of two exact floats, which rounds as its text does.
const EXACT_BITS: u32 = 53;

/// Sums have nine digits after the point.
const SCALE_MAX: u8 = 9;

/// Powers of ten up to those of the scales above.
const POWERS: [i64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// Adds the numbers of a column, if they and the function are such that this can be done here.
pub(super) fn add(
    view: &View<'_>,
    i: u32,
    column: &Column,
    grouped: &Grouped,
    aggregate: usize,
    parts: &mut Parts,
) -> Result<bool, ReadError> {
    if !parts.get(0, aggregate).is_some_and(|a| a.is_numeric()) {
        return Ok(false);
    }
    match column {
        Column::Integer { values, exceptions } if exceptions.rows.is_empty() => {
            add_ints(view, i, values, grouped, aggregate, parts)?;
        }
        Column::Decimal { mantissas, scales, exceptions } if exceptions.rows.is_empty() => {
            let digits = all_digits(mantissas);
            if scales.iter().any(|&s| s > SCALE_MAX) || digits >> EXACT_BITS != 0 {
                return Ok(false);
            }
            add_decimals(view, i, (mantissas, scales), grouped, aggregate, parts)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Sum and number of values of a group.
type Sums = Vec<(i128, u64)>;

fn add_ints(
    view: &View<'_>,
    i: u32,
    values: &[i64],
    grouped: &Grouped,
    aggregate: usize,
    parts: &mut Parts,
) -> Result<(), ReadError> {
    let rows = &grouped.rows;
    match parts.get(0, aggregate) {
        Some(Accumulator::Sum(_) | Accumulator::Avg(_) | Accumulator::Rate { .. }) => {
            let mut sums: Sums = vec![(0, 0); grouped.keys.len()];
            each_value(view, i, rows, |k, rank| {
                if let (Some(sum), Some(&v)) = (sums.get_mut(grouped.group(k)), values.get(rank)) {
                    *sum = (sum.0 + i128::from(v), sum.1 + 1);
                }
            })?;
            for (target, (sum, n)) in parts.of(aggregate).zip(sums) {
                target.sum_mut().into_iter().for_each(|s| s.add_ints(sum, n));
            }
        }
        Some(Accumulator::Quantile { .. }) if grouped.of_row.is_empty() => {
            if let Some(Accumulator::Quantile { numbers, .. }) = parts.get(0, aggregate) {
                each_value(view, i, rows, |_, rank| {
                    values.get(rank).into_iter().for_each(|&v| numbers.add_int(v));
                })?;
            }
        }
        _ => {
            let number = |rank: usize| values.get(rank).map(|&v| Number::Int(v));
            add_each(view, i, grouped, aggregate, parts, number)?;
        }
    }
    Ok(())
}

fn add_decimals(
    view: &View<'_>,
    i: u32,
    (mantissas, scales): (&[i64], &[u8]),
    grouped: &Grouped,
    aggregate: usize,
    parts: &mut Parts,
) -> Result<(), ReadError> {
    let decimal = |rank: usize| mantissas.get(rank).copied().zip(scales.get(rank).copied());
    let power = |scale: u8| POWERS.get(scale as usize).copied().unwrap_or(1);
    if matches!(
        parts.get(0, aggregate),
        Some(Accumulator::Sum(_) | Accumulator::Avg(_) | Accumulator::Rate { .. })
    ) {
        let (whole, pointed) = sum_decimals(view, i, (mantissas, scales), grouped)?;
        for ((target, whole), pointed) in parts.of(aggregate).zip(whole).zip(pointed) {
            if let Some(sum) = target.sum_mut() {
                sum.add_ints(whole.0, whole.1);
                sum.add_billionths(pointed.0, pointed.1);
            }
        }
        return Ok(());
    }
    if matches!(parts.get(0, aggregate), Some(Accumulator::Deviation(_))) {
        return each_value(view, i, &grouped.rows, |k, rank| {
            if let (Some((mantissa, scale)), Some(Accumulator::Deviation(deviation))) =
                (decimal(rank), parts.get(grouped.group(k), aggregate))
            {
                let unit = i128::from(power(SCALE_MAX - scale));
                deviation.add_exact(i128::from(mantissa) * unit);
            }
        });
    }
    let number = |rank: usize| {
        decimal(rank).map(|(mantissa, scale)| match scale {
            0 => Number::Int(mantissa),
            _ => Number::Float(mantissa as f64 / power(scale) as f64),
        })
    };
    add_each(view, i, grouped, aggregate, parts, number)
}

/// The sums of the numbers without a point, which are integers and so is their sum; and those of the others, in
/// billionths.
fn sum_decimals(
    view: &View<'_>,
    i: u32,
    (mantissas, scales): (&[i64], &[u8]),
    grouped: &Grouped,
) -> Result<(Sums, Sums), ReadError> {
    let scale_most = scales.iter().copied().max().unwrap_or(0).min(SCALE_MAX);
    let unit = POWERS.get(scale_most as usize).copied().unwrap_or(1);
    // Half as many bits are enough for most columns, and a good deal faster.
    let most = u128::from(all_digits(mantissas)) * u128::from(unit.unsigned_abs()) * mantissas.len() as u128;
    let (whole, pointed) = if most <= i64::MAX as u128 {
        let (whole, pointed) = sum_as(view, i, (mantissas, scales), grouped, scale_most, i64::wrapping_mul)?;
        let wide = |sums: Vec<(i64, u64)>| sums.into_iter().map(|(sum, n)| (i128::from(sum), n)).collect();
        (wide(whole), wide(pointed))
    } else {
        let product = |mantissa: i64, unit: i64| i128::from(mantissa) * i128::from(unit);
        sum_as(view, i, (mantissas, scales), grouped, scale_most, product)?
    };
    let billionths = POWERS.get((SCALE_MAX - scale_most) as usize).copied().unwrap_or(1);
    let whole = whole.into_iter().map(|(sum, n): (i128, u64)| (sum / i128::from(unit), n)).collect();
    Ok((whole, pointed.into_iter().map(|(sum, n)| (sum * i128::from(billionths), n)).collect()))
}

/// Of each group the sum of the numbers without a point and of those with one, in units of the largest scale.
#[expect(clippy::type_complexity, reason = "the two are what it is for")]
fn sum_as<T: Copy + Default + std::ops::AddAssign>(
    view: &View<'_>,
    i: u32,
    (mantissas, scales): (&[i64], &[u8]),
    grouped: &Grouped,
    scale_most: u8,
    product: impl Fn(i64, i64) -> T,
) -> Result<(Vec<(T, u64)>, Vec<(T, u64)>), ReadError> {
    let unit = |scale: u8| POWERS.get(scale_most.saturating_sub(scale) as usize).copied().unwrap_or(1);
    let units: [i64; POWERS.len()] = std::array::from_fn(|scale| unit(scale as u8));
    let mut whole = vec![(T::default(), 0); grouped.keys.len()];
    let mut pointed = whole.clone();
    each_value(view, i, &grouped.rows, |k, rank| {
        if let (Some(&mantissa), Some(&scale)) = (mantissas.get(rank), scales.get(rank)) {
            let sums = if scale == 0 { &mut whole } else { &mut pointed };
            let unit = units.get(scale as usize).copied().unwrap_or(1);
            if let Some(sum) = sums.get_mut(grouped.group(k)) {
                sum.0 += product(mantissa, unit);
                sum.1 += 1;
            }
        }
    })?;
    Ok((whole, pointed))
}

/// All bits that are set in any of the numbers, sign aside: no number is larger.
fn all_digits(mantissas: &[i64]) -> u64 {
    mantissas.iter().fold(0, |digits, m| digits | m.unsigned_abs())
}

fn add_each(
    view: &View<'_>,
    i: u32,
    grouped: &Grouped,
    aggregate: usize,
    parts: &mut Parts,
    number: impl Fn(usize) -> Option<Number>,
) -> Result<(), ReadError> {
    each_value(view, i, &grouped.rows, |k, rank| {
        if let (Some(number), Some(target)) = (number(rank), parts.get(grouped.group(k), aggregate)) {
            target.add_number(number, 1);
        }
    })
}
