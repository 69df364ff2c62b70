//! Lines of one batch that belong together become one record. A stream is a set of attributes.

use std::time::Instant;

use gastrolog_ingest::multiline::{Grouper, Multiline};
use gastrolog_types::Attributes;

use crate::draft::{Draft, Piece};

/// Groups; returns which records became part of another.
pub(crate) fn group(draft: &mut Draft<'_>, by: &Multiline) -> Vec<u32> {
    let mut grouper = Grouper::<Attributes, usize>::new(by.clone());
    // One moment for all of them: within a batch nothing is late.
    let (now, mut groups) = (Instant::now(), Vec::new());
    for (i, piece) in draft.pieces.iter().enumerate() {
        grouper.push(draft.attributes_of(piece), draft.text_of(piece), i, now, &mut groups);
    }
    grouper.finish(&mut groups);
    groups.sort_by_key(|(_, group)| group.first);
    let mut grouped: Vec<Piece> = Vec::with_capacity(groups.len());
    for (_, group) in groups {
        if let Some(&first) = draft.pieces.get(group.first) {
            grouped.push(if group.lines == 1 { first } else { draft.with_text(first, &group.text) });
        }
    }
    let lines = std::mem::replace(&mut draft.pieces, grouped);
    let mut firsts = draft.pieces.iter().map(|piece| piece.id).peekable();
    let mut is_part = |line: &Piece| firsts.next_if_eq(&line.id).is_none();
    lines
        .into_iter()
        .map(|line| (is_part(&line), line.id))
        .filter(|(part, _)| *part)
        .map(|(_, id)| id)
        .collect()
}
