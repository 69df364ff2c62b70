//! What things cost: the model by which conditions are ordered and times are estimated.
//!
//! The figures were measured once on one core of a 2-core virtual machine (docs/explain.md says how); what matters
//! for the order is only how they relate.

use gastrolog_format::column::Encoding;
use gastrolog_format::row_group::Header;
use gastrolog_query::{FieldMatch, Literal, Predicate, TextMatch, required_words};

/// Columns are decoded at 1.2 GB a second.
pub(crate) const DECODE_NS_PER_BYTE: f64 = 0.8;
/// Opening a row group: its shapes, its look-ups in the cache.
pub(crate) const ROW_GROUP_NS: f64 = 30_000.0;
/// A row whose time is compared with the query's.
pub(crate) const TIME_TEST_NS: f64 = 1.0;
/// A text is put together and searched at 600 MB a second …
const TEXT_NS_PER_BYTE: f64 = 1.7;
/// … after this much for its row.
const TEXT_ROW_NS: f64 = 150.0;
/// A record is put together, with its times and attributes, and handed out.
pub(crate) const RECORD_NS: f64 = 1_500.0;
/// A record that waits in the log is parsed and tested.
pub(crate) const PENDING_NS: f64 = 1_500.0;
/// A row that goes into a group of `stats`, from columns.
pub(crate) const GROUP_NS: f64 = 8.0;
/// A row of which it is only asked whether it has a field.
const EXISTS_NS: f64 = 0.3;
/// A row of a constant or of a dictionary: its id is looked up in a table of answers.
const DICTIONARY_NS: f64 = 0.6;
/// An integer compared with an integer.
const INTEGER_NS: f64 = 0.5;
/// A value of another typed column is written as text first.
const TYPED_NS: f64 = 40.0;
/// A value of a text column.
const TEXT_VALUE_NS: f64 = 25.0;
/// A value that a regular expression searches, more than any other test.
const REGEX_NS: f64 = 60.0;
/// A row in which one word is looked for, in literals and in the columns that may have it.
const WORD_NS: f64 = 15.0;
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

/// What a condition on one row costs, and what it looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RowCost {
    pub(crate) nanos: f64,
    pub(crate) looks: Looks,
}

/// A condition on texts; the header tells how long they are.
pub(crate) fn of_text(text: &TextMatch, header: Option<&Header>) -> RowCost {
    let bytes = header.map_or(ROW_BYTES, |h| h.raw_bytes as f64 / f64::from(h.rows.max(1)));
    let whole = TEXT_ROW_NS + bytes * TEXT_NS_PER_BYTE;
    let words = required_words(text).len() as f64;
    match text {
        _ if words == 0.0 => RowCost { nanos: whole, looks: Looks::WholeTexts },
        TextMatch::Phrase(p) if words == 1.0 && p.bytes().all(gastrolog_types::words::is_word_byte) => {
            RowCost { nanos: WORD_NS, looks: Looks::Words }
        }
        _ => RowCost { nanos: words * WORD_NS + AFTER_WORDS * whole, looks: Looks::Words },
    }
}

/// A condition on a field, in a row group with this header.
pub(crate) fn of_field(field: &FieldMatch, header: Option<&Header>) -> RowCost {
    let Some(header) = header else { return of_column(&field.predicate, Encoding::Dictionary) };
    let rows = f64::from(header.rows.max(1));
    let mut sum = 0.0;
    let mut dearest: Option<RowCost> = None;
    let named = header.columns.iter().filter(|m| !m.key.name.is_empty() && field.field.matches(&m.key.name));
    for meta in named {
        let cost = of_column(&field.predicate, meta.encoding);
        let here = RowCost { nanos: cost.nanos * f64::from(meta.values) / rows, ..cost };
        sum += here.nanos;
        if dearest.is_none_or(|d| here.nanos > d.nanos) {
            dearest = Some(here);
        }
    }
    let composite = header.composites.iter().any(|n| field.field.matches(n));
    let apart = if composite { 1.0 } else { f64::from(header.unparsed_rows) / rows };
    let looks = if apart > 0.5 { Looks::WholeTexts } else { dearest.map_or(Looks::Shapes, |d| d.looks) };
    RowCost { nanos: sum + apart * UNPARSED_NS + EXISTS_NS, looks }
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
    RowCost { nanos, looks }
}

fn compares_numbers(predicate: &Predicate) -> bool {
    let number = |l: &Literal| l.number().is_some();
    match predicate {
        Predicate::Equal(l) | Predicate::NotEqual(l) | Predicate::Compare(_, l) => number(l),
        _ => false,
    }
}

/// Bytes that a column takes in memory once it is decoded, likely.
pub(crate) fn decoded_bytes(encoding: Encoding, values: u64, raw_bytes: u64) -> u64 {
    match encoding {
        Encoding::Constant => 16,
        Encoding::Dictionary => 2 * values,
        Encoding::Integer | Encoding::Decimal | Encoding::Time => 8 * values,
        Encoding::Hex => raw_bytes / 2,
        Encoding::Ipv4 => 4 * values,
        Encoding::Pattern | Encoding::Text => raw_bytes + 4 * values,
    }
}
