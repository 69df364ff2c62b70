//! Which rows have a word somewhere in their text, found in literals and columns without splicing.

use gastrolog_chunk::ReadError;
use gastrolog_format::column::{Column, Exceptions};
use gastrolog_format::words::TypedWords;
use gastrolog_types::words::contains_word;

use crate::bits::Bits;
use crate::view::View;

/// The rows of `among` whose text has `word` (folded to lower case) as a whole word.
pub(crate) fn rows_with_word(view: &View<'_>, word: &[u8], among: Bits) -> Result<Bits, ReadError> {
    let shapes = &view.shapes.shapes;
    let literal: Vec<bool> =
        shapes.iter().map(|s| s.literals.iter().any(|l| contains_word(l, word))).collect();
    let of_shape = |row: usize| view.shape_ids.get(row) as usize;
    let mut hits = if literal.iter().any(|&has| has) {
        Bits::from_tests((0..view.rows()).map(|row| literal.get(of_shape(row)) == Some(&true)), view.rows())
    } else {
        Bits::none(view.rows())
    };
    let may_have = |i: &u32| {
        let meta = view.header().columns.get(*i as usize);
        meta.and_then(|m| m.words).is_none_or(|kinds| kinds.may_have(word))
    };
    for i in slot_columns(view).into_iter().filter(may_have) {
        let found = values_with_word(view.column(i)?, word);
        match (found, view.is_everywhere(i)) {
            (None, _) => {}
            (Some(values), true) => hits = hits.or(&values),
            (Some(values), false) => {
                let rows = view.rows_of(i)?;
                values.iter().filter_map(|v| rows.get(v)).for_each(|&row| hits.set(row as usize));
            }
        }
    }
    // A word may stand across the border of a value: such rows are read whole.
    if shapes.iter().any(|s| s.unaligned) {
        let mut text = Vec::new();
        for row in among.iter().filter(|&row| view.shape(row).unaligned) {
            text.clear();
            view.write_text(row, &mut text)?;
            if contains_word(&text, word) {
                hits.set(row);
            }
        }
        let wrong = |row: &usize| view.shape(*row).unaligned;
        // A value that begins in the middle of a word is no word by itself.
        let mut cleared = Bits::none(view.rows());
        for row in hits.iter().filter(wrong).collect::<Vec<_>>() {
            text.clear();
            view.write_text(row, &mut text)?;
            if !contains_word(&text, word) {
                cleared.set(row);
            }
        }
        hits = hits.without(&cleared);
    }
    Ok(hits.and(&among))
}

/// Columns that stand in the text of some shape.
fn slot_columns(view: &View<'_>) -> Vec<u32> {
    let mut columns: Vec<u32> = view.shapes.shapes.iter().flat_map(|s| s.slots.iter().copied()).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The values of a column that have the word; `None` for none.
fn values_with_word(column: &Column, word: &[u8]) -> Option<Bits> {
    let has = |value: &[u8]| contains_word(value, word);
    let hits = match column {
        Column::Constant { value, rows } => {
            if !has(value) {
                return None;
            }
            Bits::all(*rows)
        }
        Column::Dictionary { values, ids } => {
            if !occurs(values.bytes(), word) {
                return None;
            }
            let wanted: Vec<bool> = values.iter().map(has).collect();
            if !wanted.contains(&true) {
                return None;
            }
            Bits::from_tests(
                (0..ids.len()).map(|i| wanted.get(ids.get(i) as usize) == Some(&true)),
                ids.len(),
            )
        }
        Column::Text(values) if !occurs(values.bytes(), word) => return None,
        Column::Text(values) => Bits::from_tests(values.iter().map(has), values.len()),
        Column::Pattern { .. } => pattern_values(column, word)?,
        Column::Integer { values, exceptions } => {
            let wanted = canonical(word);
            let number = |&v: &i64| wanted.is_some_and(|w| v.unsigned_abs() == w);
            typed(values.iter().map(number), values.len(), exceptions, word, wanted.is_some())?
        }
        Column::Hex { width, dashes: false, .. } => {
            let possible = word.len() == 2 * width && word.iter().all(u8::is_ascii_hexdigit);
            written(column, word, possible)?
        }
        Column::Hex { .. } => written(column, word, word.iter().all(u8::is_ascii_hexdigit))?,
        Column::Decimal { .. } => written(column, word, TypedWords(TypedWords::NUMBER).may_have(word))?,
        Column::Time { .. } => written(column, word, TypedWords(TypedWords::TIME).may_have(word))?,
        Column::Ipv4 { .. } => written(column, word, TypedWords(TypedWords::IPV4).may_have(word))?,
    };
    Some(hits)
}

/// Whether the bytes of `word` stand somewhere in `bytes`, ASCII case aside: a quick look at many strings at once.
fn occurs(bytes: &[u8], word: &[u8]) -> bool {
    // By the letter of the word that logs have least of.
    const COMMON: &[u8] = b"etaoinsrhldcum0123456789pfg";
    let rank = |b: u8| COMMON.iter().position(|&c| c == b.to_ascii_lowercase()).unwrap_or(COMMON.len());
    let Some((at, &rare)) = word.iter().enumerate().max_by_key(|(_, b)| rank(**b)) else { return true };
    let here = |found: usize| {
        let start = found.checked_sub(at);
        start.and_then(|s| bytes.get(s..s + word.len())).is_some_and(|b| b.eq_ignore_ascii_case(word))
    };
    let (lower, upper) = (rare.to_ascii_lowercase(), rare.to_ascii_uppercase());
    if lower == upper {
        memchr::memchr_iter(lower, bytes).any(here)
    } else {
        memchr::memchr2_iter(lower, upper, bytes).any(here)
    }
}

/// The number that a word of digits is, if it is written as integers are.
fn canonical(word: &[u8]) -> Option<u64> {
    let digits = word.iter().all(u8::is_ascii_digit) && word.len() <= 19;
    let plain = digits && (word.len() == 1 || word.first() != Some(&b'0'));
    plain.then(|| word.iter().fold(0u64, |n, &b| n.wrapping_mul(10).wrapping_add(u64::from(b - b'0'))))
}

/// Hits of a typed column: its rows by `tests`, its exceptions by their text.
fn typed(
    tests: impl Iterator<Item = bool>,
    rows: usize,
    exceptions: &Exceptions,
    word: &[u8],
    possible: bool,
) -> Option<Bits> {
    let mut hits = if possible { Bits::from_tests(tests, rows) } else { Bits::none(rows) };
    if !exceptions.rows.is_empty() {
        let mut odd = Bits::none(rows);
        exceptions.rows.iter().for_each(|&row| odd.set(row as usize));
        hits = hits.without(&odd);
        let with =
            exceptions.rows.iter().zip(exceptions.values.iter()).filter(|(_, v)| contains_word(v, word));
        with.for_each(|(&row, _)| hits.set(row as usize));
    }
    (!hits.is_none()).then_some(hits)
}

/// Hits of a typed column by writing each value, if the word is possible at all.
fn written(column: &Column, word: &[u8], possible: bool) -> Option<Bits> {
    let mut scratch = Vec::new();
    let tests = (0..column.len()).map(|i| contains_word(column.value(i, &mut scratch), word));
    let none = Exceptions::default();
    typed(tests, column.len(), column.exceptions().unwrap_or(&none), word, possible)
}

fn pattern_values(column: &Column, word: &[u8]) -> Option<Bits> {
    let Column::Pattern { patterns, ids, ranks, rest } = column else { return None };
    // For each pattern: all rows, or the ranks that match in some variable.
    let by_pattern: Vec<(bool, Option<Bits>)> = patterns
        .iter()
        .map(|p| {
            let all = occurs(p.literals.bytes(), word) && p.literals.iter().any(|l| contains_word(l, word));
            let of_variables = p.variables.iter().filter_map(|v| values_with_word(v, word));
            let some = if all { None } else { of_variables.reduce(|a, b| a.or(&b)) };
            (all, some)
        })
        .collect();
    let of_rest = if occurs(rest.bytes(), word) {
        Bits::from_tests(rest.iter().map(|t| contains_word(t, word)), rest.len())
    } else {
        Bits::none(rest.len())
    };
    if of_rest.is_none() && by_pattern.iter().all(|(all, some)| !all && some.is_none()) {
        return None;
    }
    let test = |i: usize| {
        let rank = ranks.get(i).copied().unwrap_or(0) as usize;
        match by_pattern.get(ids.get(i) as usize) {
            Some((all, some)) => *all || some.as_ref().is_some_and(|s| s.has(rank)),
            None => of_rest.has(rank),
        }
    };
    Some(Bits::from_tests((0..ids.len()).map(test), ids.len()))
}
