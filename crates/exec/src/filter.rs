//! Which rows of a row group match a filter. Exact: the same rows that `gastrolog_query::matches` selects.

use std::time::{Duration, Instant};

use gastrolog_chunk::ReadError;
use gastrolog_query::{FieldMatch, Filter, Predicate, TextMatch, required_words};

use crate::automaton::texts_matching;
use crate::bits::Bits;
use crate::fields::{Place, Places, Scratch, any_value};
use crate::values::{is_dense, rows_where};
use crate::view::View;
use crate::words::rows_with_word;

/// As [`select`] for a whole filter, and tells what each of its conditions did.
pub(crate) fn select_told(
    view: &View<'_>,
    filter: &Filter,
    among: Bits,
    tell: &mut dyn FnMut(&Filter, usize, usize, Duration),
) -> Result<Bits, ReadError> {
    let mut parts: Vec<&Filter> = match filter {
        Filter::And(parts) => parts.iter().collect(),
        Filter::All => Vec::new(),
        one => vec![one],
    };
    parts.sort_by_key(|f| cost(f));
    let mut left = among;
    for part in parts {
        let (begin, rows_in) = (Instant::now(), left.count());
        left = select(view, part, left)?;
        tell(part, rows_in, left.count(), begin.elapsed());
    }
    Ok(left)
}

/// The rows of `among` that match.
pub(crate) fn select(view: &View<'_>, filter: &Filter, among: Bits) -> Result<Bits, ReadError> {
    if among.is_none() {
        return Ok(among);
    }
    match filter {
        Filter::All => Ok(among),
        Filter::And(parts) => {
            let mut order: Vec<&Filter> = parts.iter().collect();
            order.sort_by_key(|f| cost(f));
            order.into_iter().try_fold(among, |left, part| select(view, part, left))
        }
        Filter::Or(parts) => {
            let mut left = among.clone();
            for part in parts {
                let hit = select(view, part, left.clone())?;
                left = left.without(&hit);
            }
            Ok(among.without(&left))
        }
        Filter::Not(inner) => {
            let hit = select(view, inner, among.clone())?;
            Ok(among.without(&hit))
        }
        Filter::Field(field) => select_field(view, field, among),
        Filter::Text(text) => select_text(view, text, among),
    }
}

/// Cheap conditions first: they leave fewer rows to the dear ones.
pub(crate) fn cost(filter: &Filter) -> u32 {
    match filter {
        Filter::All => 0,
        Filter::Field(f) => match f.predicate {
            Predicate::Exists => 1,
            Predicate::Equal(_) | Predicate::In(_) => 2,
            Predicate::NotEqual(_) | Predicate::Compare(..) => 3,
            Predicate::Glob(_) | Predicate::NotGlob(_) => 4,
            Predicate::Regex(_) | Predicate::NotRegex(_) => 5,
        },
        Filter::Text(TextMatch::Phrase(_)) => 6,
        Filter::Text(TextMatch::Glob(_)) => 7,
        Filter::Text(TextMatch::Regex(_)) => 8,
        Filter::Not(inner) => cost(inner),
        Filter::And(parts) | Filter::Or(parts) => parts.iter().map(cost).sum::<u32>() + 1,
    }
}

fn select_field(view: &View<'_>, field: &FieldMatch, among: Bits) -> Result<Bits, ReadError> {
    let places = Places::of(view, &field.field);
    let mut hits = Bits::none(among.rows());
    if places.is_nowhere() {
        return Ok(hits);
    }
    for (column, escape) in places.columns() {
        hits = hits.or(&rows_where(view, column, escape, &field.predicate, &among)?);
    }
    if places.any_unparsed || places.has_composites() {
        let mut scratch = Scratch::default();
        for row in among.iter().filter(|&row| !hits.has(row)).collect::<Vec<_>>() {
            let composite = places.in_row(view, row).iter().any(|p| matches!(p, Place::Composite { .. }));
            if !composite && !view.shape(row).unparsed {
                continue;
            }
            let mut test = |value: &[u8]| field.predicate.matches(value);
            if any_value(view, &field.field, &places, row, &mut scratch, &mut test)? {
                hits.set(row);
            }
        }
    }
    Ok(hits.and(&among))
}

fn select_text(view: &View<'_>, text: &TextMatch, among: Bits) -> Result<Bits, ReadError> {
    let mut candidates = among;
    for word in required_words(text) {
        candidates = rows_with_word(view, &word, candidates)?;
        if candidates.is_none() {
            return Ok(candidates);
        }
    }
    if let TextMatch::Phrase(phrase) = text
        && is_one_word(phrase)
    {
        return Ok(candidates);
    }
    let mut hits = Bits::none(candidates.rows());
    if let TextMatch::Regex(regex) = text
        && is_dense(&candidates)
    {
        let open;
        (hits, open) = texts_matching(view, regex)?;
        hits = hits.and(&candidates);
        candidates = candidates.and(&open);
    }
    let mut buffer = Vec::new();
    for row in candidates.iter() {
        buffer.clear();
        view.write_text(row, &mut buffer)?;
        if text.matches(&buffer) {
            hits.set(row);
        }
    }
    Ok(hits)
}

fn is_one_word(phrase: &str) -> bool {
    !phrase.is_empty() && phrase.bytes().all(gastrolog_types::words::is_word_byte)
}
