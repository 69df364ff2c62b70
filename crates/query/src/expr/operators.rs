//! Operators: logic, comparisons, arithmetic.

use std::cmp::Ordering;

use gastrolog_types::Value;

use super::read::{float, to_number, to_text, to_time, to_truth, truth};
use super::times::{difference, shifted};
use super::{Fields, numbers};
use crate::{BinaryOperator, Expr, Number};

pub(super) fn binary(operator: BinaryOperator, left: &Expr, right: &Expr, field: Fields<'_>) -> Value {
    let left = left.eval(field);
    match (operator, to_truth(&left)) {
        (BinaryOperator::And, Some(false)) | (BinaryOperator::Or, Some(true)) => left_truth(operator),
        (BinaryOperator::And | BinaryOperator::Or, known) => logic(operator, known, &right.eval(field)),
        _ => computed(operator, &left, &right.eval(field)),
    }
}

/// What the left side alone decides.
fn left_truth(operator: BinaryOperator) -> Value {
    truth(operator == BinaryOperator::Or)
}

/// The left side did not decide.
fn logic(operator: BinaryOperator, left: Option<bool>, right: &Value) -> Value {
    let decides = operator == BinaryOperator::Or;
    match (left, to_truth(right)) {
        (_, Some(right)) if right == decides => truth(decides),
        (Some(_), Some(right)) => truth(right),
        _ => Value::Null,
    }
}

pub(super) fn not(value: &Value) -> Value {
    to_truth(value).map_or(Value::Null, |is| truth(!is))
}

fn computed(operator: BinaryOperator, left: &Value, right: &Value) -> Value {
    let ordered = |holds: fn(Ordering) -> bool| compare(left, right).map_or(Value::Null, |o| truth(holds(o)));
    match operator {
        BinaryOperator::Equal => ordered(Ordering::is_eq),
        BinaryOperator::NotEqual => ordered(Ordering::is_ne),
        BinaryOperator::Less => ordered(Ordering::is_lt),
        BinaryOperator::LessOrEqual => ordered(Ordering::is_le),
        BinaryOperator::Greater => ordered(Ordering::is_gt),
        BinaryOperator::GreaterOrEqual => ordered(Ordering::is_ge),
        BinaryOperator::Add => sum(left, right),
        BinaryOperator::Subtract => less(left, right),
        BinaryOperator::Multiply => numeric(left, right, i64::checked_mul, |a, b| a * b),
        BinaryOperator::Divide => numeric(left, right, divided_evenly, |a, b| a / b),
        BinaryOperator::Remainder => numeric(left, right, numbers::remainder, |a, b| a % b),
        // Decided before.
        BinaryOperator::And | BinaryOperator::Or => Value::Null,
    }
}

/// None with a null, and for a time beside what is none.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if matches!(left, Value::Time(_)) || matches!(right, Value::Time(_)) {
        return Some(to_time(left)?.cmp(&to_time(right)?));
    }
    match (to_number(left), to_number(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(to_text(left)?.cmp(&to_text(right)?)),
    }
}

fn sum(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Time(time), seconds) | (seconds, Value::Time(time)) => shifted(*time, to_number(seconds), 1),
        _ => numeric(left, right, i64::checked_add, |a, b| a + b),
    }
}

fn less(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Time(time), right) => match to_number(right) {
            None => difference(Some(*time), to_time(right)),
            seconds => shifted(*time, seconds, -1),
        },
        (Value::Text(_), Value::Time(time)) if to_number(left).is_none() => {
            difference(to_time(left), Some(*time))
        }
        _ => numeric(left, right, i64::checked_sub, |a, b| a - b),
    }
}

/// Integers where that is exact.
fn numeric(
    left: &Value,
    right: &Value,
    exact: fn(i64, i64) -> Option<i64>,
    rounded: fn(f64, f64) -> f64,
) -> Value {
    let (Some(left), Some(right)) = (to_number(left), to_number(right)) else {
        return Value::Null;
    };
    if let (Number::Int(a), Number::Int(b)) = (left, right)
        && let Some(exact) = exact(a, b)
    {
        return Value::Int(exact);
    }
    float(rounded(left.to_f64(), right.to_f64()))
}

fn divided_evenly(a: i64, b: i64) -> Option<i64> {
    (numbers::remainder(a, b)? == 0).then(|| a.checked_div(b)).flatten()
}
