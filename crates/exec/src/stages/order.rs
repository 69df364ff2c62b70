//! How values compare when rows are sorted.

use std::cmp::Ordering;

use gastrolog_query::{Number, SortKey, parse_number};

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
    let order = match (number_of(a), number_of(b)) {
        (Some(a), Some(b)) => a.compare(b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    let order = order.then_with(|| text_of(a).cmp(text_of(b)));
    if descending { order.reverse() } else { order }
}

fn number_of(value: &Value) -> Option<Number> {
    match value {
        Value::Int(v) => Some(Number::Int(*v)),
        Value::Float(v) => v.is_finite().then_some(Number::Float(*v)),
        Value::Time(t) => Some(Number::Int(t.0)),
        Value::Text(text) => parse_number(text),
        Value::Null => None,
    }
}

fn text_of(value: &Value) -> &[u8] {
    if let Value::Text(text) = value { text } else { &[] }
}
