//! What a query gives: records or rows of values.

use gastrolog_types::{Record, Timestamp};

/// By which of its three times a record is ordered and bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What the record says, else when it arrived. Ties by write order.
    #[default]
    Source,
    /// When it arrived. Ties by write order.
    Ingest,
    /// The order in which records were stored.
    Write,
}

/// A value in a table of results.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing (a field the record lacks, an aggregate of no values).
    Null,
    /// Bytes, mostly UTF-8.
    Text(Vec<u8>),
    /// An exact integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A time.
    Time(Timestamp),
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRecord {
    /// The record itself.
    pub record: Record,
    /// Its fields with their logical values, in the order of the text; empty unless asked for.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// One piece of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The column names of the table that follows (queries with `stats` or `fields`). Comes once, first.
    Columns(Vec<String>),
    /// A row of that table.
    Row(Vec<Value>),
    /// A record (queries without a stage that makes a table).
    Record(FoundRecord),
}
