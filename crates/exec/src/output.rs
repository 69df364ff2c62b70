//! What a query gives: records or rows of values.

use gastrolog_types::Record;

pub use gastrolog_types::Value;

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

/// A record of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRecord {
    /// The record itself.
    pub record: Record,
    /// Its fields with their logical values, in the order of the text; empty unless asked for.
    pub fields: Vec<(String, Vec<u8>)>,
    /// Fields that stages of the query computed (`eval`, `extract`, `lookup` …), in the order they were made. They
    /// come before fields and attributes of the same name.
    pub computed: Vec<(String, Value)>,
    /// For queries with `context`: the number of the stretch of neighbours it belongs to, and whether it matched
    /// itself or only stands near one that did.
    pub context: Option<InContext>,
}

/// The place of a record among the neighbours of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InContext {
    /// Stretches of neighbours are numbered from 0 in the order of the answer.
    pub stretch: u64,
    /// Whether the record itself matched.
    pub matched: bool,
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
    /// Something that whoever reads should know now rather than at the end.
    Notice(String),
}

/// A table that a stage of the query looks in: that of a `lookup`, the answer of the subquery of a `join`, the patterns
/// known before the window of `new`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SideTable {
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
}
