//! Limits of a record against log flooding: its bytes, and how many fields it has.

use gastrolog_index::Pipeline;

use crate::draft::{Draft, Piece};
use crate::redact::with_pair;
use crate::view::{Scratch, View};

/// Attribute of a record that was cut.
const TRUNCATED: &str = "truncated";

/// What one record may have. What is over is cut off, and the attribute `truncated` says so: `bytes` or `fields`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub record_bytes_max: Option<usize>,
    /// Named values in the text.
    pub fields_max: Option<usize>,
}

impl Limits {
    pub(crate) fn apply(&self, draft: &mut Draft<'_>, pipeline: &Pipeline, scratch: &Scratch) {
        for i in 0..draft.len() {
            let Some(&piece) = draft.pieces.get(i) else { continue };
            let bytes = self.within_bytes(draft.text_of(&piece));
            let fields = self.within_fields(draft, &piece, pipeline, scratch);
            let (end, why) = match (bytes, fields) {
                (None, None) => continue,
                (Some(bytes), fields) if fields.is_none_or(|f| bytes <= f) => (bytes, "bytes"),
                (_, fields) => (fields.unwrap_or_default(), "fields"),
            };
            let attributes = with_pair(draft.attributes_of(&piece), TRUNCATED, why.as_bytes());
            let piece = draft.cut(piece, end);
            let piece = draft.with_attributes(piece, attributes);
            if let Some(place) = draft.pieces.get_mut(i) {
                *place = piece;
            }
        }
    }

    /// Where to cut a text that is too long: not within a character.
    fn within_bytes(&self, text: &[u8]) -> Option<usize> {
        let max = self.record_bytes_max.filter(|max| text.len() > *max)?;
        let is_inside = |at: usize| text.get(at).is_some_and(|b| b & 0b1100_0000 == 0b1000_0000);
        // A character has at most four bytes; what goes on longer is none.
        Some((max.saturating_sub(3)..=max).rev().find(|&at| !is_inside(at)).unwrap_or(max))
    }

    /// Where the last field ends that is within the limit, if there are more.
    fn within_fields(
        &self,
        draft: &Draft<'_>,
        piece: &Piece,
        pipeline: &Pipeline,
        scratch: &Scratch,
    ) -> Option<usize> {
        let max = self.fields_max?;
        let text = draft.text_of(piece);
        let view = View::new(text, draft.attributes_of(piece), pipeline, scratch);
        if view.ranges().spans().len() <= max {
            return None;
        }
        let parsed = view.parsed();
        let mut fields = parsed.named().map(|(_, span)| span);
        // A range around others begins first and ends last: what counts is where the next one would begin.
        let kept = fields.by_ref().take(max).map(|span| span.start as usize).max().unwrap_or(0);
        let next = fields.next()?.start as usize;
        let inner = parsed.named().map(|(_, span)| span.end as usize).filter(|&end| end <= next);
        Some(inner.max().unwrap_or(0).max(kept))
    }
}
