//! Chooses an encoding from the values and writes it.

use super::dictionary::{Distinct, distinct};
use super::typed::{Guess, HexShape, parse_decimal, parse_int, parse_ipv4};
use super::{Encoding, Values, pattern};
use crate::compress::Compressor;
use crate::ints::{self, entropy_bits};
use crate::words::{TypedWords, WordSet};
use crate::{Strings, Writer, ids};

/// A column is typed when at most one in this many values is an exception.
const EXCEPTION_SHARE: usize = 8;

/// With at most this many distinct values a dictionary is taken without asking what else would fit: ids are one
/// byte, and a predicate is evaluated at most this many times.
const SMALL_DICTIONARY: usize = 256;

/// Most distinct values handed on for statistics.
const DISTINCT_KEPT_MAX: usize = 1 << 14;

/// What became of a column.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The encoding chosen.
    pub encoding: Encoding,
    /// Distinct values with their counts, where a dictionary (or one constant) was chosen and they are not many.
    pub distinct: Option<(Strings, Vec<u32>)>,
    /// Smallest and largest of a column in which every value is an integer.
    pub int_range: Option<(i64, i64)>,
}

impl Encoded {
    fn of(encoding: Encoding) -> Encoded {
        Encoded { encoding, distinct: None, int_range: None }
    }
}

/// Appends the encoded column to `out` and adds what can be searched for in it to `words`. The number of values is for the caller to remember.
pub fn encode(values: Values<'_>, c: &mut Compressor, words: &mut WordSet, out: &mut Vec<u8>) -> Encoded {
    encode_deep(values, c, words, out, true)
}

/// As [`encode`]; variables of patterns and entries of dictionaries come here with `patterns` false or without
/// a dictionary, which bounds the depth.
pub(super) fn encode_deep(
    values: Values<'_>,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
    patterns: bool,
) -> Encoded {
    let first = values.get(0);
    if values.iter().all(|v| v == first) {
        words.add_value(first);
        return put_constant(first, values.len(), out);
    }
    let guess = guess(values);
    if matches!(guess, Some(Guess::Time(_)))
        && let Some(done) = put_typed(values, guess, c, words, out)
    {
        return done;
    }
    // Without a type, only a dictionary of a quarter of the values is taken; more need not be looked for.
    let most = if guess.is_some() { values.len() / 2 + 1 } else { values.len() / 4 };
    let distinct = distinct(values, most.max(SMALL_DICTIONARY.min(values.len())));
    if let Some(d) = &distinct
        && d.firsts.len() <= SMALL_DICTIONARY
        && d.firsts.len() * 2 <= values.len().max(16)
    {
        return put_dictionary(values, d, c, words, out, patterns);
    }
    if let Some(typed) = guess.and_then(|g| Typed::parse(values, g, distinct.as_ref())) {
        let dictionary = distinct.as_ref().map_or(usize::MAX, |d| d.estimate_typed(typed.value_bytes()));
        if dictionary < typed.estimate_bytes()
            && let Some(d) = &distinct
        {
            return put_dictionary(values, d, c, words, out, patterns);
        }
        return typed.put(values, c, words, out);
    }
    match distinct {
        Some(d) if d.firsts.len() * 4 <= values.len() => put_dictionary(values, &d, c, words, out, patterns),
        _ => put_text(values, c, words, out, patterns),
    }
}

fn put_constant(value: &[u8], rows: usize, out: &mut Vec<u8>) -> Encoded {
    out.put_u8(Encoding::Constant as u8);
    out.put_bytes(value);
    let int_range = parse_int(value).map(|v| (v, v));
    let distinct = Some(([value].into_iter().collect(), vec![rows as u32]));
    Encoded { encoding: Encoding::Constant, distinct, int_range }
}

fn put_text(
    values: Values<'_>,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
    patterns: bool,
) -> Encoded {
    if patterns && pattern::put(values, c, words, out) {
        return Encoded::of(Encoding::Pattern);
    }
    values.iter().for_each(|v| words.add_words(v));
    out.put_u8(Encoding::Text as u8);
    values.iter().collect::<Strings>().put(c, out);
    Encoded::of(Encoding::Text)
}

impl Distinct {
    fn id_bytes(&self) -> usize {
        (entropy_bits(self.counts.iter().copied(), self.ids.len()) / 8.0) as usize
    }

    fn estimate_typed(&self, value_bytes: f64) -> usize {
        self.id_bytes() + (self.firsts.len() as f64 * value_bytes) as usize
    }
}

/// Writes the distinct values sorted by length and bytes (numbers then stand in their order), and the ids.
fn put_dictionary(
    values: Values<'_>,
    d: &Distinct,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
    patterns: bool,
) -> Encoded {
    let value = |id: u32| values.get(d.firsts.get(id as usize).copied().unwrap_or(0) as usize);
    let order = sorted(d, value);
    let mut place = vec![0u32; order.len()];
    for (i, &id) in order.iter().enumerate() {
        if let Some(p) = place.get_mut(id as usize) {
            *p = i as u32;
        }
    }
    out.put_u8(Encoding::Dictionary as u8);
    out.put_varint(order.len() as u64);
    let ranges: Vec<(u32, u32)> = order
        .iter()
        .filter_map(|&id| values.ranges.get(*d.firsts.get(id as usize)? as usize).copied())
        .collect();
    put_distinct(Values { text: values.text, ranges: &ranges }, c, words, out, patterns);
    let ids: Vec<u32> = d.ids.iter().map(|&id| place.get(id as usize).copied().unwrap_or(0)).collect();
    ids::put(ids.iter().copied(), order.len(), c, out);
    let distinct = (order.len() <= DISTINCT_KEPT_MAX).then(|| {
        let counts = order.iter().map(|&id| d.counts.get(id as usize).copied().unwrap_or(0)).collect();
        (order.iter().map(|&id| value(id)).collect(), counts)
    });
    Encoded { encoding: Encoding::Dictionary, distinct, int_range: None }
}

/// The distinct values by length, then bytes; addresses by number.
fn sorted<'a>(d: &Distinct, value: impl Fn(u32) -> &'a [u8]) -> Vec<u32> {
    let ids = 0..d.firsts.len() as u32;
    if ids.clone().take(16).all(|id| parse_ipv4(value(id)).is_some()) {
        let mut order: Vec<u32> = ids.collect();
        order.sort_by_cached_key(|&id| parse_ipv4(value(id)));
        return order;
    }
    // The first bytes decide most comparisons without a look at the values.
    let head = |v: &[u8]| v.iter().take(8).fold(0u64, |n, &b| n << 8 | u64::from(b));
    let mut order: Vec<(usize, u64, u32)> = ids.map(|id| (value(id).len(), head(value(id)), id)).collect();
    order.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| value(a.2).cmp(value(b.2))));
    order.into_iter().map(|(_, _, id)| id).collect()
}

/// Writes values that all differ: typed if they are of a type, else as text.
fn put_distinct(
    values: Values<'_>,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
    patterns: bool,
) {
    // Whole values too: an equality is then one probe, and one that two words of other values cannot satisfy.
    values.iter().for_each(|v| words.add_whole(v));
    match guess(values).and_then(|g| Typed::parse(values, g, None)) {
        Some(typed) => {
            typed.put(values, c, words, out);
        }
        None => {
            put_text(values, c, words, out, patterns && values.len() > SMALL_DICTIONARY);
        }
    }
}

/// The type of most of a sample of the values.
fn guess(values: Values<'_>) -> Option<Guess> {
    const SAMPLE: usize = 48;
    let step = values.len() / SAMPLE + 1;
    let sample = || values.iter().step_by(step);
    let wanted = sample().count().div_ceil(EXCEPTION_SHARE) * (EXCEPTION_SHARE - 1);
    let mut tried: Vec<Guess> = Vec::new();
    for value in sample().take(8) {
        let Some(mut guess) = Guess::of(value) else { continue };
        if guess == Guess::Integer && sample().any(|v| Guess::of(v) == Some(Guess::Decimal)) {
            guess = Guess::Decimal;
        }
        if tried.contains(&guess) {
            continue;
        }
        if sample().filter(|v| guess.fits(v)).count() >= wanted.min(sample().count()) {
            return Some(guess);
        }
        tried.push(guess);
    }
    None
}

fn put_typed(
    values: Values<'_>,
    guess: Option<Guess>,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
) -> Option<Encoded> {
    Some(Typed::parse(values, guess?, None)?.put(values, c, words, out))
}

/// A column parsed as a type, with the rows that did not fit.
struct Typed {
    guess: Guess,
    numbers: Vec<i64>,
    scales: Vec<u8>,
    bytes: Vec<u8>,
    exceptions: Vec<u32>,
}

impl Typed {
    /// Parses all values; each distinct one once where those are known. Nothing if too many do not fit.
    fn parse(values: Values<'_>, guess: Guess, distinct: Option<&Distinct>) -> Option<Typed> {
        let n = values.len();
        let mut t = Typed::empty(guess);
        let done = match (guess, distinct) {
            (Guess::Hex(shape), _) => t.parse_hex(values, shape),
            (_, Some(d)) => {
                let parsed = |&row: &u32| parse_number(guess, values.get(row as usize));
                let parsed: Vec<_> = d.firsts.iter().map(parsed).collect();
                t.take(d.ids.iter().map(|&id| parsed.get(id as usize).copied().flatten()), n)
            }
            // One loop for each kind, so that what is to be done is not asked for each value.
            (Guess::Time(layout), _) => t.take(values.iter().map(|v| Some((layout.parse(v)?, 0))), n),
            (Guess::Ipv4, _) => t.take(values.iter().map(|v| Some((i64::from(parse_ipv4(v)?), 0))), n),
            (Guess::Integer, _) => t.take(values.iter().map(|v| Some((parse_int(v)?, 0))), n),
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
    fn value_bytes(&self) -> f64 {
        match self.guess {
            Guess::Hex(shape) => shape.width as f64,
            Guess::Ipv4 => 2.5,
            _ => 2.0,
        }
    }

    fn estimate_bytes(&self) -> usize {
        match self.guess {
            Guess::Hex(_) => self.bytes.len(),
            _ => ints::estimate_bytes(&self.numbers),
        }
    }

    fn put(&self, values: Values<'_>, c: &mut Compressor, words: &mut WordSet, out: &mut Vec<u8>) -> Encoded {
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
