//! Which ranges of a text are values of fields that have to go.

use std::ops::Range;

use gastrolog_index::{Escape, Name, NamePart, RangeSet, Span, unescape};
use gastrolog_query::Glob;

use super::rule::Action;
use crate::view::Parsed;

/// A field by its path, or several by a path with `*`; what lies below it too.
#[derive(Clone, Debug)]
pub(super) enum FieldPattern {
    Exact(String),
    Glob(Glob),
}

/// Bytes that take the place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: Vec<u8>,
}

impl FieldPattern {
    pub(super) fn new(path: &str) -> FieldPattern {
        let pieces = path.split('*').map(str::to_owned).collect();
        Glob::from_pieces(pieces).map_or_else(|| FieldPattern::Exact(path.to_owned()), FieldPattern::Glob)
    }

    /// Whether it names the field, or one that the field is part of.
    pub(super) fn matches(&self, path: &str) -> bool {
        let is_end = |&i: &usize| {
            path.get(i..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("[]"))
        };
        (0..=path.len()).filter(is_end).any(|end| {
            let whole = path.get(..end).unwrap_or(path);
            match self {
                FieldPattern::Exact(name) => name == whole,
                FieldPattern::Glob(glob) => glob.matches(whole.as_bytes()),
            }
        })
    }
}

/// What to change in `text` so that no field keeps its value that `action_for` has an action for.
pub(super) fn edits<'a>(
    parsed: &Parsed,
    text: &[u8],
    action_for: impl Fn(&str) -> Option<&'a Action>,
) -> Vec<Edit> {
    let (mut edits, mut done) = (Vec::<Edit>::new(), 0);
    for (path, span) in parsed.named() {
        let range = span.start as usize..span.end as usize;
        let Some(action) = action_for(path) else { continue };
        // What lies in a range that is taken out is gone with it.
        if range.is_empty() || range.start < done {
            continue;
        }
        let raw = text.get(range.clone()).unwrap_or(&[]);
        let with = action.instead_of(&unescape(raw, span.escape));
        done = range.end;
        let with = if is_bare_json(&parsed.ranges, span) { json_value(&with) } else { with };
        edits.push(Edit { range, with });
    }
    edits
}

/// A number, `true`, `false` or `null` of JSON: what takes its place needs quotes.
fn is_bare_json(ranges: &RangeSet, span: &Span) -> bool {
    let mut at: Name = span.name;
    while let Some((parent, part)) = ranges.names().get(at.0 as usize) {
        match part {
            NamePart::Element => at = *parent,
            NamePart::Key { escape: Escape::Json, .. } => return span.escape == Escape::None,
            _ => return false,
        }
    }
    at == Name::ROOT && span.name != Name::ROOT && span.escape == Escape::None
}

pub(super) fn json_value(with: &[u8]) -> Vec<u8> {
    if with.is_empty() { b"null".to_vec() } else { [b"\"", with, b"\""].concat() }
}

/// Whether all of a bare value of JSON lies in `range`.
pub(super) fn is_bare_json_at(ranges: &RangeSet, range: &Range<usize>) -> bool {
    let same = |span: &&Span| span.start as usize == range.start && span.end as usize == range.end;
    ranges.spans().iter().filter(same).any(|span| is_bare_json(ranges, span))
}

/// `text` with all edits, which are in order and do not overlap.
pub(super) fn edited(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for Edit { range, with } in edits {
        out.extend_from_slice(text.get(at..range.start).unwrap_or(&[]));
        out.extend_from_slice(with);
        at = range.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or(&[]));
    out
}
