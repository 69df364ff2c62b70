//! The words of a row group while it is encoded, hashed for its filter.
//!
//! Not every value gives its words: integers, decimals, times and addresses are quick to compare where they
//! stand and would fill the filter with numbers. [`TypedWords`] remembers which of these kinds a row group has,
//! so that a reader knows which words the filter cannot deny.

use gastrolog_types::words::words;
use hashbrown::HashTable;
use rapidhash::v3::rapidhash_v3;

/// Words longer than this are hashed by their first bytes.
const WORD_BYTES_MAX: usize = 256;

/// Hash of a word or a whole value, ASCII case folded.
#[inline]
pub fn hash_folded(text: &[u8]) -> u64 {
    // Most words are short, and clearing the longer buffer would cost more than the hash.
    if text.len() <= SHORT_BYTES { folded::<SHORT_BYTES>(text) } else { folded::<WORD_BYTES_MAX>(text) }
}

const SHORT_BYTES: usize = 32;

#[inline]
fn folded<const N: usize>(text: &[u8]) -> u64 {
    let mut buffer = [0u8; N];
    let n = text.len().min(N);
    match (buffer.get_mut(..n), text.get(..n)) {
        (Some(folded), Some(text)) => {
            folded.copy_from_slice(text);
            folded.make_ascii_lowercase();
            rapidhash_v3(folded)
        }
        _ => 0,
    }
}

/// Kinds of typed values in a row group whose words are not in its filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypedWords(pub u8);

impl TypedWords {
    /// Integers and decimals: words of digits.
    pub const NUMBER: u8 = 1;
    /// Times: digits, T and Z, names of months and days.
    pub const TIME: u8 = 2;
    /// IPv4 addresses: up to three digits.
    pub const IPV4: u8 = 4;
    /// UUIDs: groups of 4 and 8 hex digits.
    pub const UUID: u8 = 8;
    /// Hexadecimal numbers of one length: 8 hex digits and more. Only of columns: filters have these words.
    pub const HEX: u8 = 32;
    /// Some values begin or end in the middle of a word: any word may stand across a border.
    pub const UNALIGNED: u8 = 16;

    /// Whether `word` may stand in a value of one of these kinds, so that a filter's "no" proves nothing.
    pub fn may_have(self, word: &[u8]) -> bool {
        let digits = word.iter().all(u8::is_ascii_digit);
        let has = |kind: u8| self.0 & kind != 0;
        let hex = word.len() >= 8 && word.iter().all(u8::is_ascii_hexdigit);
        has(Self::UNALIGNED)
            || (hex && has(Self::HEX))
            || (digits && has(Self::NUMBER | Self::TIME))
            || (digits && word.len() <= 3 && has(Self::IPV4))
            || (has(Self::TIME) && time_word(word))
            || (has(Self::UUID) && matches!(word.len(), 4 | 8) && word.iter().all(u8::is_ascii_hexdigit))
    }
}

fn time_word(word: &[u8]) -> bool {
    const NAMES: [&[u8]; 19] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
        b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun",
    ];
    word.iter().all(|b| matches!(b, b'0'..=b'9' | b'T' | b't' | b'Z' | b'z'))
        || NAMES.iter().any(|n| word.eq_ignore_ascii_case(n))
}

/// Collects hashes of distinct words and values.
#[derive(Default)]
pub struct WordSet {
    hashes: HashTable<u64>,
    /// Which typed kinds were met.
    pub typed: TypedWords,
    /// Which were met in the column at hand.
    column: TypedWords,
    /// The column at hand has words of no such kind.
    column_other: bool,
}

impl WordSet {
    /// An empty set.
    pub fn new() -> WordSet {
        WordSet::default()
    }

    #[inline]
    fn insert(&mut self, hash: u64) {
        if let hashbrown::hash_table::Entry::Vacant(place) = self.hashes.entry(hash, |&h| h == hash, |&h| h) {
            place.insert(hash);
        }
    }

    /// Makes room for `n` more.
    pub(crate) fn reserve(&mut self, n: usize) {
        self.hashes.reserve(n, |&h| h);
    }

    /// Notes that values of this kind were met; their words are not added.
    pub(crate) fn meet(&mut self, kind: u8) {
        self.column.0 |= kind;
        self.typed.0 |= kind & !TypedWords::HEX;
    }

    /// What all words since the last call were, if they were all of typed kinds.
    pub(crate) fn take_column(&mut self) -> Option<TypedWords> {
        let kinds = std::mem::take(&mut self.column);
        let other = std::mem::take(&mut self.column_other);
        (!other).then_some(kinds)
    }

    /// Adds every word of `text`.
    pub fn add_words(&mut self, text: &[u8]) {
        for word in words(text) {
            self.column_other = true;
            self.insert(hash_folded(word));
        }
    }

    /// Adds `value` as a whole.
    pub fn add_whole(&mut self, value: &[u8]) {
        self.insert(hash_folded(value));
    }

    /// Adds a value's words, and the value as a whole.
    pub fn add_value(&mut self, value: &[u8]) {
        self.add_words(value);
        self.add_whole(value);
    }

    /// The hashes, in no order.
    pub fn hashes(&self) -> Vec<u64> {
        self.hashes.iter().copied().collect()
    }
}
