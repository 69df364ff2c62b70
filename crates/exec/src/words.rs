//! Which rows have a word somewhere in their text, found in literals and columns without splicing.

use gastrolog_chunk::ReadError;
use gastrolog_format::Strings;
use gastrolog_format::column::{Column, Exceptions, Pattern};
use gastrolog_format::words::TypedWords;
use gastrolog_types::words::contains_word;

use crate::bits::Bits;
use crate::pattern_words::PatternWords;
use crate::values::{rows_with_id, rows_with_value};
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
    let needle = Needle::new(word);
    for i in slot_columns(view).into_iter().filter(may_have) {
        if !view.may_have_word(i, word, &|texts| needle.find(texts, 0).is_some())? {
            continue;
        }
        let found = match &**view.column(i)? {
            Column::Dictionary { values, ids } => {
                needle.strings_with(values).map(|wanted| rows_with_value(view, i, ids, &wanted, None))
            }
            column @ Column::Pattern { .. } => {
                pattern_values(column, &needle, view.pattern_words(i)?.as_deref())
            }
            column => values_with_word(column, &needle),
        };
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
fn values_with_word(column: &Column, needle: &Needle<'_>) -> Option<Bits> {
    let word = needle.word;
    let hits = match column {
        Column::Constant { value, rows } => {
            if !contains_word(value, word) {
                return None;
            }
            Bits::all(*rows)
        }
        Column::Dictionary { values, ids } => rows_with_id(ids, &needle.strings_with(values)?, None),
        Column::Text(values) => Bits::from_slice(&needle.strings_with(values)?, None, |&has| has),
        Column::Pattern { .. } => pattern_values(column, needle, None)?,
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

/// A word to be looked for in many strings at once, ASCII case aside, by the letter of it that is the rarest.
pub(crate) struct Needle<'w> {
    word: &'w [u8],
    /// Where in the word that letter is.
    at: usize,
}

impl<'w> Needle<'w> {
    pub(crate) fn new(word: &'w [u8]) -> Needle<'w> {
        const COMMON: &[u8] = b"qjzxkvwbygfphmudlcrsnoiate0123456789";
        let rank = |b: u8| COMMON.iter().position(|&c| c == b.to_ascii_lowercase()).unwrap_or(0);
        let at = word.iter().enumerate().min_by_key(|(_, b)| rank(**b)).map_or(0, |(at, _)| at);
        Needle { word, at }
    }

    /// The first place from `from` on where the bytes of the word stand, maybe inside of a longer one.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rare = *self.word.get(self.at)?;
        let (lower, upper) = (rare.to_ascii_lowercase(), rare.to_ascii_uppercase());
        let base = from + self.at;
        let rest = bytes.get(base..)?;
        let here = |found: &usize| {
            let start = from + found;
            bytes.get(start..start + self.word.len()).is_some_and(|b| b.eq_ignore_ascii_case(self.word))
        };
        let found = if lower == upper {
            memchr::memchr_iter(lower, rest).find(here)
        } else {
            memchr::memchr2_iter(lower, upper, rest).find(here)
        };
        found.map(|found| from + found)
    }

    /// Which of the strings have the word; `None` for none.
    fn strings_with(&self, strings: &Strings) -> Option<Vec<bool>> {
        let mut wanted: Option<Vec<bool>> = None;
        let mut at = 0;
        // Where the end of one string and the start of the next look like the word, neither has it.
        while let Some(found) = self.find(strings.bytes(), at) {
            let i = strings.at_byte(found);
            if contains_word(strings.get(i), self.word) {
                let wanted = wanted.get_or_insert_with(|| vec![false; strings.len()]);
                wanted.get_mut(i).into_iter().for_each(|w| *w = true);
            }
            at = strings.end(i).max(found + 1);
        }
        wanted
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

/// The values of a column of patterns that have the word; `None` for none. What is known of its words saves a look at
/// patterns that have not.
pub(crate) fn pattern_values(
    column: &Column,
    needle: &Needle<'_>,
    known: Option<&PatternWords>,
) -> Option<Bits> {
    let Column::Pattern { patterns, ids, ranks, rest } = column else { return None };
    // For each pattern: all rows, or the ranks that match in some variable.
    let mut all: Option<Vec<bool>> = None;
    let mut some: Vec<Option<Bits>> = Vec::new();
    let mut look_at = |id: usize| {
        let (literal, ranks) = match patterns.get(id) {
            Some(pattern) => in_pattern(pattern, needle),
            None => (false, needle.strings_with(rest).map(|with| Bits::from_slice(&with, None, |&has| has))),
        };
        if literal && let Some(place) = all.get_or_insert_with(|| vec![false; patterns.len() + 1]).get_mut(id)
        {
            *place = true;
        } else if ranks.is_some() {
            some.resize(patterns.len() + 1, None);
            some.get_mut(id).into_iter().for_each(|place| *place = ranks.clone());
        }
    };
    match known.and_then(|known| known.with(needle.word)) {
        Some(ids) => ids.for_each(&mut look_at),
        None => (0..=patterns.len()).for_each(&mut look_at),
    }
    if all.is_none() && some.is_empty() {
        return None;
    }
    let mut hits = all.map_or_else(|| Bits::none(ids.len()), |all| rows_with_id(ids, &all, None));
    if !some.is_empty() {
        for (i, &rank) in ranks.iter().enumerate() {
            if let Some(Some(with)) = some.get(ids.get(i) as usize)
                && with.has(rank as usize)
            {
                hits.set(i);
            }
        }
    }
    Some(hits)
}

/// Whether the word is in a literal of a pattern, or else the ranks that have it in a variable.
fn in_pattern(pattern: &Pattern, needle: &Needle<'_>) -> (bool, Option<Bits>) {
    let literal = needle.find(pattern.literals.bytes(), 0).is_some()
        && pattern.literals.iter().any(|l| contains_word(l, needle.word));
    if literal {
        return (true, None);
    }
    let of_variables = pattern.variables.iter().filter_map(|v| values_with_word(v, needle));
    (false, of_variables.reduce(|a, b| a.or(&b)))
}
