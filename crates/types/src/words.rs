//! What a word is. Search, filters and dictionaries all cut text by this one rule.
//!
//! A word is a longest run of word bytes: ASCII letters, digits, `_`, and every byte from 0x80 up (so that any
//! UTF-8 letter is part of a word, and invalid UTF-8 never ends one in the middle). Words compare without
//! regard to ASCII case.

/// Whether `b` can be part of a word.
#[inline]
pub const fn is_word_byte(b: u8) -> bool {
    WORD[b as usize]
}

static WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        table[b] = c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80;
        b += 1;
    }
    table
};

/// The words of `text`, in order, as they stand (case not folded).
pub fn words(text: &[u8]) -> Words<'_> {
    Words { text, at: 0 }
}

/// Iterator over the words of a text; see [`words`].
#[derive(Clone, Debug)]
pub struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let skip = rest.iter().position(|&b| is_word_byte(b))?;
        let rest = &rest[skip..];
        let len = rest.iter().position(|&b| !is_word_byte(b)).unwrap_or(rest.len());
        self.at += skip + len;
        Some(&rest[..len])
    }
}

/// Whether `text` contains `word` (itself a run of word bytes) as a whole word, ASCII case aside.
pub fn contains_word(text: &[u8], word: &[u8]) -> bool {
    words(text).any(|w| w.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_everything_that_is_not_a_letter_digit_or_underscore() {
        let got: Vec<&[u8]> = words(b"GET /a_b?x=1 \xffy\xc3\xa9 -").collect();
        assert_eq!(got, [&b"GET"[..], b"a_b", b"x", b"1", b"\xffy\xc3\xa9"]);
        assert!(contains_word(b"Error: x", b"eRRor"));
        assert!(!contains_word(b"errors", b"error"));
    }
}
