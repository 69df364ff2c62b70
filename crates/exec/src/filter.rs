//! Which rows of a row group match a filter. Exact: the same rows that `gastrolog_query::matches` selects.

use std::time::{Duration, Instant};

use gastrolog_chunk::ReadError;
use gastrolog_plan::Condition;
use gastrolog_query::{FieldMatch, Filter, TextMatch, required_words};

use crate::automaton::texts_matching;
use crate::bits::Bits;
use crate::fields::{Place, Places, Scratch, any_value};
use crate::values::{is_dense, rows_where};
use crate::view::View;
use crate::words::rows_with_word;

/// As [`select`] for all conditions of a plan, in its order, and tells by its place what each of them did.
pub(crate) fn select_told(
    view: &View<'_>,
    conditions: &[Condition],
    among: Bits,
    tell: &mut dyn FnMut(usize, usize, usize, Duration),
) -> Result<Bits, ReadError> {
    let mut left = among;
    for (place, condition) in conditions.iter().enumerate() {
        let (begin, rows_in) = (Instant::now(), left.count());
        left = select(view, &condition.filter, left)?;
        tell(place, rows_in, left.count(), begin.elapsed());
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
        // The plan has put the parts in the order that costs least.
        Filter::And(parts) => parts.iter().try_fold(among, |left, part| select(view, part, left)),
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
            let mut test = |value: &[u8]| !view.is_over(value.len()) && field.predicate.matches(value);
            if any_value(view, &field.field, &places, row, &mut scratch, &mut test)? {
                hits.set(row);
            }
        }
    }
    view.go_on()?;
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
        if !view.is_over(buffer.len()) && text.matches(&buffer) {
            hits.set(row);
        }
    }
    view.go_on()?;
    Ok(hits)
}

fn is_one_word(phrase: &str) -> bool {
    !phrase.is_empty() && phrase.bytes().all(gastrolog_types::words::is_word_byte)
}
