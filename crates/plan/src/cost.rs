//! What things cost: the model by which conditions are ordered and times are estimated.
//!
//! The figures were measured once on one core of a busy 2-core virtual machine (docs/explain.md has the queries); what
//! matters for the order is only how they relate.

use gastrolog_format::column::Encoding;
use gastrolog_format::row_group::{ColumnMeta, Header};
use gastrolog_query::{FieldMatch, Literal, Predicate, TextMatch, required_words};

/// Columns are decoded at 500 MB a second, as they lie in memory then.
pub(crate) const DECODE_NS_PER_BYTE: f64 = 2.0;
/// Opening a row group: its shapes, its look-ups in the cache.
pub(crate) const ROW_GROUP_NS: f64 = 50_000.0;
/// A row whose time is compared with the query's.
pub(crate) const TIME_TEST_NS: f64 = 1.0;
/// A text is put together and searched at 450 MB a second …
const TEXT_NS_PER_BYTE: f64 = 2.2;
/// … after this much for its row.
const TEXT_ROW_NS: f64 = 200.0;
/// A record is put together, with its times and attributes, and handed out.
pub(crate) const RECORD_NS: f64 = 800.0;
/// A record that waits in the log is parsed and tested.
pub(crate) const PENDING_NS: f64 = 1_500.0;
/// A row that goes into a group, for each key and each aggregate.
pub(crate) const GROUP_NS: f64 = 15.0;
/// A row whose pattern is counted.
pub(crate) const PATTERN_NS: f64 = 150.0;
/// A row of which it is only asked whether it has a field.
const EXISTS_NS: f64 = 0.3;
/// A row of a constant or of a dictionary: its id is looked up in a table of answers.
const DICTIONARY_NS: f64 = 1.0;
/// An integer compared with an integer.
const INTEGER_NS: f64 = 0.7;
/// A value of another typed column is written as text first.
const TYPED_NS: f64 = 120.0;
/// A value of a text column.
const TEXT_VALUE_NS: f64 = 60.0;
/// A value that a regular expression searches, more than any other test.
const REGEX_NS: f64 = 60.0;
/// A row in which one word is looked for, in literals and in the columns that may have it.
const WORD_NS: f64 = 80.0;
/// A row that was kept as text, without columns: its fields are looked for in it.
const UNPARSED_NS: f64 = 1_500.0;
/// Share of rows that are left to read whole after the words of a phrase or pattern were found.
const AFTER_WORDS: f64 = 0.02;
/// Bytes a row where they are not known.
const ROW_BYTES: f64 = 200.0;

/// Which part of a row group a condition looks at, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// Only at which rows have the field.
    Shapes,
    /// At a constant, or at a dictionary and its ids.
    Dictionary,
    /// At integers.
    Integers,
    /// At values of another type, each written as text.
    Typed,
    /// At texts of one column.
    Texts,
    /// At words, in literals and columns.
    Words,
    /// At whole texts, put together row by row.
    WholeTexts,
}

impl Looks {
    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Looks::Shapes => "shapes",
            Looks::Dictionary => "dictionary column",
            Looks::Integers => "integer column",
            Looks::Typed => "typed column",
            Looks::Texts => "text column",
            Looks::Words => "words in columns",
            Looks::WholeTexts => "whole texts",
        }
    }
}

/// What a condition costs, and what it looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RowCost {
    /// Of testing a row.
    pub(crate) nanos: f64,
    /// Of decoding the columns it looks at, for each row of the row group.
    pub(crate) decode_nanos: f64,
    pub(crate) looks: Looks,
}

fn decode_nanos<'h>(columns: impl Iterator<Item = &'h ColumnMeta>, header: &Header) -> f64 {
    let bytes: u64 = columns.map(decoded_bytes).sum();
    bytes as f64 * DECODE_NS_PER_BYTE / f64::from(header.rows.max(1))
}

/// A condition on texts; the header tells how long they are.
pub(crate) fn of_text(text: &TextMatch, header: Option<&Header>) -> RowCost {
    let bytes = header.map_or(ROW_BYTES, |h| h.raw_bytes as f64 / f64::from(h.rows.max(1)));
    let whole = TEXT_ROW_NS + bytes * TEXT_NS_PER_BYTE;
    let words = required_words(text);
    let may_have = |m: &&ColumnMeta| m.words.is_none_or(|kinds| words.iter().any(|w| kinds.may_have(w)));
    if words.is_empty() {
        let decode_nanos = header.map_or(0.0, |h| decode_nanos(h.columns.iter(), h));
        return RowCost { nanos: whole, decode_nanos, looks: Looks::WholeTexts };
    }
    let one_word =
        matches!(text, TextMatch::Phrase(p) if p.bytes().all(gastrolog_types::words::is_word_byte));
    let left = if one_word { 0.0 } else { AFTER_WORDS * whole };
    let nanos = words.len() as f64 * WORD_NS + left;
    let decode_nanos = header.map_or(0.0, |h| decode_nanos(h.columns.iter().filter(may_have), h));
    RowCost { nanos, decode_nanos, looks: Looks::Words }
}

/// A condition on a field, in a row group with this header.
pub(crate) fn of_field(field: &FieldMatch, header: Option<&Header>) -> RowCost {
    let Some(header) = header else { return of_column(&field.predicate, Encoding::Dictionary) };
    let rows = f64::from(header.rows.max(1));
    let named =
        || header.columns.iter().filter(|m| !m.key.name.is_empty() && field.field.matches(&m.key.name));
    let of_meta = |meta: &ColumnMeta| {
        let cost = of_column(&field.predicate, meta.encoding);
        RowCost { nanos: cost.nanos * f64::from(meta.values) / rows, ..cost }
    };
    let dearest = named().map(of_meta).max_by(|a, b| a.nanos.total_cmp(&b.nanos));
    let sum: f64 = named().map(|m| of_meta(m).nanos).sum();
    let composite = header.composites.iter().any(|n| field.field.matches(n));
    let apart = if composite { 1.0 } else { f64::from(header.unparsed_rows) / rows };
    let looks = if apart > 0.5 { Looks::WholeTexts } else { dearest.map_or(Looks::Shapes, |d| d.looks) };
    let decode_nanos = match (apart > 0.0, &field.predicate) {
        (true, _) => decode_nanos(header.columns.iter(), header),
        (false, Predicate::Exists) => 0.0,
        (false, _) => decode_nanos(named(), header),
    };
    RowCost { nanos: sum + apart * UNPARSED_NS + EXISTS_NS, decode_nanos, looks }
}

fn of_column(predicate: &Predicate, encoding: Encoding) -> RowCost {
    let regex = matches!(predicate, Predicate::Regex(_) | Predicate::NotRegex(_));
    let more = if regex { REGEX_NS } else { 0.0 };
    let (nanos, looks) = match (predicate, encoding) {
        (Predicate::Exists, _) => (EXISTS_NS, Looks::Shapes),
        (_, Encoding::Constant | Encoding::Dictionary) => (DICTIONARY_NS, Looks::Dictionary),
        (predicate, Encoding::Integer) if compares_numbers(predicate) => (INTEGER_NS, Looks::Integers),
        (_, Encoding::Text | Encoding::Pattern) => (TEXT_VALUE_NS + more, Looks::Texts),
        (_, _) => (TYPED_NS + more, Looks::Typed),
    };
    RowCost { nanos, decode_nanos: 0.0, looks }
}

fn compares_numbers(predicate: &Predicate) -> bool {
    let number = |l: &Literal| l.number().is_some();
    match predicate {
        Predicate::Equal(l) | Predicate::NotEqual(l) | Predicate::Compare(_, l) => number(l),
        _ => false,
    }
}

/// Bytes that a column takes in memory once it is decoded, likely.
pub(crate) fn decoded_bytes(meta: &ColumnMeta) -> u64 {
    let values = u64::from(meta.values);
    match meta.encoding {
        Encoding::Constant => 16,
        Encoding::Dictionary => 2 * values,
        Encoding::Integer | Encoding::Decimal | Encoding::Time => 8 * values,
        Encoding::Hex => meta.raw_bytes / 2,
        Encoding::Ipv4 => 4 * values,
        Encoding::Pattern | Encoding::Text => meta.raw_bytes + 4 * values,
    }
}
