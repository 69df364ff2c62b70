//! Stages: what is done with records after the filter.

use crate::{Expr, Filter, Query, Regex};

/// One step after the filter. Rows are records until a stage makes a table of them (`stats`, `timechart`, `top`,
/// `rare`, `fields`, `patterns`, `new`).
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// `stats`: aggregates, one row a group.
    Stats {
        /// What to compute.
        aggregates: Vec<Aggregate>,
        /// One group for each combination of these; empty: one group of all records.
        by: Vec<GroupKey>,
    },
    /// `timechart 5m …`: as `stats … by bin(5m), …`, in order of time, with rows for bins between the first and the
    /// last that have no record (counts 0, other results null), for each combination of `by` that occurs.
    Timechart {
        /// Width of a bin.
        width_ns: i64,
        /// What to compute.
        aggregates: Vec<Aggregate>,
        /// Fields to split by.
        by: Vec<String>,
    },
    /// `top 10 path by host` and `rare`: the most (least) frequent combinations of `fields`, in each group of `by`,
    /// with `count` and `percent` of the records of the group that have all the fields.
    Top {
        /// Rows a group.
        count: u64,
        /// What is counted.
        fields: Vec<String>,
        /// Groups.
        by: Vec<String>,
        /// The least frequent ones.
        rarest: bool,
    },
    /// `where`: keeps the rows that satisfy a filter of the query language, computed fields and columns included.
    Where(Filter),
    /// `eval a = …, b = …`: computes fields, one after the other.
    Eval(Vec<Assignment>),
    /// `extract /…(?<name>…)…/ from f`: fields from the parts of a text. Rows without a match stay as they are.
    Extract {
        /// How the text is cut.
        pattern: Extraction,
        /// Which field is cut; `_text` is the record.
        from: String,
    },
    /// `parse json from f as prefix`: fields from a value that is itself structured.
    Parse {
        /// Its format.
        format: ParseFormat,
        /// Which field is read; `_text` is the record.
        from: String,
        /// Goes before each name with a dot between; empty: nothing does.
        prefix: String,
    },
    /// `fields`: keeps these fields, in this order.
    Fields(Vec<String>),
    /// `rename old as new`.
    Rename(Vec<(String, String)>),
    /// `sort`: orders rows.
    Sort(Vec<SortKey>),
    /// `head`: keeps the first rows.
    Head(u64),
    /// `tail`: keeps the last rows.
    Tail(u64),
    /// `dedup 2 host, path`: keeps the first rows of each combination.
    Dedup {
        /// How many of each.
        count: u64,
        /// Fields whose values make the combination; rows that lack one count as having an empty value.
        fields: Vec<String>,
    },
    /// `sample 1/100`: keeps one row in so many, chosen by a hash of its sequence number (of its place, in a table).
    Sample(u64),
    /// `context 5`, `context before=2 after=3`: adds the records around each match that came from the same source
    /// (have the same attributes). Only as the first stage.
    Context {
        /// Records before each match, in write order.
        before: u64,
        /// Records after each match.
        after: u64,
    },
    /// `patterns of msg by level`: the shapes of messages with counts. Only as the first stage.
    Patterns {
        /// Of the values of this field; else of the message of each record.
        of: Option<String>,
        /// Fields to split by.
        by: Vec<String>,
    },
    /// `new of msg`: the patterns that do not occur in the window of the same length before the query's. Only as the first
    /// stage; the query must have a start.
    New {
        /// As in [`Stage::Patterns`].
        of: Option<String>,
    },
    /// `lookup hosts on ip as remote_addr fields name, rack`: adds columns of a table that was given by the user.
    Lookup {
        /// Name of the table.
        table: String,
        /// Column of the table that is looked in.
        key: String,
        /// Field whose value is looked up.
        field: String,
        /// Columns to add; empty: all others.
        fields: Vec<String>,
    },
    /// `join left on host (…)`: adds the columns of the rows of another query that have the same values.
    Join {
        /// What becomes of rows without a partner.
        kind: JoinKind,
        /// Names that both sides have.
        on: Vec<String>,
        /// The other query. It must end in a table.
        subquery: Box<Query>,
    },
}

/// What a join does with rows without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Drops them.
    Inner,
    /// Keeps them, without the other side's columns.
    Left,
}

/// `name = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The field that is made.
    pub name: String,
    /// Its value.
    pub expr: Expr,
}

/// How `extract` cuts a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Extraction {
    /// By the named groups of the first match of a regular expression.
    Regex(Regex),
    /// By a template such as `<method> <path> HTTP`: found anywhere in the text; each name takes as little as the
    /// literal that follows allows, the last one the rest when nothing follows.
    Template(Vec<TemplatePiece>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePiece {
    /// Stands in the text as it is.
    Literal(String),
    /// A part with a name; `<_>`, kept as an empty name, is skipped.
    Name(String),
}

/// Formats that `parse` knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseFormat {
    /// A JSON object.
    Json,
    /// `a=b c="d e"` with the rules of logfmt.
    Logfmt,
    /// Pairs in free text.
    Kv,
    /// One line of CSV (RFC 4180) with these names for its values.
    Csv(Vec<String>),
}

/// An aggregate function with its output name.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// What to compute.
    pub function: Function,
    /// Of which field; `None` only for `count()` and `rate()`.
    pub field: Option<String>,
    /// The name of the result: as given by `as`, else the call as written (`sum(bytes)`).
    pub alias: String,
}

/// Aggregate functions. A record that lacks the field does not count; of several values each counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// `count()`: records. `count(f)`: values of `f`.
    Count,
    /// Distinct values, exact.
    CountDistinct,
    /// Distinct values by HyperLogLog (Flajolet et al. 2007; 2^14 registers): standard error 0.8 %.
    CountDistinctApprox,
    /// Smallest: as numbers if every value is one, else as bytes.
    Min,
    /// Largest, likewise.
    Max,
    /// Sum of the values that are numbers.
    Sum,
    /// Mean of the values that are numbers.
    Avg,
    /// Standard deviation of the values that are numbers, of the population.
    StdDev,
    /// Exact quantile (nearest rank) of the values that are numbers, 0 to 1: `p99(f)` is 0.99, `median(f)` 0.5.
    Quantile(f64),
    /// Quantile by DDSketch (Masson et al. 2019) with a relative error of at most 1 %: `p99_approx(f)`.
    QuantileApprox(f64),
    /// The value of the oldest record that has the field.
    First,
    /// The value of the newest record that has the field.
    Last,
    /// Distinct values, smallest by bytes first, at most so many, with `, ` between: `values(f)`, `values(f, 20)`.
    Values(u64),
    /// Records, `rate(f)`: sum of the numbers, per second of this many nanoseconds: the bin of the group, else the
    /// query's span of time.
    Rate(i64),
}

/// What rows are grouped by.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupKey {
    /// The value of a field (its first value if there are several; empty where it is lacking).
    Field(String),
    /// The record's time, rounded down to a multiple of this many nanoseconds since the epoch.
    TimeBin(i64),
    /// `bin(bytes, 100)`: the field's first value, if it is a number, rounded down to a multiple of the width; empty
    /// else. The column has the name of the field.
    NumberBin {
        /// The field.
        field: String,
        /// The width, larger than 0.
        width: f64,
    },
}

/// One key to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// Field, attribute, or name of an aggregate.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}
