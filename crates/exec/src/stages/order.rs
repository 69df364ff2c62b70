//! How values compare when rows are sorted.

use std::cmp::Ordering;

use gastrolog_query::{SortKey, parse_number};

use crate::Value;

/// Compares the sort keys of two rows.
pub(crate) fn compare_keys(a: &[Value], b: &[Value], keys: &[SortKey]) -> Ordering {
    let by_key = keys.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| compare(a, b, key.descending));
    by_key.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

/// Numbers by value before text by bytes; what is lacking comes last in either direction.
pub(crate) fn compare(a: &Value, b: &Value, descending: bool) -> Ordering {
    let lacking = |v: &Value| matches!(v, Value::Null);
    if lacking(a) || lacking(b) {
        return lacking(a).cmp(&lacking(b));
    }
    let order = rank(a).total_cmp(&rank(b)).then_with(|| text_of(a).cmp(text_of(b)));
    if descending { order.reverse() } else { order }
}

fn rank(value: &Value) -> f64 {
    match value {
        Value::Int(v) => *v as f64,
        Value::Float(v) => *v,
        Value::Time(t) => t.0 as f64,
        Value::Text(text) => parse_number(text).map_or(f64::INFINITY, |n| n.to_f64()),
        Value::Null => f64::INFINITY,
    }
}

fn text_of(value: &Value) -> &[u8] {
    if let Value::Text(text) = value { text } else { &[] }
}
