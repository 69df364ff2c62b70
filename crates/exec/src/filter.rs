//! Which rows of a row group match a filter. Exact: the same rows that `gastrolog_query::matches` selects.

use std::time::{Duration, Instant};

use gastrolog_chunk::ReadError;
use gastrolog_format::column::{Column, Exceptions};
use gastrolog_index::{Escape, unescape};
use gastrolog_query::{FieldMatch, Filter, Number, Ordering, Predicate, TextMatch, required_words};

use crate::bits::Bits;
use crate::decimals::decimal_hits;
use crate::fields::{Place, Places, Scratch, any_value};
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

/// The rows whose value in a column satisfies a predicate (of `among`, possibly others too).
fn rows_where(
    view: &View<'_>,
    i: u32,
    escape: Escape,
    predicate: &Predicate,
    among: &Bits,
) -> Result<Bits, ReadError> {
    let everywhere = view.is_everywhere(i);
    if *predicate == Predicate::Exists {
        return spread(
            view,
            i,
            Bits::all(view.header().columns.get(i as usize).map_or(0, |m| m.values as usize)),
        );
    }
    let column = view.column(i)?;
    let matches = |value: &[u8]| predicate.matches(&unescape(value, escape));
    let hits = match &**column {
        Column::Constant { value, rows } => {
            if matches(value) {
                Bits::all(*rows)
            } else {
                Bits::none(*rows)
            }
        }
        Column::Dictionary { values, ids } => {
            let wanted: Vec<bool> = values.iter().map(matches).collect();
            let wanted = |id: usize| wanted.get(id).copied().unwrap_or(false);
            match ids {
                gastrolog_format::Ids::U8(ids) => {
                    let mut table = [false; 256];
                    table.iter_mut().enumerate().for_each(|(id, t)| *t = wanted(id));
                    Bits::from_tests(ids.iter().map(|&id| table[id as usize]), ids.len())
                }
                ids => Bits::from_tests((0..ids.len()).map(|row| wanted(ids.get(row) as usize)), ids.len()),
            }
        }
        Column::Integer { values, exceptions } => match integer_hits(values, predicate) {
            Some(hits) => with_exceptions(hits, exceptions, &matches),
            None => each_value(view, i, column, among, everywhere, &matches)?,
        },
        Column::Decimal { mantissas, scales, exceptions } => {
            match decimal_hits(mantissas, scales, predicate) {
                Some(hits) => with_exceptions(hits, exceptions, &matches),
                None => each_value(view, i, column, among, everywhere, &matches)?,
            }
        }
        _ => each_value(view, i, column, among, everywhere, &matches)?,
    };
    spread(view, i, hits)
}

/// The hits among the values of a typed column, with those of its exceptions put right.
fn with_exceptions(mut hits: Bits, exceptions: &Exceptions, matches: &dyn Fn(&[u8]) -> bool) -> Bits {
    if exceptions.rows.is_empty() {
        return hits;
    }
    let mut odd = Bits::none(hits.rows());
    exceptions.rows.iter().for_each(|&row| odd.set(row as usize));
    hits = hits.without(&odd);
    for (&row, value) in exceptions.rows.iter().zip(exceptions.values.iter()) {
        if matches(value) {
            hits.set(row as usize);
        }
    }
    hits
}

/// Tests every value whose row is in `among`.
fn each_value(
    view: &View<'_>,
    i: u32,
    column: &Column,
    among: &Bits,
    everywhere: bool,
    matches: &dyn Fn(&[u8]) -> bool,
) -> Result<Bits, ReadError> {
    let mut hits = Bits::none(column.len());
    let mut scratch = Vec::new();
    let mut test = |rank: usize| {
        if matches(column.value(rank, &mut scratch)) {
            hits.set(rank);
        }
    };
    if everywhere {
        among.iter().for_each(&mut test);
    } else {
        let rows = view.rows_of(i)?;
        rows.iter().enumerate().filter(|&(_, &row)| among.has(row as usize)).for_each(|(rank, _)| test(rank));
    }
    Ok(hits)
}

/// From values of a column to the rows that have them.
fn spread(view: &View<'_>, i: u32, hits: Bits) -> Result<Bits, ReadError> {
    if view.is_everywhere(i) {
        return Ok(hits);
    }
    let mut rows = Bits::none(view.rows());
    let of = view.rows_of(i)?;
    hits.iter().filter_map(|rank| of.get(rank)).for_each(|&row| rows.set(row as usize));
    Ok(rows)
}

/// Which integers satisfy a predicate that compares numbers; `None` for other predicates. A loop for each
/// comparison, so that each is a few instructions a value.
fn integer_hits(values: &[i64], predicate: &Predicate) -> Option<Bits> {
    let bits = |test: &dyn Fn(i64) -> bool| Bits::from_tests(values.iter().map(|&v| test(v)), values.len());
    match predicate {
        Predicate::Equal(literal) => match literal.number()? {
            Number::Int(wanted) => Some(Bits::from_tests(values.iter().map(|&v| v == wanted), values.len())),
            wanted => Some(bits(&|v| Number::Int(v).compare(wanted).is_eq())),
        },
        Predicate::NotEqual(literal) => {
            let wanted = literal.number()?;
            Some(bits(&|v| Number::Int(v).compare(wanted).is_ne()))
        }
        Predicate::Compare(order, literal) => match literal.number()? {
            Number::Int(bound) => Some(match order {
                Ordering::Less => Bits::from_tests(values.iter().map(|&v| v < bound), values.len()),
                Ordering::LessOrEqual => Bits::from_tests(values.iter().map(|&v| v <= bound), values.len()),
                Ordering::Greater => Bits::from_tests(values.iter().map(|&v| v > bound), values.len()),
                Ordering::GreaterOrEqual => {
                    Bits::from_tests(values.iter().map(|&v| v >= bound), values.len())
                }
            }),
            bound => Some(bits(&|v| order.accepts(Number::Int(v).compare(bound)))),
        },
        _ => None,
    }
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
