//! The syntax tree of a query. Times are resolved to absolute ones while parsing.

mod expr;
mod stage;

use gastrolog_types::Timestamp;

pub use crate::literal::Literal;

pub use expr::{BinaryOperator, Expr, ExprFunction};
pub use stage::{
    Aggregate, Assignment, Extraction, Function, GroupKey, JoinKind, ParseFormat, SortKey, Stage,
    TemplatePiece,
};

/// A whole query: which records, and what to do with them.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which records.
    pub filter: Filter,
    /// Between which times.
    pub time: TimeRange,
    /// What to do with them, in order.
    pub stages: Vec<Stage>,
}

/// Half-open range of time: `start <= t < end`; `None` is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// First time that is in.
    pub start: Option<Timestamp>,
    /// First time that is out.
    pub end: Option<Timestamp>,
}

/// A condition on one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every record (`*`).
    All,
    /// All of them hold.
    And(Vec<Filter>),
    /// At least one of them holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A condition on the text of the record.
    Text(TextMatch),
    /// A condition on a field or attribute: holds when *any* value of *any* field so named satisfies it.
    Field(FieldMatch),
}

/// A condition on the text of a record. ASCII case is ignored, except by a regex.
#[derive(Clone, Debug, PartialEq)]
pub enum TextMatch {
    /// The text contains these bytes; where they begin (end) with a word byte, a word begins (ends) there in the
    /// text. A word is a phrase of one word.
    Phrase(String),
    /// As a phrase, with `*` for any run of bytes that are not white space; no word border is asked for where
    /// the pattern begins or ends with `*`.
    Glob(Glob),
    /// A match of the regular expression somewhere in the text. Case-sensitive unless it says `(?i)`.
    Regex(Regex),
}

/// A condition on the values of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldMatch {
    /// Which field or attribute.
    pub field: FieldName,
    /// What its value must be.
    pub predicate: Predicate,
}

/// Names one field or several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldName {
    /// The field with exactly this path (`user.id`, `tags[]`).
    Exact(String),
    /// Every field whose path matches; `*` matches any run of bytes.
    Glob(Glob),
}

/// A condition on one value of a field: a function of the value's logical bytes alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// There is a value, if an empty one.
    Exists,
    /// Equal: byte for byte, or worth the same where the literal's kind has a worth (`1s` and `1000ms`); an address in
    /// the net.
    Equal(Literal),
    /// There is a value and it is not [`Predicate::Equal`].
    NotEqual(Literal),
    /// Smaller, larger: by what they are worth when the literal is of a kind that has a worth (values that are not of
    /// that kind do not match), else as bytes.
    Compare(Ordering, Literal),
    /// Equal to one of them.
    In(Vec<Literal>),
    /// The whole value matches; `*` matches any run of bytes. Case-sensitive.
    Glob(Glob),
    /// The whole value does not match the pattern.
    NotGlob(Glob),
    /// A match of the regular expression somewhere in the value.
    Regex(Regex),
    /// No match of it anywhere in the value.
    NotRegex(Regex),
}

/// The four inequalities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A pattern in which `*` stands for any run of bytes. `\*` is a star. Made by `Glob::new` or `Glob::from_pieces`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    /// The pieces between the stars: `a*b` is `["a", "b"]`, `*` is `["", ""]`. Always two or more.
    pub pieces: Vec<String>,
}

/// A compiled regular expression that compares by its source.
#[derive(Clone, Debug)]
pub struct Regex {
    /// As written between the slashes, but with a plain `/` for `\/`.
    pub source: String,
    /// Compiled with bounded size.
    pub compiled: regex::bytes::Regex,
    /// Whole words, in lower case, that every match has in it.
    pub(crate) words: Vec<Vec<u8>>,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Regex) -> bool {
        self.source == other.source
    }
}

/// What [`crate::matches`] needs to see of a record.
pub trait RecordView {
    /// The text, byte for byte.
    fn text(&self) -> &[u8];

    /// Calls `visit` with the path and the *logical* value (unescaped) of each field and attribute, repeated
    /// ones each time, until it returns `true`; returns whether it did.
    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool;
}
