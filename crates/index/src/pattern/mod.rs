//! The pattern of a text: what remains when its values are taken out.
//!
//! Ranges that an indexer names become `<name>`; in free text the parts that vary become `<*>`. What lies between
//! stays. The pattern is a function of the text alone, so that the same records have the same patterns however they
//! are stored.

mod cues;
mod mask;
mod path;
mod text;

use std::ops::Range;

use gastrolog_types::{Timestamp, find_time};

pub use text::PatternText;

use crate::fields::time_span;
use crate::ranges::is_leaf;
use crate::{Escape, Name, NamePart, Pipeline, RangeSet, Span, unescape};

/// Names of the fields that hold the message of a record, the best first; ASCII case is ignored.
const MESSAGE_NAMES: [&str; 4] = ["msg", "message", "event", "log"];

/// How good a field is as the message of its record: smaller is better, `None` is not one.
pub fn message_rank(name: &[u8]) -> Option<usize> {
    MESSAGE_NAMES.iter().position(|m| m.as_bytes().eq_ignore_ascii_case(name))
}

/// Finds patterns; made once, used for text after text.
#[derive(Clone, Debug, Default)]
pub struct PatternFinder {
    ranges: RangeSet,
    pattern: PatternText,
    /// The text that the pattern is of.
    text: Vec<u8>,
    values: Vec<Range<usize>>,
    /// The time in the record whose pattern was found last.
    time: Option<Range<usize>>,
}

impl PatternFinder {
    /// Finds the pattern of the message of `record`, or of the whole record if it has no message.
    pub fn of_record(&mut self, pipeline: &Pipeline, record: &[u8]) -> &[u8] {
        pipeline.parse(record, &mut self.ranges);
        self.time = time_span(self.ranges.spans()).map(|s| s.start as usize..s.end as usize);
        match message(&self.ranges, record) {
            Some(span) => {
                let raw = record.get(span.start as usize..span.end as usize).unwrap_or(&[]);
                self.of_text(pipeline, &unescape(raw, span.escape))
            }
            None => {
                self.text.clear();
                self.text.extend_from_slice(record);
                self.of_ranges()
            }
        }
    }

    /// Finds the pattern of `text`.
    pub fn of_text(&mut self, pipeline: &Pipeline, text: &[u8]) -> &[u8] {
        self.text.clear();
        self.text.extend_from_slice(text);
        pipeline.parse(&self.text, &mut self.ranges);
        self.of_ranges()
    }

    fn of_ranges(&mut self) -> &[u8] {
        let PatternFinder { ranges, pattern, text, values, .. } = self;
        pattern.clear();
        values.clear();
        let mut at = 0;
        let spans = ranges.spans();
        for (_, span) in spans.iter().enumerate().filter(|&(i, _)| is_leaf(spans, i)) {
            let (start, end) = (span.start as usize, span.end as usize);
            pattern.literal(text.get(at..start).unwrap_or(&[]));
            let raw = text.get(start..end).unwrap_or(&[]);
            let path = if span.name == Name::TEXT { String::new() } else { ranges.path(span.name, text) };
            pattern.value(&path, raw, &mut |r| values.push(start + r.start..start + r.end));
            at = end;
        }
        pattern.literal(text.get(at..).unwrap_or(&[]));
        pattern.finish()
    }

    /// The time that `record` says, if its pattern was found last by [`PatternFinder::of_record`]; what it leaves out
    /// is taken from `reference`.
    pub fn time(&self, record: &[u8], reference: Timestamp) -> Timestamp {
        let said = self.time.clone().and_then(|range| record.get(range));
        said.and_then(|text| find_time(text, reference)).unwrap_or(Timestamp::NONE)
    }

    /// The pattern that was found last.
    pub fn pattern(&mut self) -> &[u8] {
        self.pattern.finish()
    }

    /// The values that were taken out of the text for it, in order.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().map(|r| self.text.get(r.clone()).unwrap_or(&[]))
    }
}

/// The range that holds the message of `record`: the first of the best name.
fn message(ranges: &RangeSet, record: &[u8]) -> Option<Span> {
    let rank = |span: &Span| {
        let (_, part) = ranges.names().get(span.name.0 as usize)?;
        match *part {
            NamePart::Element => return None,
            NamePart::Static(name) => message_rank(name.as_bytes())?,
            // Paths are made only where they may be right: they cost an allocation.
            NamePart::Key { start, end, escape: Escape::None } => {
                message_rank(record.get(start as usize..end as usize)?)?
            }
            NamePart::Key { .. } => 0,
        };
        message_rank(ranges.path(span.name, record).as_bytes())
    };
    let ranked = ranges.spans().iter().filter_map(|span| Some((rank(span)?, *span)));
    // Of equal ones the first is kept.
    ranked.min_by_key(|&(rank, _)| rank).map(|(_, span)| span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_messages() {
        assert!(message_rank(b"MSG") < message_rank(b"Message"));
        assert_eq!(message_rank(b"msg.id"), None);
    }
}
