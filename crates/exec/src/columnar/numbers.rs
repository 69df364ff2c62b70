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
            let exact = |m: &i64| m.unsigned_abs() >> EXACT_BITS == 0;
            if scales.iter().any(|&s| s > SCALE_MAX) || !mantissas.iter().all(exact) {
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
        // Numbers without a point are integers, whose sum is one.
        let mut whole: Sums = vec![(0, 0); grouped.keys.len()];
        let mut pointed = whole.clone();
        each_value(view, i, &grouped.rows, |k, rank| {
            if let Some((mantissa, scale)) = decimal(rank) {
                let sums = if scale == 0 { &mut whole } else { &mut pointed };
                let unit = if scale == 0 { 1 } else { power(SCALE_MAX - scale) };
                if let Some(sum) = sums.get_mut(grouped.group(k)) {
                    *sum = (sum.0 + i128::from(mantissa) * i128::from(unit), sum.1 + 1);
                }
            }
        })?;
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
