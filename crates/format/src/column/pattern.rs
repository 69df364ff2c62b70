//! Texts that share patterns: what varies is cut out, the words around it stay.
//!
//! **Invariant:** a variable begins and ends where a word does, so that each word of a text lies in a literal
//! or in a variable, never across.

use gastrolog_types::TimeLayout;
use gastrolog_types::words::is_word_byte;
use hashbrown::HashTable;

use super::encode::encode_deep;
use super::typed::parse_ipv4;
use super::{Encoding, Values};
use crate::bytes::extend_short;
use crate::compress::Compressor;
use crate::words::WordSet;
use crate::{Strings, Writer, ids, secret_hash};

/// Most patterns a column keeps; texts of others are kept as plain text.
pub(super) const PATTERNS_MAX: usize = 4096;

/// Texts with more variables than this are kept as plain text.
pub(super) const VARIABLES_MAX: usize = 48;

/// Texts longer than this are kept as plain text.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// How far the digits and points after the first group of a number are followed.
const NUMBER_TAIL_BYTES: usize = 20;

/// A pattern with fewer rows than this costs more as columns than as text.
const PATTERN_ROWS_MIN: u32 = 32;

/// Where the variables of `text` are: every word that has a digit, taken together with its neighbours where they
/// make a number, an address or a time. Clears `cuts` first.
pub fn cut_variables(text: &[u8], cuts: &mut Vec<(u32, u32)>) {
    cuts.clear();
    let mut at = 0;
    while let Some(digit) = next_digit(text, at) {
        // The word around the digit; it cannot begin before the last cut ended.
        let before = text.get(at..digit).unwrap_or(&[]);
        let start = digit - before.iter().rev().take_while(|&&b| is_word_byte(b)).count();
        let rest = text.get(digit..).unwrap_or(&[]);
        let mut end = digit + rest.iter().take_while(|&&b| is_word_byte(b)).count();
        if start == digit {
            end = extended(text, start, end);
        }
        cuts.push((start as u32, end as u32));
        at = end;
    }
}

/// Position of the first digit from `at` on, looked for in eight bytes at a time.
#[inline]
fn next_digit(text: &[u8], at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let rest = text.get(at..)?;
    let (eights, tail) = rest.as_chunks::<8>();
    for (i, eight) in eights.iter().enumerate() {
        let x = u64::from_le_bytes(*eight);
        let at_least = |n: u8| (x | HIGH).wrapping_sub(ONES * u64::from(n));
        let digits = at_least(b'0') & !at_least(b'9' + 1) & !x & HIGH;
        if digits != 0 {
            return Some(at + 8 * i + (digits.trailing_zeros() / 8) as usize);
        }
    }
    tail.iter().position(u8::is_ascii_digit).map(|i| at + 8 * eights.len() + i)
}

/// The end of the time, address or decimal number that starts with the word `text[at..end]`, else `end`.
fn extended(text: &[u8], at: usize, end: usize) -> usize {
    let ends_word = |end: usize| text.get(end).is_none_or(|&b| !is_word_byte(b));
    match text.get(end) {
        Some(b'-' | b'/' | b':' | b' ') if end - at <= 8 => {
            if let Some((_, len)) = TimeLayout::detect(&text[at..])
                && ends_word(at + len)
                && len > end - at
            {
                return at + len;
            }
            end
        }
        Some(b'.') => {
            if !text[at..end].iter().all(u8::is_ascii_digit) {
                return end;
            }
            let (mut stop, mut dots) = (end, 0);
            for (i, &b) in text[end..].iter().take(NUMBER_TAIL_BYTES).enumerate() {
                match b {
                    b'.' => dots += 1,
                    b'0'..=b'9' => stop = end + i + 1,
                    _ => break,
                }
            }
            dots -= text[stop..].iter().take(dots).take_while(|&&b| b == b'.').count();
            let fits = dots == 1 || (dots == 3 && parse_ipv4(&text[at..stop]).is_some());
            if fits && ends_word(stop) { stop } else { end }
        }
        _ => end,
    }
}

/// A pattern while it is being gathered.
struct Gathered {
    /// The first row that has it.
    row: u32,
    rows: u32,
    /// Where its key stands among the short ones; empty for a long one.
    key: (u32, u32),
}

/// Keys up to this length are kept, for a comparison in one piece.
const KEY_BYTES_MAX: usize = 128;

struct Miner<'a> {
    values: Values<'a>,
    patterns: Vec<Gathered>,
    table: HashTable<(u64, u32)>,
    /// The short keys.
    keys: Vec<u8>,
    /// For each row its pattern, `u32::MAX` for none, and where its cuts start in `cuts`.
    of_row: Vec<(u32, u32)>,
    cuts: Vec<(u32, u32)>,
}

impl<'a> Miner<'a> {
    fn new(values: Values<'a>) -> Miner<'a> {
        let of_row = Vec::with_capacity(values.len());
        let (patterns, table) = (Vec::new(), HashTable::new());
        Miner { values, patterns, table, keys: Vec::new(), of_row, cuts: Vec::new() }
    }

    fn mine(&mut self) {
        let (mut cuts, mut key) = (Vec::new(), Vec::new());
        let values = self.values;
        for (row, value) in values.iter().enumerate() {
            let start = self.cuts.len() as u32;
            let mut id = u32::MAX;
            if value.len() <= TEXT_BYTES_MAX {
                cut_variables(value, &mut cuts);
                if cuts.len() > 1 && is_worded_time(value) {
                    cuts.clear();
                    cuts.push((0, value.len() as u32));
                }
                if cuts.len() <= VARIABLES_MAX {
                    let start = values.ranges.get(row).map_or(0, |r| r.0 as usize);
                    let onward = values.text.get(start..).unwrap_or(&[]);
                    skeleton(onward, value.len(), &cuts, &mut key);
                    id = self.find(row, value, &cuts, &key);
                }
            }
            self.of_row.push((id, start));
            if id != u32::MAX {
                self.cuts.extend_from_slice(&cuts);
            }
        }
    }

    fn find(&mut self, row: usize, text: &[u8], cuts: &[(u32, u32)], key: &[u8]) -> u32 {
        let hash = secret_hash(key);
        let found = self.table.find(hash, |&(h, id)| {
            h == hash
                && self.patterns.get(id as usize).is_some_and(|p| {
                    if key.len() <= KEY_BYTES_MAX {
                        return self.keys.get(p.key.0 as usize..p.key.1 as usize) == Some(key);
                    }
                    let first = p.row as usize;
                    same_skeleton((text, cuts), (self.values.get(first), self.cuts_of(first)))
                })
        });
        if let Some(&(_, id)) = found {
            if let Some(p) = self.patterns.get_mut(id as usize) {
                p.rows += 1;
            }
            return id;
        }
        if self.patterns.len() >= 4 * PATTERNS_MAX {
            return u32::MAX;
        }
        let id = self.patterns.len() as u32;
        let key_start = self.keys.len() as u32;
        if key.len() <= KEY_BYTES_MAX {
            self.keys.extend_from_slice(key);
        }
        self.patterns.push(Gathered { row: row as u32, rows: 1, key: (key_start, self.keys.len() as u32) });
        self.table.insert_unique(hash, (hash, id), |&(h, _)| h);
        id
    }

    fn cuts_of(&self, row: usize) -> &[(u32, u32)] {
        let start = self.of_row.get(row).map_or(0, |r| r.1) as usize;
        let end = self.of_row.get(row + 1).map_or(self.cuts.len(), |r| r.1 as usize);
        self.cuts.get(start..end).unwrap_or(&[])
    }

    /// The new number of each pattern that is worth keeping, most rows first, and how many rows those have.
    fn kept(&self) -> (Vec<u32>, Vec<u32>, usize) {
        let mut order: Vec<u32> = (0..self.patterns.len() as u32).collect();
        let rows = |id: u32| self.patterns.get(id as usize).map_or(0, |p| p.rows);
        order.retain(|&id| rows(id) >= PATTERN_ROWS_MIN);
        order.sort_by_key(|&id| std::cmp::Reverse(rows(id)));
        order.truncate(PATTERNS_MAX);
        let mut number = vec![u32::MAX; self.patterns.len()];
        for (new, &old) in order.iter().enumerate() {
            if let Some(n) = number.get_mut(old as usize) {
                *n = new as u32;
            }
        }
        let covered = order.iter().map(|&id| rows(id) as usize).sum();
        (order, number, covered)
    }
}

/// Shortest time that is told apart from other variables.
const TIME_BYTES_MIN: usize = 13;

/// The length of a variable that looks like date and time, else 0. Patterns that differ in nothing else are kept
/// apart by it: times of one length are mostly of one layout, and a column of one layout takes half the bytes.
#[inline]
fn time_bytes(text: &[u8], cut: (u32, u32)) -> u8 {
    let bytes = (cut.1 - cut.0) as usize;
    if bytes < TIME_BYTES_MIN {
        return 0;
    }
    let head = text.get(cut.0 as usize + 1..cut.0 as usize + 9).unwrap_or(&[]);
    let is_time = head.iter().any(|b| matches!(b, b'-' | b'/' | b':' | b' '));
    if is_time { bytes as u8 } else { 0 }
}

/// Whether a value as a whole is a time that begins with a word, as `Sun Dec 04 04:47:44 2005`.
fn is_worded_time(value: &[u8]) -> bool {
    const BYTES_MAX: usize = 40;
    value.first().is_some_and(u8::is_ascii_uppercase)
        && value.get(3) == Some(&b' ')
        && value.len() <= BYTES_MAX
        && TimeLayout::detect_whole(value).is_some()
}

/// What texts of one pattern have in common: how many variables, how long the literal before each is and what time it
/// looks like, the literals. Two texts with one key of at most [`KEY_BYTES_MAX`] have one pattern; of longer
/// keys lengths are cut to a byte, so that the same key proves nothing. The text is the first `len` of these bytes.
fn skeleton(text: &[u8], len: usize, cuts: &[(u32, u32)], key: &mut Vec<u8>) {
    key.clear();
    key.put_u16(cuts.len() as u16);
    let mut at = 0;
    for &(start, end) in cuts {
        key.extend([(start - at) as u8, time_bytes(text, (start, end))]);
        at = end;
    }
    let mut at = 0;
    for &(start, end) in cuts {
        extend_short(key, text, at, start as usize);
        at = end as usize;
    }
    extend_short(key, text, at, len);
}

/// Whether two texts are the same between their variables.
fn same_skeleton(a: (&[u8], &[(u32, u32)]), b: (&[u8], &[(u32, u32)])) -> bool {
    let (mut a_at, mut b_at) = (0, 0);
    let same_between = a.1.len() == b.1.len()
        && a.1.iter().zip(b.1).all(|(x, y)| {
            let same = a.0.get(a_at..x.0 as usize) == b.0.get(b_at..y.0 as usize)
                && time_bytes(a.0, *x) == time_bytes(b.0, *y);
            (a_at, b_at) = (x.1 as usize, y.1 as usize);
            same
        });
    same_between && a.0.get(a_at..) == b.0.get(b_at..)
}

/// Appends `values` as patterns and columns of variables, unless fewer than a third of the rows would gain.
pub(super) fn put(values: Values<'_>, c: &mut Compressor, words: &mut WordSet, out: &mut Vec<u8>) -> bool {
    let mut miner = Miner::new(values);
    miner.mine();
    let (order, number, covered) = miner.kept();
    if covered * 3 < values.len() || covered == 0 {
        return false;
    }
    out.put_u8(Encoding::Pattern as u8);
    out.put_varint(order.len() as u64);
    put_literals(&miner, &order, c, words, out);
    let new_id = |old: u32| number.get(old as usize).copied().unwrap_or(u32::MAX).min(order.len() as u32);
    let numbers: Vec<u32> = miner.of_row.iter().map(|&(old, _)| new_id(old)).collect();
    ids::put(numbers.iter().copied(), order.len() + 1, c, out);
    let mut rest = Strings::new();
    let mut slots: Vec<Vec<(u32, u32)>> = Vec::new();
    let first_slot = slot_starts(&miner, &order, &mut slots);
    for (row, &id) in numbers.iter().enumerate() {
        let Some(&first) = first_slot.get(id as usize) else {
            rest.push(values.get(row));
            continue;
        };
        let base = values.ranges.get(row).map_or(0, |r| r.0);
        for (slot, &(start, end)) in slots.iter_mut().skip(first).zip(miner.cuts_of(row)) {
            slot.push((base + start, base + end));
        }
    }
    out.put_varint(rest.len() as u64);
    rest.iter().for_each(|t| words.add_words(t));
    rest.put(c, out);
    for ranges in &slots {
        encode_deep(Values { text: values.text, ranges }, c, words, out, false);
    }
    true
}

/// Literals of all kept patterns as one sequence of strings, after how many variables each has.
fn put_literals(
    miner: &Miner<'_>,
    order: &[u32],
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
) {
    let mut literals = Strings::new();
    for &id in order {
        let row = miner.patterns.get(id as usize).map_or(0, |p| p.row as usize);
        let (text, cuts) = (miner.values.get(row), miner.cuts_of(row));
        out.put_u8(cuts.len() as u8);
        let mut at = 0;
        for &(start, end) in cuts {
            literals.push(text.get(at..start as usize).unwrap_or(&[]));
            at = end as usize;
        }
        literals.push(text.get(at..).unwrap_or(&[]));
    }
    literals.iter().for_each(|l| words.add_words(l));
    literals.put(c, out);
}

/// The first slot of each kept pattern; fills `slots` with one empty list each.
fn slot_starts(miner: &Miner<'_>, order: &[u32], slots: &mut Vec<Vec<(u32, u32)>>) -> Vec<usize> {
    let mut starts = Vec::with_capacity(order.len());
    for &id in order {
        starts.push(slots.len());
        let Some(p) = miner.patterns.get(id as usize) else { continue };
        let variables = miner.cuts_of(p.row as usize).len();
        slots.extend((0..variables).map(|_| Vec::with_capacity(p.rows as usize)));
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let mut cuts = Vec::new();
        cut_variables(text.as_bytes(), &mut cuts);
        let got: Vec<&str> = cuts.iter().map(|&(s, e)| &text[s as usize..e as usize]).collect();
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn digits_are_found_at_every_place() {
        for n in 0..30 {
            for b in 0..=255u8 {
                let mut text = vec![b'/'; n];
                text.extend([b, b':', b'7']);
                let expect = if b.is_ascii_digit() { n } else { n + 2 };
                assert_eq!(next_digit(&text, 0), Some(expect));
                assert_eq!(next_digit(&text[..n], 0), None);
            }
        }
    }

    #[test]
    fn variables_are_words_with_digits() {
        check("GET /api/v1/users/1234?page=2 done", &["v1", "1234", "2"]);
        check("from 10.0.0.1:80 took 12.5ms, x 1.25.", &["10.0.0.1", "80", "12", "5ms", "1.25"]);
        check("at 2018-03-24T17:15:21.618958Z ok", &["2018-03-24T17:15:21.618958Z"]);
        check("no digits at all", &[]);
        check("1.2.3", &["1", "2.3"]);
        check("9", &["9"]);
    }
}
