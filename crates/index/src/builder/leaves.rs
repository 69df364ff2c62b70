//! The spans of one record told apart: those that become slots, and those made of several.

use gastrolog_format::{Composite, Shape};

use crate::ranges::is_leaf;
use crate::{Name, RangeSet, Span};

/// Where a composite span begins and ends: literal and byte in it, as in [`Composite`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) start: (u32, u32),
    pub(super) end: (u32, u32),
}

/// The leaves and composites of one record; made once, filled for each record.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// Spans with no other inside: the slots.
    pub(super) spans: Vec<Span>,
    /// Named spans with others inside.
    pub(super) composites: Vec<Place>,
    /// Bytes of the record that no leaf covers.
    pub(super) literal_bytes: usize,
}

impl Leaves {
    /// Takes the spans of `ranges` apart.
    pub(super) fn fill(&mut self, ranges: &RangeSet, record_bytes: usize) {
        self.spans.clear();
        self.composites.clear();
        let mut covered = 0;
        let spans = ranges.spans();
        for (i, span) in spans.iter().enumerate() {
            if is_leaf(spans, i) {
                covered += (span.end - span.start) as usize;
                self.spans.push(*span);
            } else if span.name != Name::TEXT {
                let first = self.spans.len() as u32;
                self.composites.push(Place { span: *span, start: (first, 0), end: (first, 0) });
            }
        }
        self.literal_bytes = record_bytes.saturating_sub(covered);
        for i in 0..self.composites.len() {
            let Some((first, span)) = self.composites.get(i).map(|c| (c.start.0 as usize, c.span)) else {
                break;
            };
            let place = self.place(&span, first);
            if let Some(composite) = self.composites.get_mut(i) {
                *composite = place;
            }
        }
    }

    /// Where `span` is, which has other spans in it and comes before the leaf `first` in order.
    pub(super) fn place(&self, span: &Span, first: usize) -> Place {
        let leaves = &self.spans;
        let is_within = |s: &&Span| s.start < span.end || s.end <= span.end;
        let inside = leaves.iter().skip(first).take_while(is_within).count();
        let literal_start = |n: usize| n.checked_sub(1).and_then(|i| leaves.get(i)).map_or(0, |l| l.end);
        let (start, end) = (literal_start(first), literal_start(first + inside));
        Place {
            span: *span,
            start: (first as u32, span.start.saturating_sub(start)),
            end: ((first + inside) as u32, span.end.saturating_sub(end)),
        }
    }

    /// The literals of `record` before each leaf, and the one after the last.
    pub(super) fn literals<'a>(&'a self, record: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut at = 0usize;
        let before = self.spans.iter().map(|l| (l.start as usize, l.end as usize));
        before.chain([(record.len(), record.len())]).map(move |(start, end)| {
            let literal = record.get(at..start).unwrap_or(&[]);
            at = end;
            literal
        })
    }

    /// Whether what lies between the leaves is what lies between the slots of `shape`. The caller knows already
    /// that there are as many literals, each as long.
    #[inline]
    pub(super) fn literals_are(&self, record: &[u8], shape: &Shape) -> bool {
        let (mut rest, mut at) = (shape.literals.bytes(), 0usize);
        for leaf in &self.spans {
            let start = leaf.start as usize;
            if let Some(tail) = short_same(rest, record, at, start) {
                (rest, at) = (tail, leaf.end as usize);
                continue;
            }
            let literal = record.get(at..start).unwrap_or(&[]);
            match rest.split_at_checked(literal.len()) {
                Some((head, tail)) if same(head, literal) => rest = tail,
                _ => return false,
            }
            at = leaf.end as usize;
        }
        same(rest, record.get(at..).unwrap_or(&[]))
    }
}

/// Whether `rest` begins with `record[at..end]`, at most eight bytes, told from eight bytes of each; then what follows
/// in `rest`. None where they differ and where there are not so many bytes.
#[inline]
fn short_same<'a>(rest: &'a [u8], record: &[u8], at: usize, end: usize) -> Option<&'a [u8]> {
    let bytes = end.wrapping_sub(at);
    let a = u64::from_le_bytes(*rest.first_chunk::<8>()?);
    let b = u64::from_le_bytes(*record.get(at..)?.first_chunk::<8>()?);
    // What lies beyond the literal is shifted out; twice, as all 64 bits at once cannot be.
    let beyond = 64u32.checked_sub(8 * u32::try_from(bytes).ok().filter(|&n| n <= 8)?)?;
    let differs = (a ^ b) << (beyond / 2) << (beyond - beyond / 2);
    if differs == 0 { rest.get(bytes..) } else { None }
}

/// Equality of two slices of one length. Literals are short: a call of `memcmp` costs more than the comparison.
#[inline]
pub(super) fn same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let (Some((x, a_rest)), Some((y, b_rest))) =
        (a.split_first_chunk::<8>(), b.split_first_chunk::<8>())
    {
        if x != y {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.iter().zip(b).all(|(x, y)| x == y)
}

impl Place {
    /// As it is kept in a shape.
    pub(super) fn composite(&self, name: u32) -> Composite {
        Composite { name, escape: self.span.escape as u8, start: self.start, end: self.end }
    }
}
