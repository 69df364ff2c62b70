//! Which values of a column satisfy a predicate: once for each distinct value, by numbers where it compares them, by
//! the automaton where it is a regular expression, and value by value otherwise.

use gastrolog_chunk::ReadError;
use gastrolog_format::Ids;
use gastrolog_format::column::{Column, Exceptions};
use gastrolog_index::{Escape, unescape};
use gastrolog_query::{Number, Ordering, Predicate, Regex};

use crate::automaton::values_matching;
use crate::bits::Bits;
use crate::decimals::decimal_hits;
use crate::view::View;

/// The rows whose value in a column satisfies a predicate (of `among`, possibly others too).
pub(crate) fn rows_where(
    view: &View<'_>,
    i: u32,
    escape: Escape,
    predicate: &Predicate,
    among: &Bits,
) -> Result<Bits, ReadError> {
    if *predicate == Predicate::Exists {
        let values = view.header().columns.get(i as usize).map_or(0, |m| m.values as usize);
        return spread(view, i, Bits::all(values));
    }
    let matches = |value: &[u8]| !view.is_over(value.len()) && predicate.matches(&unescape(value, escape));
    if let Some(postings) = view.known_postings(i) {
        let wanted: Vec<bool> = postings.values().map(matches).collect();
        view.go_on()?;
        return spread(view, i, postings.rows_with(&wanted));
    }
    let column = view.column(i)?;
    let by_value = || match regex_of(view, i, escape, predicate) {
        Some((regex, wanted)) if is_dense(among) => {
            let hits = values_matching(view, column, regex);
            Ok(if wanted { hits } else { Bits::all(column.len()).without(&hits) })
        }
        _ => each_value(view, i, column, among, &matches),
    };
    let hits = match &**column {
        Column::Constant { value, rows } if matches(value) => Bits::all(*rows),
        Column::Constant { rows, .. } => Bits::none(*rows),
        Column::Dictionary { values, ids } => {
            let among = view.is_everywhere(i).then_some(among);
            // Values of a dictionary are tested once; then it is a matter of ids.
            let wanted: Vec<bool> = values.iter().map(matches).collect();
            match view.postings(i, values, ids) {
                Some(postings) => postings.rows_with(&wanted),
                None => rows_with_id(ids, &wanted, among),
            }
        }
        Column::Integer { values, exceptions } => match integer_hits(values, predicate) {
            Some(hits) => with_exceptions(hits, exceptions, &matches),
            None => by_value()?,
        },
        Column::Decimal { mantissas, scales, exceptions } => {
            match decimal_hits(mantissas, scales, predicate) {
                Some(hits) => with_exceptions(hits, exceptions, &matches),
                None => by_value()?,
            }
        }
        _ => by_value()?,
    };
    view.go_on()?;
    spread(view, i, hits)
}

/// The rows whose id is wanted. Only rows in `among` need be right, if it is given.
pub(crate) fn rows_with_id(ids: &Ids, wanted: &[bool], among: Option<&Bits>) -> Bits {
    let mut hits = wanted.iter().enumerate().filter(|(_, w)| **w).map(|(id, _)| id);
    let (first, more) = (hits.next(), hits.next().is_some());
    let is_wanted = |id: usize| wanted.get(id).copied().unwrap_or(false);
    match (ids, first) {
        (_, None) => Bits::none(ids.len()),
        (Ids::U8(ids), Some(id)) if !more => Bits::from_equal(ids, id as u8, among),
        (Ids::U8(ids), _) => {
            let mut table = [false; 256];
            table.iter_mut().enumerate().for_each(|(id, t)| *t = is_wanted(id));
            Bits::from_slice(ids, among, |&id| table[id as usize])
        }
        (Ids::U16(ids), Some(id)) if !more => Bits::from_slice(ids, among, |&i| i == id as u16),
        (Ids::U16(ids), _) => Bits::from_slice(ids, among, |&id| is_wanted(id as usize)),
        (Ids::U32(ids), _) => Bits::from_slice(ids, among, |&id| is_wanted(id as usize)),
    }
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

/// The expression of a predicate that is one of the values as they are stored, and whether it is to match.
fn regex_of<'p>(
    view: &View<'_>,
    i: u32,
    escape: Escape,
    predicate: &'p Predicate,
) -> Option<(&'p Regex, bool)> {
    let escaped = view.header().columns.get(i as usize).is_none_or(|m| m.escaped);
    match predicate {
        _ if escaped && escape != Escape::None => None,
        Predicate::Regex(regex) => Some((regex, true)),
        Predicate::NotRegex(regex) => Some((regex, false)),
        _ => None,
    }
}

/// Whether so many rows are left that work on whole columns pays.
pub(crate) fn is_dense(among: &Bits) -> bool {
    among.count() * 8 >= among.rows()
}

/// Tests every value whose row is in `among`.
fn each_value(
    view: &View<'_>,
    i: u32,
    column: &Column,
    among: &Bits,
    matches: &dyn Fn(&[u8]) -> bool,
) -> Result<Bits, ReadError> {
    let mut hits = Bits::none(column.len());
    let mut scratch = Vec::new();
    let mut test = |rank: usize| {
        if matches(column.value(rank, &mut scratch)) {
            hits.set(rank);
        }
    };
    if view.is_everywhere(i) {
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
    let bits = |test: &dyn Fn(i64) -> bool| Bits::from_slice(values, None, |&v| test(v));
    match predicate {
        Predicate::Equal(literal) => match literal.number()? {
            Number::Int(wanted) => Some(Bits::from_slice(values, None, |&v| v == wanted)),
            wanted => Some(bits(&|v| Number::Int(v).compare(wanted).is_eq())),
        },
        Predicate::NotEqual(literal) => {
            let wanted = literal.number()?;
            Some(bits(&|v| Number::Int(v).compare(wanted).is_ne()))
        }
        Predicate::Compare(order, literal) => match literal.number()? {
            Number::Int(bound) => Some(match order {
                Ordering::Less => Bits::from_slice(values, None, |&v| v < bound),
                Ordering::LessOrEqual => Bits::from_slice(values, None, |&v| v <= bound),
                Ordering::Greater => Bits::from_slice(values, None, |&v| v > bound),
                Ordering::GreaterOrEqual => Bits::from_slice(values, None, |&v| v >= bound),
            }),
            bound => Some(bits(&|v| order.accepts(Number::Int(v).compare(bound)))),
        },
        _ => None,
    }
}
