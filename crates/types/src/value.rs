//! A value in a table of results.

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
