//! The pattern of a text: what remains when its values are taken out.
//!
//! Ranges that an indexer names become `<name>`; in free text the parts that vary become `<*>`. What lies between
//! stays. The pattern is a function of the text alone, so that the same records have the same patterns however they
//! are stored.

mod mask;

use std::ops::Range;

use crate::ranges::is_leaf;
use crate::{Name, Pipeline, RangeSet};

/// Longest pattern; of longer ones the beginning is the pattern.
const PATTERN_BYTES_MAX: usize = 1000;

/// What ends a pattern that was cut off.
const CUT_OFF: &str = "…";

/// Makes a pattern piece by piece.
#[derive(Clone, Debug, Default)]
pub struct PatternText(Vec<u8>);

impl PatternText {
    /// Forgets what was made.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds what stands in every text of the pattern.
    pub fn literal(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// Adds the value of a field. An empty name is that of free text: see [`PatternText::free_text`].
    pub fn value(&mut self, name: &str, raw: &[u8]) {
        if name.is_empty() {
            self.free_text(raw);
        } else {
            self.placeholder(name);
        }
    }

    fn placeholder(&mut self, name: &str) {
        self.0.push(b'<');
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'>');
    }

    /// Adds free text, of which the words stay.
    pub fn free_text(&mut self, text: &[u8]) {
        mask::mask(text, &mut self.0, &mut |_| {});
    }

    /// The pattern, bounded.
    pub fn finish(&mut self) -> &[u8] {
        if self.0.len() > PATTERN_BYTES_MAX {
            let is_inside = |at: &usize| self.0.get(*at).is_some_and(|b| b & 0xC0 == 0x80);
            let end = (PATTERN_BYTES_MAX - 3..=PATTERN_BYTES_MAX).rev().find(|at| !is_inside(at));
            self.0.truncate(end.unwrap_or(PATTERN_BYTES_MAX));
            self.0.extend_from_slice(CUT_OFF.as_bytes());
        }
        &self.0
    }
}

impl Pipeline {
    /// Makes the pattern of `text`; `slot` gets the range of each value that was taken out, in order.
    pub fn pattern_of(
        &self,
        text: &[u8],
        ranges: &mut RangeSet,
        pattern: &mut PatternText,
        slot: &mut dyn FnMut(Range<usize>),
    ) {
        self.parse(text, ranges);
        pattern.clear();
        let mut at = 0;
        let spans = ranges.spans();
        for (_, span) in spans.iter().enumerate().filter(|&(i, _)| is_leaf(spans, i)) {
            let (start, end) = (span.start as usize, span.end as usize);
            pattern.literal(text.get(at..start).unwrap_or(&[]));
            let raw = text.get(start..end).unwrap_or(&[]);
            let path = if span.name == Name::TEXT { String::new() } else { ranges.path(span.name, text) };
            if path.is_empty() {
                mask::mask(raw, &mut pattern.0, &mut |r| slot(start + r.start..start + r.end));
            } else {
                pattern.placeholder(&path);
                slot(start..end);
            }
            at = end;
        }
        pattern.literal(text.get(at..).unwrap_or(&[]));
        pattern.finish();
    }
}

/// Names of the fields that hold the message of a record, the best first; ASCII case is ignored.
pub const MESSAGE_NAMES: [&str; 4] = ["msg", "message", "event", "log"];

/// How good a field is as the message of its record: smaller is better, `None` is not one.
pub fn message_rank(name: &str) -> Option<usize> {
    MESSAGE_NAMES.iter().position(|m| m.eq_ignore_ascii_case(name))
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

    #[test]
    fn names_of_messages() {
        assert!(message_rank("MSG") < message_rank("Message"));
        assert_eq!(message_rank("msg.id"), None);
    }
}
