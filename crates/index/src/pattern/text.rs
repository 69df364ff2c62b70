//! A pattern, made piece by piece.

use std::ops::Range;

use super::mask;

/// Longest pattern; of longer ones the beginning is the pattern.
const PATTERN_BYTES_MAX: usize = 1000;

/// What ends a pattern that was cut off.
const CUT_OFF: &[u8] = "…".as_bytes();

/// Makes a pattern piece by piece: literals, and the values between them.
#[derive(Clone, Debug, Default)]
pub struct PatternText(Vec<u8>);

impl PatternText {
    /// Forgets what was made.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds what stands between values.
    pub fn literal(&mut self, text: &[u8]) {
        mask::mask_literal(text, &mut self.0);
    }

    /// Adds the value of a field. An empty name is that of free text, of which the words stay. `taken` gets the range
    /// of each part of `raw` that a placeholder stands for.
    pub fn value(&mut self, name: &str, raw: &[u8], taken: &mut dyn FnMut(Range<usize>)) {
        if name.is_empty() {
            mask::mask(raw, &mut self.0, taken);
            return;
        }
        let name = if mask::is_numbered(name.as_bytes()) { "*" } else { name };
        self.0.push(b'<');
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'>');
        taken(0..raw.len());
    }

    /// The pattern, bounded, without white space at its end.
    pub fn finish(&mut self) -> &[u8] {
        self.0.truncate(self.0.trim_ascii_end().len());
        if self.0.len() > PATTERN_BYTES_MAX + CUT_OFF.len() {
            let is_inside = |at: &usize| self.0.get(*at).is_some_and(|b| b & 0xC0 == 0x80);
            let end = (PATTERN_BYTES_MAX - 3..=PATTERN_BYTES_MAX).rev().find(|at| !is_inside(at));
            self.0.truncate(end.unwrap_or(PATTERN_BYTES_MAX));
            self.0.extend_from_slice(CUT_OFF);
        }
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_patterns_are_cut_where_a_character_begins() {
        for lead in 0..4 {
            let mut pattern = PatternText::default();
            pattern.literal(&vec![b'x'; lead]);
            pattern.literal("ä€".repeat(1000).as_bytes());
            let text = std::str::from_utf8(pattern.finish()).unwrap().to_owned();
            assert!(text.len() <= PATTERN_BYTES_MAX + CUT_OFF.len() && text.ends_with('…'));
            assert_eq!(pattern.finish(), text.as_bytes());
        }
    }
}
