//! A value in a table of results.

use std::borrow::Cow;

use crate::Timestamp;

/// A value in a table of results, or of a field that a stage of a query computed.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing (a field the record lacks, an aggregate of no values).
    Null,
    /// Bytes, mostly UTF-8. Truth is `true` and `false` as text.
    Text(Vec<u8>),
    /// An exact integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A time.
    Time(Timestamp),
}

/// Floats from here on have an exponent in their text; so have those below the inverse of [`FLOAT_PLAIN_MIN`].
const FLOAT_PLAIN_MAX: f64 = 1e21;

/// See [`FLOAT_PLAIN_MAX`].
const FLOAT_PLAIN_MIN: f64 = 1e-7;

impl Value {
    /// The canonical text of the value, by which it is filtered, joined and grouped: a number in its shortest decimal
    /// form, a time as RFC 3339 in UTC. `None` for [`Value::Null`].
    pub fn text(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Value::Null => None,
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Int(v) => Some(Cow::Owned(v.to_string().into_bytes())),
            Value::Float(v) => Some(Cow::Owned(float_text(*v).into_bytes())),
            Value::Time(t) => Some(Cow::Owned(t.to_string().into_bytes())),
        }
    }
}

fn float_text(float: f64) -> String {
    let plain = float == 0.0 || (FLOAT_PLAIN_MIN..FLOAT_PLAIN_MAX).contains(&float.abs());
    // Adding zero turns -0.0 into 0.0.
    if plain || !float.is_finite() { (float + 0.0).to_string() } else { format!("{float:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let text = |v: Value| v.text().map(|t| String::from_utf8_lossy(&t).into_owned());
        assert_eq!(text(Value::Null), None);
        assert_eq!(text(Value::Text(b"a b".to_vec())).as_deref(), Some("a b"));
        assert_eq!(text(Value::Int(-7)).as_deref(), Some("-7"));
        for (float, wanted) in [(0.5, "0.5"), (3.0, "3"), (-0.0, "0"), (1e21, "1e21"), (2e-9, "2e-9")] {
            assert_eq!(text(Value::Float(float)).as_deref(), Some(wanted));
        }
        for (ns, wanted) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_795_000_000_500_000_000, "2026-11-18T11:06:40.5Z"),
        ] {
            assert_eq!(text(Value::Time(Timestamp(ns))).as_deref(), Some(wanted));
            assert_eq!(crate::find_time(wanted.as_bytes(), Timestamp(0)), Some(Timestamp(ns)));
        }
    }
}
