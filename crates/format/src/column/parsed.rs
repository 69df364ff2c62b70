//! Columns of one type: guessed from a sample, parsed, and written.

use super::dictionary::Distinct;
use super::encode::Encoded;
use super::typed::{Guess, HexShape, parse_decimal, parse_int, parse_ipv4};
use super::wide::{parse_int_of, parse_ipv4_of};
use super::{Encoding, Values};
use crate::compress::Compressor;
use crate::words::{TypedWords, WordSet};
use crate::{Strings, Writer, ints};

/// A column is typed when at most one in this many values is an exception.
const EXCEPTION_SHARE: usize = 8;

/// Values looked at to guess a type.
const GUESS_ROWS: usize = 48;

/// Of so many rows one is looked at.
pub(super) fn sample_step(rows: usize) -> usize {
    rows / GUESS_ROWS + 1
}

/// The type of most of a sample of the values.
pub(super) fn guess(values: Values<'_>) -> Option<Guess> {
    let sample: Vec<(u32, u32)> = values.ranges.iter().copied().step_by(sample_step(values.len())).collect();
    guess_of(Values { text: values.text, ranges: &sample })
}

/// The type of most of the values.
pub(super) fn guess_of(sample: Values<'_>) -> Option<Guess> {
    let n = sample.len();
    let wanted = (n.div_ceil(EXCEPTION_SHARE) * (EXCEPTION_SHARE - 1)).min(n);
    let mut tried: Vec<Guess> = Vec::new();
    for value in sample.iter().take(8) {
        let Some(mut guess) = Guess::of(value) else { continue };
        if guess == Guess::Integer && sample.iter().any(|v| Guess::of(v) == Some(Guess::Decimal)) {
            guess = Guess::Decimal;
        }
        if tried.contains(&guess) {
            continue;
        }
        if sample.iter().filter(|v| guess.fits(v)).count() >= wanted {
            return Some(guess);
        }
        tried.push(guess);
    }
    None
}

/// A column parsed as a type, with the rows that did not fit.
pub(super) struct Typed {
    guess: Guess,
    numbers: Vec<i64>,
    scales: Vec<u8>,
    bytes: Vec<u8>,
    exceptions: Vec<u32>,
}

impl Typed {
    /// Parses all values; each distinct one once where those are known. Nothing if too many do not fit.
    pub(super) fn parse(values: Values<'_>, guess: Guess, distinct: Option<&Distinct>) -> Option<Typed> {
        let n = values.len();
        let mut t = Typed::empty(guess);
        let done = match (guess, distinct) {
            (Guess::Hex(shape), _) => t.parse_hex(values, shape),
            (_, Some(d)) => {
                let distinct = Values { text: values.text, ranges: &d.ranges };
                let parsed: Vec<_> = distinct.iter().map(|v| parse_number(guess, v)).collect();
                t.take(d.ids.iter().map(|&id| parsed.get(id as usize).copied().flatten()), n)
            }
            // One loop for each kind, so that what is to be done is not asked for each value.
            (Guess::Time(layout), _) => t.take(values.iter().map(|v| Some((layout.parse(v)?, 0))), n),
            (Guess::Ipv4, _) => {
                t.take(values.onward().map(|(v, len)| Some((i64::from(parse_ipv4_of(v, len)?), 0))), n)
            }
            (Guess::Integer, _) => {
                t.take(values.onward().map(|(v, len)| Some((parse_int_of(v, len)?, 0))), n)
            }
            (Guess::Decimal, _) => t.take(values.iter().map(parse_decimal), n),
        };
        done.then_some(t)
    }

    fn empty(guess: Guess) -> Typed {
        Typed { guess, numbers: Vec::new(), scales: Vec::new(), bytes: Vec::new(), exceptions: Vec::new() }
    }

    #[inline]
    fn take(&mut self, parsed: impl Iterator<Item = Option<(i64, u8)>>, n: usize) -> bool {
        self.numbers.reserve(n);
        let scaled = self.guess == Guess::Decimal;
        // An exception repeats the number before it, which costs next to nothing.
        let mut before = (0i64, 0u8);
        for (row, parsed) in parsed.enumerate() {
            if parsed.is_none() && !self.except(row, n) {
                return false;
            }
            before = parsed.unwrap_or(before);
            self.numbers.push(before.0);
            if scaled {
                self.scales.push(before.1);
            }
        }
        true
    }

    fn parse_hex(&mut self, values: Values<'_>, shape: HexShape) -> bool {
        let n = values.len();
        self.bytes.reserve(n * shape.width);
        for (row, value) in values.iter().enumerate() {
            if !shape.parse(value, &mut self.bytes) {
                if !self.except(row, n) {
                    return false;
                }
                self.bytes.resize(self.bytes.len() + shape.width, 0);
            }
        }
        true
    }

    /// Notes an exception; whether that is still few enough of `n`.
    fn except(&mut self, row: usize, n: usize) -> bool {
        self.exceptions.push(row as u32);
        self.exceptions.len() <= n / EXCEPTION_SHARE
    }

    /// Bytes one value takes before compression.
    pub(super) fn value_bytes(&self) -> f64 {
        match self.guess {
            Guess::Hex(shape) => shape.width as f64,
            Guess::Ipv4 => 2.5,
            _ => 2.0,
        }
    }

    pub(super) fn estimate_bytes(&self) -> usize {
        match self.guess {
            Guess::Hex(_) => self.bytes.len(),
            _ => ints::estimate_bytes(&self.numbers),
        }
    }

    pub(super) fn put(
        &self,
        values: Values<'_>,
        c: &mut Compressor,
        words: &mut WordSet,
        out: &mut Vec<u8>,
    ) -> Encoded {
        self.add_words(values, words);
        let encoding = match self.guess {
            Guess::Time(_) => Encoding::Time,
            Guess::Ipv4 => Encoding::Ipv4,
            Guess::Integer => Encoding::Integer,
            Guess::Decimal => Encoding::Decimal,
            Guess::Hex(_) => Encoding::Hex,
        };
        out.put_u8(encoding as u8);
        self.put_exceptions(values, c, out);
        match self.guess {
            Guess::Time(layout) => out.extend_from_slice(&layout.to_bytes()),
            Guess::Decimal => c.put(&self.scales, out),
            Guess::Hex(shape) => {
                out.put_u8(shape.width as u8);
                out.put_u8(u8::from(shape.upper) | u8::from(shape.dashes) << 1);
                c.put(&self.bytes, out);
            }
            _ => {}
        }
        if !matches!(self.guess, Guess::Hex(_)) {
            ints::put(&self.numbers, c, out);
        }
        let whole = self.guess == Guess::Integer && self.exceptions.is_empty();
        let range = self.numbers.iter().copied().min().zip(self.numbers.iter().copied().max());
        Encoded { encoding, distinct: None, int_range: range.filter(|_| whole) }
    }

    fn add_words(&self, values: Values<'_>, words: &mut WordSet) {
        self.exceptions.iter().for_each(|&row| words.add_value(values.get(row as usize)));
        match self.guess {
            Guess::Integer | Guess::Decimal => words.meet(TypedWords::NUMBER),
            Guess::Time(_) => words.meet(TypedWords::TIME),
            Guess::Ipv4 => {
                words.reserve(values.len());
                words.meet(TypedWords::IPV4);
                values.iter().for_each(|v| words.add_whole(v));
            }
            Guess::Hex(shape) => {
                words.meet(if shape.dashes { TypedWords::UUID | TypedWords::HEX } else { TypedWords::HEX });
                words.reserve(values.len());
                values.iter().for_each(|v| words.add_whole(v));
                if shape.dashes {
                    values.iter().for_each(|v| words.add_whole(v.get(24..).unwrap_or(&[])));
                }
            }
        }
    }

    fn put_exceptions(&self, values: Values<'_>, c: &mut Compressor, out: &mut Vec<u8>) {
        out.put_varint(self.exceptions.len() as u64);
        if !self.exceptions.is_empty() {
            let rows: Vec<i64> = self.exceptions.iter().map(|&r| i64::from(r)).collect();
            ints::put(&rows, c, out);
            let texts: Strings = self.exceptions.iter().map(|&r| values.get(r as usize)).collect();
            texts.put(c, out);
        }
    }
}

#[inline]
fn parse_number(guess: Guess, value: &[u8]) -> Option<(i64, u8)> {
    match guess {
        Guess::Time(layout) => layout.parse(value).map(|t| (t, 0)),
        Guess::Ipv4 => parse_ipv4(value).map(|a| (i64::from(a), 0)),
        Guess::Integer => parse_int(value).map(|v| (v, 0)),
        Guess::Decimal => parse_decimal(value),
        Guess::Hex(_) => None,
    }
}
