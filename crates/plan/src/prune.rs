//! What can be proved of a filter without reading columns.

use gastrolog_format::row_group::{ColumnMeta, Header};
use gastrolog_format::words::{TypedWords, hash_folded};
use gastrolog_format::{FieldStats, Footer, RowGroupEntry, column::Encoding};
use gastrolog_query::{
    FieldMatch, FieldName, Filter, Literal, Number, Ordering, Predicate, TextMatch, required_words,
    required_words_of_value,
};

use crate::{Reason, RowGroupFacts};

/// What is known of a filter on a set of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No record matches, and why.
    Never(Reason),
    /// Every record matches.
    Always,
    /// Neither is certain.
    Maybe,
}

impl Proof {
    fn and(filters: &[Filter], prove: &mut dyn FnMut(&Filter) -> Proof) -> Proof {
        let mut all = Proof::Always;
        for filter in filters {
            match prove(filter) {
                never @ Proof::Never(_) => return never,
                Proof::Maybe => all = Proof::Maybe,
                Proof::Always => {}
            }
        }
        all
    }

    fn or(filters: &[Filter], prove: &mut dyn FnMut(&Filter) -> Proof) -> Proof {
        let mut none = None;
        let mut maybe = false;
        for filter in filters {
            match prove(filter) {
                Proof::Always => return Proof::Always,
                Proof::Maybe => maybe = true,
                Proof::Never(reason) => none = Some(reason),
            }
        }
        match none {
            Some(reason) if !maybe => Proof::Never(reason),
            _ => Proof::Maybe,
        }
    }

    fn not(self, reason: Reason) -> Proof {
        match self {
            Proof::Never(_) => Proof::Always,
            Proof::Always => Proof::Never(reason),
            Proof::Maybe => Proof::Maybe,
        }
    }
}

fn prove(filter: &Filter, reason: Reason, leaf: &mut dyn FnMut(&Filter) -> Proof) -> Proof {
    match filter {
        Filter::All => Proof::Always,
        Filter::And(parts) => Proof::and(parts, &mut |f| prove(f, reason, leaf)),
        Filter::Or(parts) => Proof::or(parts, &mut |f| prove(f, reason, leaf)),
        Filter::Not(inner) => prove(inner, reason, leaf).not(reason),
        Filter::Text(_) | Filter::Field(_) => leaf(filter),
    }
}

/// What the footer of a chunk proves of a filter.
pub fn prove_chunk(filter: &Filter, footer: &Footer) -> Proof {
    let rows = footer.rows();
    prove(filter, Reason::FieldValues, &mut |leaf| match leaf {
        Filter::Field(field) => prove_field_of_chunk(field, footer, rows),
        _ => Proof::Maybe,
    })
}

fn prove_field_of_chunk(field: &FieldMatch, footer: &Footer, rows: u64) -> Proof {
    if !footer.fields_complete {
        return Proof::Maybe;
    }
    let mut any = false;
    let mut possible = false;
    let mut certain = false;
    for (_, stats) in footer.fields.iter().filter(|(name, _)| field.field.matches(name)) {
        any = true;
        let (some, all) = prove_stats(&field.predicate, stats);
        possible |= some;
        certain |= all && !stats.several && stats.values == rows;
    }
    match (any, possible, certain) {
        (false, ..) => Proof::Never(Reason::NoSuchField),
        (_, false, _) => Proof::Never(Reason::FieldValues),
        (.., true) => Proof::Always,
        _ => Proof::Maybe,
    }
}

/// Whether some value may satisfy the predicate, and whether all surely do.
fn prove_stats(predicate: &Predicate, stats: &FieldStats) -> (bool, bool) {
    if let Some(counts) = &stats.counts {
        let some = counts.iter().any(|(v, _)| predicate.matches(v));
        let all = counts.iter().all(|(v, _)| predicate.matches(v));
        return (some || (stats.several && stats.values == 0), all && !counts.is_empty());
    }
    if let Some(range) = stats.int_range {
        return prove_range(predicate, range);
    }
    (true, *predicate == Predicate::Exists && stats.values > 0)
}

/// As [`prove_stats`] for integers between two bounds.
fn prove_range(predicate: &Predicate, (min, max): (i64, i64)) -> (bool, bool) {
    let number = |literal: &Literal| literal.number();
    match predicate {
        Predicate::Equal(literal) => match number(literal) {
            Some(n) => (Number::Int(min) <= n && n <= Number::Int(max), false),
            None => (true, false),
        },
        Predicate::Compare(order, literal) => match number(literal) {
            Some(n) => {
                let (low, high) = (Number::Int(min).compare(n), Number::Int(max).compare(n));
                let (some, all) = match order {
                    Ordering::Less | Ordering::LessOrEqual => (low, high),
                    Ordering::Greater | Ordering::GreaterOrEqual => (high, low),
                };
                (order.accepts(some), order.accepts(all))
            }
            None => (true, false),
        },
        _ => (true, *predicate == Predicate::Exists),
    }
}

/// What the filter of a row group proves of a query's filter, with no help but that of the footer: enough for most
/// searches of a rare word or value, and it spares the header.
pub fn prove_by_filter(
    filter: &Filter,
    footer: &Footer,
    entry: &RowGroupEntry,
    facts: &dyn RowGroupFacts,
) -> Result<Proof, String> {
    let mut failed = None;
    let mut may_contain = probe(facts, &mut failed);
    let proof = prove(filter, Reason::Header, &mut |leaf| match leaf {
        Filter::Text(text) => prove_text(text, entry.typed, &mut may_contain),
        Filter::Field(field) => prove_words_of_field(field, footer, entry.typed, &mut may_contain),
        _ => Proof::Maybe,
    });
    drop(may_contain);
    failed.map_or(Ok(proof), Err)
}

/// Asks the filter; an error is kept and proves nothing.
fn probe<'a>(facts: &'a dyn RowGroupFacts, failed: &'a mut Option<String>) -> impl FnMut(u64) -> bool + 'a {
    move |hash| {
        facts.may_contain(hash).unwrap_or_else(|e| {
            *failed = Some(e);
            true
        })
    }
}

/// A field's value must have words that the filter would know, if no value of the field is escaped.
fn prove_words_of_field(
    field: &FieldMatch,
    footer: &Footer,
    typed: TypedWords,
    may_contain: &mut dyn FnMut(u64) -> bool,
) -> Proof {
    let known = footer.fields_complete
        && footer
            .fields
            .iter()
            .filter(|(name, _)| field.field.matches(name))
            .all(|(_, stats)| !stats.escaped);
    let words = required_words_of_value(&field.predicate).unwrap_or_default();
    if known && words.iter().any(|w| !typed.may_have(w) && !may_contain(hash_folded(w))) {
        return Proof::Never(Reason::ValueFilter);
    }
    Proof::Maybe
}

/// What header and filter of a row group prove of a query's filter.
pub fn prove_row_group(filter: &Filter, facts: &dyn RowGroupFacts) -> Result<Proof, String> {
    let header = facts.header()?;
    let mut failed = None;
    let mut may_contain = probe(facts, &mut failed);
    let proof = prove(filter, Reason::Header, &mut |leaf| match leaf {
        Filter::Text(text) => prove_text(text, header.typed, &mut may_contain),
        Filter::Field(field) => prove_field(field, header, &mut may_contain),
        _ => Proof::Maybe,
    });
    drop(may_contain);
    failed.map_or(Ok(proof), Err)
}

fn prove_text(text: &TextMatch, typed: TypedWords, may_contain: &mut dyn FnMut(u64) -> bool) -> Proof {
    let absent =
        |w: &Vec<u8>, probe: &mut dyn FnMut(u64) -> bool| !typed.may_have(w) && !probe(hash_folded(w));
    if required_words(text).iter().any(|w| absent(w, may_contain)) {
        return Proof::Never(Reason::WordFilter);
    }
    Proof::Maybe
}

fn prove_field(field: &FieldMatch, header: &Header, may_contain: &mut dyn FnMut(u64) -> bool) -> Proof {
    let composite = header.composites.iter().any(|n| field.field.matches(n));
    if header.unparsed_rows > 0 || composite {
        return Proof::Maybe;
    }
    let mut any = false;
    for meta in columns_of(header, &field.field) {
        any = true;
        if column_may_match(&field.predicate, meta, header, may_contain) {
            return Proof::Maybe;
        }
    }
    Proof::Never(if any { Reason::ValueFilter } else { Reason::NoSuchField })
}

fn columns_of<'a>(header: &'a Header, name: &'a FieldName) -> impl Iterator<Item = &'a ColumnMeta> {
    header.columns.iter().filter(move |m| !m.key.name.is_empty() && name.matches(&m.key.name))
}

fn column_may_match(
    predicate: &Predicate,
    meta: &ColumnMeta,
    header: &Header,
    may_contain: &mut dyn FnMut(u64) -> bool,
) -> bool {
    if let Some(range) = meta.int_range {
        return prove_range(predicate, range).0;
    }
    if meta.escaped {
        return true;
    }
    if let Predicate::Equal(literal) = predicate {
        let whole = matches!(
            meta.encoding,
            Encoding::Constant | Encoding::Dictionary | Encoding::Hex | Encoding::Ipv4
        );
        if whole && literal.is_equal_by_bytes() {
            return may_contain(hash_folded(literal.text.as_bytes()));
        }
    }
    let words = required_words_of_value(predicate).unwrap_or_default();
    words.iter().all(|w| header.typed.may_have(w) || may_contain(hash_folded(w)))
}
