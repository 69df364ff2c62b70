//! Which patterns of a column have which words, so that a word is looked for in the patterns that have it and not in
//! hundreds that have not. Made when a column is asked a second time, of columns that are decoded.

use gastrolog_format::Strings;
use gastrolog_format::column::{Column, Exceptions, Pattern};
use gastrolog_format::words::{TypedWords, hash_folded};
use gastrolog_types::words::words;

/// A pattern with more text than this is looked at each time.
const PATTERN_BYTES_MAX: usize = 16 << 10;
/// When so much text was taken of a column, all further patterns are looked at each time.
const COLUMN_BYTES_MAX: usize = 128 << 10;

/// The words of the patterns of a column.
#[derive(Debug, Default)]
pub(crate) struct PatternWords {
    /// Hash of a word, and a pattern that has it (or whose number is one too high: what has no pattern); rising.
    places: Vec<(u32, u32)>,
    /// Patterns with more text than is taken here.
    open: Vec<u32>,
    /// Kinds of typed values in any of them.
    typed: TypedWords,
    /// Whether some values are hexadecimal numbers.
    has_hex: bool,
}

impl PatternWords {
    /// Those of a column; `None` if it has no patterns.
    pub(crate) fn of(column: &Column) -> Option<PatternWords> {
        let Column::Pattern { patterns, rest, .. } = column else { return None };
        let mut made = PatternWords::default();
        let mut left = COLUMN_BYTES_MAX;
        for (id, pattern) in patterns.iter().enumerate() {
            left -= made.take(id as u32, left, |of| of.pattern(pattern));
        }
        made.take(patterns.len() as u32, left, |of| of.strings(rest));
        made.places.sort_unstable();
        made.places.shrink_to_fit();
        Some(made)
    }

    /// Takes what `collect` finds of a pattern, at most `left` bytes; how many they were.
    fn take(&mut self, id: u32, left: usize, collect: impl FnOnce(&mut Collected)) -> usize {
        let most = left.min(PATTERN_BYTES_MAX);
        let mut of = Collected { left: most, ..Collected::default() };
        collect(&mut of);
        self.typed.0 |= of.typed.0;
        self.has_hex |= of.has_hex;
        if of.is_too_much {
            self.open.push(id);
            return 0;
        }
        of.hashes.sort_unstable();
        of.hashes.dedup();
        self.places.extend(of.hashes.into_iter().map(|hash| (hash, id)));
        most - of.left
    }

    /// The patterns that may have `word`, rising and then the open ones; `None` if any may have it.
    pub(crate) fn with(&self, word: &[u8]) -> Option<impl Iterator<Item = usize> + '_> {
        if self.typed.may_have(word) || self.has_hex && word.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let hash = hash_folded(word) as u32;
        let start = self.places.partition_point(|&(h, _)| h < hash);
        let found = self.places.get(start..).unwrap_or(&[]).iter().take_while(move |&&(h, _)| h == hash);
        Some(found.map(|&(_, pattern)| pattern as usize).chain(self.open.iter().map(|&p| p as usize)))
    }

    /// Bytes of memory held.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<PatternWords>() + 8 * self.places.capacity() + 4 * self.open.capacity()
    }
}

/// What a pattern has.
#[derive(Default)]
struct Collected {
    hashes: Vec<u32>,
    typed: TypedWords,
    has_hex: bool,
    /// Bytes of text that may still be taken.
    left: usize,
    is_too_much: bool,
}

impl Collected {
    fn pattern(&mut self, pattern: &Pattern) {
        self.strings(&pattern.literals);
        pattern.variables.iter().for_each(|variable| self.column(variable));
    }

    fn column(&mut self, column: &Column) {
        match column {
            Column::Constant { value, .. } => self.text(value),
            Column::Dictionary { values, .. } | Column::Text(values) => self.strings(values),
            Column::Pattern { patterns, rest, .. } => {
                patterns.iter().for_each(|pattern| self.pattern(pattern));
                self.strings(rest);
            }
            Column::Integer { exceptions, .. } | Column::Decimal { exceptions, .. } => {
                self.typed_values(TypedWords::NUMBER, exceptions);
            }
            Column::Time { exceptions, .. } => self.typed_values(TypedWords::TIME, exceptions),
            Column::Ipv4 { exceptions, .. } => self.typed_values(TypedWords::IPV4, exceptions),
            Column::Hex { exceptions, .. } => {
                self.has_hex = true;
                self.typed_values(0, exceptions);
            }
        }
    }

    fn typed_values(&mut self, kind: u8, exceptions: &Exceptions) {
        self.typed.0 |= kind;
        self.strings(&exceptions.values);
    }

    fn strings(&mut self, strings: &Strings) {
        if strings.bytes().len() > self.left {
            self.is_too_much = true;
        }
        if !self.is_too_much {
            strings.iter().for_each(|s| self.text(s));
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.is_too_much |= text.len() > self.left;
        if !self.is_too_much {
            self.left -= text.len();
            self.hashes.extend(words(text).map(|word| hash_folded(word) as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use gastrolog_format::Compressor;
    use gastrolog_format::column::{Values, decode, encode};
    use gastrolog_format::words::WordSet;
    use gastrolog_types::words::contains_word;
    use proptest::prelude::*;

    use super::*;
    use crate::words::{Needle, pattern_values};

    /// A column of messages of a few patterns, with words, numbers and rare texts in them.
    fn messages() -> impl Strategy<Value = Vec<String>> {
        let word = prop_oneof![Just("cart"), Just("Deadlock"), Just("beef"), Just("42")];
        let message = (0..4u8, word, 0..3000u32, "[a-z]{1,6}").prop_map(|(kind, word, n, rare)| match kind {
            0 => format!("call to {word} took {n} ms"),
            1 => format!("user {n} logged in from 10.0.{}.{}", n % 7, n % 256),
            2 => format!("order {n} placed by {rare}, ref {:08x}", n.wrapping_mul(2_654_435_761)),
            _ => format!("{rare} {word}"),
        });
        proptest::collection::vec(message, 200..400)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_they_leave_out_has_no_hit(messages in messages(), rare in "[a-z]{1,6}") {
            let text = messages.concat();
            let mut end = 0;
            let ranges: Vec<(u32, u32)> = messages.iter().map(|m| {
                let start = end;
                end += m.len() as u32;
                (start, end)
            }).collect();
            let values = Values { text: text.as_bytes(), ranges: &ranges };
            let mut encoded = Vec::new();
            encode(values, &mut Compressor::new(1), &mut WordSet::new(), &mut encoded);
            let column = decode(&encoded, messages.len()).unwrap();
            let Some(known) = PatternWords::of(&column) else { return Ok(()) };
            for word in ["deadlock", "cart", "took", "42", "10", "beef", "000004d2", "nobody", &rare] {
                let needle = Needle::new(word.as_bytes());
                let wanted: Vec<usize> =
                    (0..messages.len()).filter(|&i| contains_word(messages[i].as_bytes(), word.as_bytes())).collect();
                for known in [None, Some(&known)] {
                    let hits = pattern_values(&column, &needle, known);
                    let found: Vec<usize> = hits.iter().flat_map(|h| h.iter().collect::<Vec<_>>()).collect();
                    prop_assert_eq!(&found, &wanted, "{}", word);
                }
            }
        }
    }
}
