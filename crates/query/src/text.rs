//! Searching the text of a record: phrases and patterns, ASCII case aside, no allocation.

use gastrolog_types::words::is_word_byte;
use memchr::{memchr, memchr2};

use crate::{Glob, TextMatch};

impl TextMatch {
    /// Whether the text satisfies the condition.
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            TextMatch::Phrase(phrase) => contains(text, std::slice::from_ref(phrase), true, true),
            TextMatch::Glob(Glob { pieces }) => {
                let closed = |piece: Option<&String>| piece.is_some_and(|p| !p.is_empty());
                contains(text, pieces, closed(pieces.first()), closed(pieces.last()))
            }
            TextMatch::Regex(regex) => regex.compiled.is_match(text),
        }
    }
}

/// Whether the pieces stand in `text` in this order with no white space in the gaps. `left` and `right` say
/// whether a word border is asked for before the first and after the last where they begin or end with a word byte.
fn contains(text: &[u8], pieces: &[String], left: bool, right: bool) -> bool {
    let mut later = pieces.iter().filter(|p| !p.is_empty()).map(|p| p.as_bytes());
    let Some(first) = later.next() else {
        return true;
    };
    let single = later.clone().next().is_none();
    let needle = Needle::new(first);
    let mut from = 0;
    while let Some(start) = needle.find(text, from) {
        from = start + 1;
        if left && !begins_clean(text, start) {
            continue;
        }
        let end = start + first.len();
        if single {
            if !right || ends_clean(text, end) {
                return true;
            }
            continue;
        }
        if continues(text, end, later.clone(), right) {
            return true;
        }
        // What cannot go on from here cannot from further on in the same run without white space either.
        from = from.max((white_space_from(text, end) + 1).saturating_sub(first.len()));
    }
    false
}

/// Whether the later pieces follow from `at`. Taking each at its leftmost place leaves the most to the next; only
/// the last has a border to look for.
fn continues<'a>(
    text: &[u8],
    at: usize,
    pieces: impl Iterator<Item = &'a [u8]> + Clone,
    right: bool,
) -> bool {
    let mut pieces = pieces;
    let mut at = at;
    while let Some(piece) = pieces.next() {
        let needle = Needle::new(piece);
        let bound = white_space_from(text, at).saturating_add(piece.len()).min(text.len());
        let run = text.get(..bound).unwrap_or(text);
        let bordered = right && pieces.clone().next().is_none();
        let mut from = at;
        loop {
            let Some(start) = needle.find(run, from) else {
                return false;
            };
            at = start + piece.len();
            if !bordered || ends_clean(text, at) {
                break;
            }
            from = start + 1;
        }
    }
    true
}

/// The first white space at or after `at`, else the end.
fn white_space_from(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len())
}

/// Whether no word runs across `at`, given what stands there.
fn begins_clean(text: &[u8], at: usize) -> bool {
    let word = |i: usize| text.get(i).is_some_and(|&b| is_word_byte(b));
    at == 0 || !(word(at) && word(at - 1))
}

fn ends_clean(text: &[u8], at: usize) -> bool {
    at == text.len() || begins_clean(text, at)
}

/// Looks for bytes, ASCII case aside, by the rarest of them.
struct Needle<'a> {
    bytes: &'a [u8],
    rarest: usize,
    lower: u8,
    upper: u8,
}

impl<'a> Needle<'a> {
    fn new(bytes: &'a [u8]) -> Needle<'a> {
        let rank = |b: &u8| COMMON.get(b.to_ascii_lowercase() as usize).copied().unwrap_or(0);
        let rarest = bytes.iter().enumerate().min_by_key(|(_, b)| rank(b)).map_or((0, 0), |(i, &b)| (i, b));
        let (lower, upper) = (rarest.1.to_ascii_lowercase(), rarest.1.to_ascii_uppercase());
        Needle { bytes, rarest: rarest.0, lower, upper }
    }

    /// The first place at or after `from`.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let last = text.len().checked_sub(self.bytes.len())?;
        let mut at = from;
        while at <= last {
            // Only where the rarest byte of a whole match can lie.
            let place = text.get(at + self.rarest..=last + self.rarest)?;
            let hit = match self.lower == self.upper {
                true => memchr(self.lower, place),
                false => memchr2(self.lower, self.upper, place),
            };
            at += hit?;
            if text.get(at..at + self.bytes.len())?.eq_ignore_ascii_case(self.bytes) {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

/// How common a byte is in logs, roughly; upper case counts as lower.
static COMMON: [u8; 256] = {
    let order = b"qjzxkvw~^`$#@!\\bygfhupmd%&;+'<>|cl?*_rnsoai(){}[]9t876543=2e1,0/:-.\" ";
    let mut table = [0u8; 256];
    let mut i = 0;
    while i < order.len() {
        table[order[i] as usize] = i as u8 + 10;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bordered(text: &[u8], start: usize, end: usize, left: bool, right: bool) -> bool {
        let word = |i: usize| text.get(i).is_some_and(|&b| is_word_byte(b));
        let clean_left = !left || start == 0 || !word(start) || !word(start - 1);
        clean_left && (!right || end == 0 || !word(end - 1) || !word(end))
    }

    /// The definition, by trying every start and every gap.
    fn slow(pieces: &[String], text: &[u8]) -> bool {
        fn ends(pieces: &[String], text: &[u8], at: usize, out: &mut Vec<usize>) {
            let Some((piece, rest)) = pieces.split_first() else {
                return out.push(at);
            };
            let Some(here) = text.get(at..at + piece.len()) else { return };
            if !here.eq_ignore_ascii_case(piece.as_bytes()) {
                return;
            }
            let at = at + piece.len();
            if rest.is_empty() {
                return out.push(at);
            }
            for gap in 0..=text.len() - at {
                if text[at..at + gap].iter().any(u8::is_ascii_whitespace) {
                    break;
                }
                ends(rest, text, at + gap, out);
            }
        }
        let left = !pieces[0].is_empty();
        let right = !pieces[pieces.len() - 1].is_empty();
        (0..=text.len()).any(|start| {
            let mut found = Vec::new();
            ends(pieces, text, start, &mut found);
            found.into_iter().any(|end| bordered(text, start, end, left, right))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_pattern_equals_the_definition(pieces in prop::collection::vec("[ab. ]{0,2}", 2..4), text in "[abA. ]{0,10}") {
            let Some(glob) = Glob::from_pieces(pieces) else { return Ok(()) };
            let expected = slow(&glob.pieces, text.as_bytes());
            prop_assert_eq!(TextMatch::Glob(glob).matches(text.as_bytes()), expected);
        }

        #[test]
        fn a_phrase_equals_the_definition(phrase in "[ab.é]{1,3}", text in "[abA.éB ]{0,10}") {
            let expected = slow(std::slice::from_ref(&phrase), text.as_bytes());
            prop_assert_eq!(TextMatch::Phrase(phrase).matches(text.as_bytes()), expected);
        }
    }

    #[test]
    fn examples() {
        let phrase = |p: &str, t: &str| TextMatch::Phrase(p.into()).matches(t.as_bytes());
        assert!(phrase("connection refused", "x: Connection REFUSED."));
        assert!(!phrase("error", "errors") && !phrase("error", "terror") && phrase("error", "an error"));
        assert!(
            phrase("-foo", "x-foo")
                && phrase("10.0.0.1", "from 10.0.0.1:80")
                && !phrase("0.0.1", "10.0.0.10")
        );
        let glob = |p: &str, t: &str| TextMatch::Glob(Glob::new(p).unwrap()).matches(t.as_bytes());
        assert!(
            glob("conn*", "a Connection") && !glob("conn*", "disconnect") && glob("*conn*", "disconnect")
        );
        assert!(
            glob("web-*.example", "on WEB-17.example now") && !glob("web-*.example", "web-1 and 2.example")
        );
        assert!(glob("*ing", "running, jumping") && !glob("*ing", "ingots"));
    }
}
