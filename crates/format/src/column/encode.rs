//! Chooses an encoding from the values and writes it.

use super::dictionary::{Distinct, distinct};
use super::parsed::{Typed, guess, guess_of, sample_step};
use super::typed::{Guess, parse_int, parse_ipv4};
use super::{Encoding, Values, pattern};
use crate::compress::Compressor;
use crate::ints::entropy_bits;
use crate::words::WordSet;
use crate::{Strings, Writer, ids};

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
    pub(super) fn of(encoding: Encoding) -> Encoded {
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
    encode_varied(values, guess(values), None, c, words, out, patterns)
}

/// As [`encode`], of a column whose distinct values in `text` are known.
pub(crate) fn encode_distinct(
    text: &[u8],
    d: &Distinct,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
) -> Encoded {
    let distinct = Values { text, ranges: &d.ranges };
    if d.len() <= 1 {
        words.add_value(distinct.get(0));
        return put_constant(distinct.get(0), d.ids.len(), out);
    }
    let of_row = |&id: &u32| d.ranges.get(id as usize).copied().unwrap_or((0, 0));
    let sample: Vec<(u32, u32)> = d.ids.iter().step_by(sample_step(d.ids.len())).map(of_row).collect();
    let guess = guess_of(Values { text, ranges: &sample });
    if !matches!(guess, Some(Guess::Time(_))) && is_small(d) {
        return put_dictionary(text, d, c, words, out, true);
    }
    encode_varied(Values { text, ranges: &d.rows() }, guess, Some(d), c, words, out, true)
}

/// Whether ids in a byte are so few that a dictionary is taken whatever the values are.
fn is_small(d: &Distinct) -> bool {
    d.len() <= SMALL_DICTIONARY && d.len() * 2 <= d.ids.len().max(16)
}

/// Encodes values that are not all the same.
fn encode_varied(
    values: Values<'_>,
    guess: Option<Guess>,
    known: Option<&Distinct>,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
    patterns: bool,
) -> Encoded {
    if let Some(time @ Guess::Time(_)) = guess
        && let Some(typed) = Typed::parse(values, time, known)
    {
        return typed.put(values, c, words, out);
    }
    // Without a type, only a dictionary of a quarter of the values is taken; more need not be looked for.
    let most = if guess.is_some() { values.len() / 2 + 1 } else { values.len() / 4 };
    let most = most.max(SMALL_DICTIONARY.min(values.len()));
    let found = if known.is_none() { distinct(values, most) } else { None };
    let distinct = known.filter(|d| d.len() <= most).or(found.as_ref());
    if let Some(d) = distinct.filter(|d| is_small(d)) {
        return put_dictionary(values.text, d, c, words, out, patterns);
    }
    if let Some(typed) = guess.and_then(|g| Typed::parse(values, g, distinct)) {
        return match distinct {
            Some(d) if d.estimate_typed(typed.value_bytes()) < typed.estimate_bytes() => {
                put_dictionary(values.text, d, c, words, out, patterns)
            }
            _ => typed.put(values, c, words, out),
        };
    }
    match distinct {
        Some(d) if d.len() * 4 <= values.len() => put_dictionary(values.text, d, c, words, out, patterns),
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
        self.id_bytes() + (self.len() as f64 * value_bytes) as usize
    }
}

/// Writes the distinct values sorted by length and bytes (numbers then stand in their order), and the ids.
fn put_dictionary(
    text: &[u8],
    d: &Distinct,
    c: &mut Compressor,
    words: &mut WordSet,
    out: &mut Vec<u8>,
    patterns: bool,
) -> Encoded {
    let values = Values { text, ranges: &d.ranges };
    let value = |id: u32| values.get(id as usize);
    let order = sorted(d, value);
    let mut place = vec![0u32; order.len()];
    for (i, &id) in order.iter().enumerate() {
        if let Some(p) = place.get_mut(id as usize) {
            *p = i as u32;
        }
    }
    out.put_u8(Encoding::Dictionary as u8);
    out.put_varint(order.len() as u64);
    let ranges: Vec<(u32, u32)> = order.iter().filter_map(|&id| d.ranges.get(id as usize).copied()).collect();
    put_distinct(Values { text, ranges: &ranges }, c, words, out, patterns);
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
    let ids = 0..d.len() as u32;
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
