//! Asks each indexer in turn and puts the ranges in order.

use std::ops::Range;

use crate::bounds::{PARSED_BYTES_MAX, has_long_names};
use crate::{Claim, Indexer, Name, RangeSet, Span};

/// How deep parts left by one indexer may be handed on (a syslog message that carries text before JSON).
const DEPTH_MAX: u32 = 4;

/// The indexers in order of precedence. The order decides what a record means, so it is fixed by the caller
/// once and is the same for writing and for reading.
pub struct Pipeline {
    indexers: Vec<Box<dyn Indexer>>,
}

/// Which indexers claimed parts of a record: bit `i` for the `i`-th of the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// One bit an indexer.
    pub claimed_by: u64,
}

impl Pipeline {
    /// A pipeline that asks `indexers` in this order (at most 64).
    pub fn new(indexers: Vec<Box<dyn Indexer>>) -> Pipeline {
        Pipeline { indexers }
    }

    /// The names of the indexers, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.indexers.iter().map(|i| i.name())
    }

    /// Finds the ranges of `record` and leaves them in `out`, sorted by start, outer before inner.
    ///
    /// What no indexer claims becomes one unnamed range of text ([`Name::TEXT`]).
    pub fn parse(&self, record: &[u8], out: &mut RangeSet) -> Parsed {
        let parsed = self.parse_as_found(record, out);
        put_in_order(&mut out.spans);
        parsed
    }

    /// As [`Pipeline::parse`], but the ranges stand in the order in which they were found.
    pub(crate) fn parse_as_found(&self, record: &[u8], out: &mut RangeSet) -> Parsed {
        out.clear();
        let mut parsed = Parsed::default();
        if record.len() <= PARSED_BYTES_MAX {
            self.part(record, 0..record.len(), 0, out, &mut parsed);
            if !has_long_names(record, out) {
                return parsed;
            }
            out.clear();
        }
        out.plain(0..record.len(), Name::TEXT);
        Parsed::default()
    }

    /// Finds the ranges that one indexer, by its name, sees in `text`, as [`Pipeline::parse`] does; what it leaves to
    /// others is left out. Returns whether the indexer claims the text.
    pub fn parse_by(&self, name: &str, text: &[u8], out: &mut RangeSet) -> bool {
        out.clear();
        let Some(indexer) = self.indexers.iter().find(|i| i.name() == name) else { return false };
        if text.len() > PARSED_BYTES_MAX
            || indexer.index(text, 0..text.len(), out) == Claim::No
            || has_long_names(text, out)
        {
            out.clear();
            return false;
        }
        put_in_order(&mut out.spans);
        true
    }

    fn part(&self, record: &[u8], part: Range<usize>, depth: u32, out: &mut RangeSet, parsed: &mut Parsed) {
        if depth < DEPTH_MAX {
            for (i, indexer) in self.indexers.iter().enumerate() {
                if parsed.claimed_by & (1 << i) != 0 {
                    continue;
                }
                let mark = out.mark();
                let left_before = out.left.len();
                if indexer.index(record, part.clone(), out) == Claim::No {
                    out.rollback(mark);
                    continue;
                }
                parsed.claimed_by |= 1 << i;
                while out.left.len() > left_before {
                    if let Some((start, end)) = out.left.pop() {
                        self.part(record, start as usize..end as usize, depth + 1, out, parsed);
                    }
                }
                return;
            }
        }
        let covered = out.spans.iter().any(|s| (s.start as usize, s.end as usize) == (part.start, part.end));
        if !covered || depth == 0 {
            out.plain(part, Name::TEXT);
        }
    }
}

/// Sorts by start, longer first; drops ranges that cross one before them, which an indexer must not make. Whether they were
/// in order before.
pub(crate) fn put_in_order(spans: &mut Vec<Span>) -> bool {
    if is_in_order(spans) {
        return true;
    }
    spans.sort_by(|a, b| (a.start, b.end).cmp(&(b.start, a.end)));
    let mut open: Vec<u32> = Vec::new();
    spans.retain(|s| {
        while open.last().is_some_and(|&end| end <= s.start) {
            open.pop();
        }
        let fits = s.start <= s.end && open.last().is_none_or(|&end| s.end <= end);
        if fits {
            open.push(s.end);
        }
        fits
    });
    false
}

/// Whether nothing is to be done. Follows nesting only a few levels deep; what is deeper is sorted to be sure.
fn is_in_order(spans: &[Span]) -> bool {
    let mut open = [u32::MAX; 8];
    let (mut depth, mut before) = (0usize, 0u32);
    // Where the last range ends that has no other around it: most ranges just follow it.
    let mut free = 0u32;
    for s in spans {
        if s.start >= free && s.start >= before && s.start <= s.end {
            (depth, before, free) = (1, s.start, s.end);
            open[1] = s.end;
            continue;
        }
        while depth > 0 && open.get(depth).is_some_and(|&end| end <= s.start) {
            depth -= 1;
        }
        let Some([outer, place]) = open.get_mut(depth..depth + 2) else { return false };
        if s.start < before || s.start > s.end || s.end > *outer {
            return false;
        }
        *place = s.end;
        depth += 1;
        before = s.start;
    }
    true
}
