//! Recognises a record of a known shape by its ranges as an indexer named them, in one pass.
//!
//! To find a shape from nothing, ranges are put in order, told apart, and made a head that is compared. When a record has
//! the names of one before, ranges in the same order, and between its values the same bytes, all that would give the same:
//! where each range begins and ends against the others follows from the lengths of the literals, and from which values are empty.

use gastrolog_format::Shape;

use super::leaves::{Leaves, same};
use crate::ranges::is_leaf;
use crate::{Escape, Name, NamePart, RangeSet, Span, TimeRole};

/// Shapes of more ranges have no template: they bound what templates hold.
const SPANS_MAX: usize = 512;

/// See [`SPANS_MAX`].
const TEMPLATES_MAX: usize = 1024;

/// Places for candidates, by how many ranges and names a record has.
const PLACES: usize = 64;

/// Candidates of a place, the one that fitted last before the others.
const WAYS: usize = 4;

/// What is the same of a range in each record of a shape.
#[derive(Debug)]
struct Kind {
    /// Which of the ranges it is.
    at: u32,
    is_empty: bool,
    /// Its name, escape and part in the time, as one number.
    key: u64,
}

/// A value, and the literal before it.
#[derive(Debug)]
struct Slot {
    kind: Kind,
    literal_bytes: u32,
    /// Its first bytes, at most eight, as a number, and which bits of that count.
    head: u64,
    mask: u64,
}

/// A range around others: its first byte and the one past its last, each as a value, whose end it comes after, and bytes from there.
#[derive(Debug)]
struct Node {
    kind: Kind,
    start: (u32, u32),
    end: (u32, u32),
}

/// What records of one shape have in common.
#[derive(Debug)]
struct Template {
    shape: u32,
    attributes: u32,
    spans: usize,
    names: Vec<(Name, NamePart)>,
    slots: Vec<Slot>,
    nodes: Vec<Node>,
    /// All literals, one after the other.
    literals: Vec<u8>,
}

/// The templates of a row group.
#[derive(Debug)]
pub(super) struct Templates {
    templates: Vec<Template>,
    /// Which shapes have one.
    known: Vec<bool>,
    places: Vec<[u32; WAYS]>,
}

impl Templates {
    pub(super) fn new() -> Templates {
        Templates { templates: Vec::new(), known: Vec::new(), places: vec![[u32::MAX; WAYS]; PLACES] }
    }

    /// The shape of a record with these ranges, which need not be in order, if one of its templates fits. Then the leaves
    /// are filled, but not what is made of several.
    pub(super) fn find(
        &mut self,
        record: &[u8],
        ranges: &RangeSet,
        attributes: u32,
        leaves: &mut Leaves,
    ) -> Option<u32> {
        let ways = self.places.get_mut(place_of(ranges))?;
        for way in 0..WAYS {
            let template = self.templates.get(*ways.get(way)? as usize)?;
            if template.fits(record, ranges, attributes, leaves) {
                if way > 0 {
                    ways.get_mut(..=way)?.rotate_right(1);
                }
                return Some(template.shape);
            }
        }
        None
    }

    /// Remembers how the records of a shape look that was met again. The ranges must have been in order as they were found.
    pub(super) fn add(
        &mut self,
        shape: (u32, &Shape),
        record: &[u8],
        ranges: &RangeSet,
        attributes: u32,
        leaves: &mut Leaves,
    ) {
        let id = shape.0 as usize;
        if self.known.len() <= id {
            self.known.resize(id + 1, false);
        }
        let Some(known) = self.known.get_mut(id) else { return };
        if *known || self.templates.len() >= TEMPLATES_MAX || ranges.spans().len() > SPANS_MAX {
            return;
        }
        *known = true;
        let template = Template::new(shape, ranges, attributes, leaves);
        // Ranges that some indexer made in a way not thought of here fit nothing, themselves neither.
        if template.fits(record, ranges, attributes, leaves)
            && let Some(ways) = self.places.get_mut(place_of(ranges))
        {
            ways.rotate_right(1);
            ways[0] = self.templates.len() as u32;
            self.templates.push(template);
        }
    }
}

fn place_of(ranges: &RangeSet) -> usize {
    (ranges.spans().len() * 31 + ranges.names().len()) % PLACES
}

impl Template {
    fn new((id, shape): (u32, &Shape), ranges: &RangeSet, attributes: u32, leaves: &Leaves) -> Template {
        let spans = ranges.spans();
        let mut template = Template {
            shape: id,
            attributes,
            spans: spans.len(),
            names: ranges.names().to_vec(),
            slots: Vec::new(),
            nodes: Vec::new(),
            literals: shape.literals.bytes().to_vec(),
        };
        for (i, span) in spans.iter().enumerate() {
            let first = template.slots.len();
            let kind = Kind::of(i, span);
            if is_leaf(spans, i) {
                let literal = shape.literals.get(first);
                template.slots.push(Slot::new(kind, literal));
            } else {
                let place = leaves.place(span, first);
                template.nodes.push(Node { kind, start: place.start, end: place.end });
            }
        }
        template
    }

    /// Whether a record is of this shape; fills the leaves.
    fn fits(&self, record: &[u8], ranges: &RangeSet, attributes: u32, leaves: &mut Leaves) -> bool {
        let (spans, names) = (ranges.spans(), ranges.names());
        spans.len() == self.spans
            && names.len() == self.names.len()
            && attributes == self.attributes
            && names.iter().zip(&self.names).all(|(a, b)| is_same_name(a, b))
            && self.slots_fit(record, spans, leaves)
            && self.nodes.iter().all(|node| node.fits(spans, &leaves.spans))
    }

    #[inline]
    fn slots_fit(&self, record: &[u8], spans: &[Span], leaves: &mut Leaves) -> bool {
        let none = Span { start: 0, end: 0, name: Name::TEXT, escape: Escape::None, time: TimeRole::No };
        leaves.spans.resize(self.slots.len(), none);
        let (mut at, mut literals) = (0u32, self.literals.as_slice());
        for (slot, leaf) in self.slots.iter().zip(&mut leaves.spans) {
            let Some(span) = spans.get(slot.kind.at as usize) else { return false };
            let Some((literal, rest)) = literals.split_at_checked(slot.literal_bytes as usize) else {
                return false;
            };
            let fits = slot.kind.fits(span)
                && span.start.wrapping_sub(at) == slot.literal_bytes
                && slot.literal_fits(record, at as usize, literal);
            if !fits {
                return false;
            }
            *leaf = *span;
            (at, literals) = (span.end, rest);
        }
        let tail = record.get(at as usize..).unwrap_or(&[]);
        tail.len() == literals.len() && same(tail, literals)
    }
}

impl Kind {
    fn of(at: usize, span: &Span) -> Kind {
        Kind { at: at as u32, is_empty: span.start == span.end, key: Kind::key(span) }
    }

    #[inline]
    fn key(span: &Span) -> u64 {
        u64::from(span.name.0) << 32 | u64::from(span.escape as u8) << 8 | u64::from(span.time as u8)
    }

    #[inline]
    fn fits(&self, span: &Span) -> bool {
        let is_empty = span.start == span.end;
        Kind::key(span) == self.key && is_empty == self.is_empty && span.start <= span.end
    }
}

impl Slot {
    fn new(kind: Kind, literal: &[u8]) -> Slot {
        let head = literal.iter().take(8).rev().fold(0u64, |n, &b| n << 8 | u64::from(b));
        let mask = match literal.len() {
            bytes @ 0..8 => (1 << (8 * bytes)) - 1,
            _ => u64::MAX,
        };
        Slot { kind, literal_bytes: literal.len() as u32, head, mask }
    }

    /// Whether `record` has the literal at `at`.
    #[inline]
    fn literal_fits(&self, record: &[u8], at: usize, literal: &[u8]) -> bool {
        let Some(rest) = record.get(at..) else { return false };
        if let Some(head) = rest.first_chunk::<8>() {
            let differs = (u64::from_le_bytes(*head) ^ self.head) & self.mask;
            if differs != 0 || literal.len() <= 8 {
                return differs == 0;
            }
        }
        rest.get(..literal.len()).is_some_and(|found| same(found, literal))
    }
}

impl Node {
    fn fits(&self, spans: &[Span], leaves: &[Span]) -> bool {
        let Some(span) = spans.get(self.kind.at as usize) else { return false };
        let place = |(after, bytes): (u32, u32)| {
            let end = (after as usize).checked_sub(1).and_then(|i| leaves.get(i)).map_or(0, |leaf| leaf.end);
            end.wrapping_add(bytes)
        };
        self.kind.fits(span) && span.start == place(self.start) && span.end == place(self.end)
    }
}

/// Whether two steps of paths are the same. Names that stand in the record follow from the literals.
#[inline]
fn is_same_name(a: &(Name, NamePart), b: &(Name, NamePart)) -> bool {
    a.0 == b.0
        && match (a.1, b.1) {
            (NamePart::Key { escape: a, .. }, NamePart::Key { escape: b, .. }) => a == b,
            (NamePart::Element, NamePart::Element) => true,
            // The same text elsewhere would be the same name too, but there is no need to know.
            (NamePart::Static(a), NamePart::Static(b)) => std::ptr::eq(a, b),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use gastrolog_format::Compressor;
    use gastrolog_types::{Attributes, Batch, Timestamp};
    use proptest::prelude::*;

    use super::super::{Caps, RowGroupBuilder};
    use crate::{Claim, Indexer, Name, NamePart, Pipeline, RangeSet};

    /// Names what stands in brackets, which may be nested and empty, and words behind `=` by their key; the outer range before
    /// the inner, or after it where the text begins with `!`.
    struct Brackets;

    impl Indexer for Brackets {
        fn name(&self) -> &'static str {
            "brackets"
        }

        fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
            let (mut open, mut found) = (Vec::new(), Vec::new());
            for at in part.clone() {
                match record[at] {
                    b'(' => open.push((at + 1, found.len())),
                    b')' => {
                        let Some((start, place)) = open.pop() else { return Claim::No };
                        let place = if record[0] == b'!' { found.len() } else { place };
                        found.insert(place, (start..at, open.len()));
                    }
                    _ => {}
                }
            }
            for (range, depth) in found {
                let name = match depth {
                    0 => NamePart::Static("outer"),
                    1 => NamePart::Static("inner"),
                    2 => NamePart::Element,
                    _ => continue,
                };
                let name = out.name(Name::ROOT, name);
                out.plain(range, name);
            }
            Claim::Yes
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        /// With and without templates the same bytes come out.
        #[test]
        fn a_template_finds_what_is_found_without(
            records in proptest::collection::vec("!?(a{0,2}[(]?[(]?[ab]{0,9}[)]?[)]?){1,3}|[()ab]{0,8}|key=[(]a{0,3}[)] for a long time", 1..200)
        ) {
            let pipeline = Pipeline::new(vec![Box::new(Brackets)]);
            let text = records.join("\n").into_bytes();
            let batch = Batch::from_lines(text, Attributes::default(), Timestamp(7));
            let built = |templates: bool| {
                let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
                if !templates {
                    builder.templates.places.clear();
                }
                builder.push(&batch);
                let ids = builder.shape_ids.clone();
                (ids, builder.finish(0, &mut Compressor::new(1)).bytes)
            };
            let ((ids, bytes), (wanted_ids, wanted)) = (built(true), built(false));
            prop_assert_eq!(ids, wanted_ids);
            prop_assert!(bytes == wanted);
        }
    }

    #[test]
    fn a_second_record_of_a_shape_makes_a_template_and_a_third_uses_it() {
        let pipeline = Pipeline::new(vec![Box::new(Brackets)]);
        let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
        let mut push = |text: &str| {
            builder.push(&Batch::from_lines(text.into(), Attributes::default(), Timestamp(7)));
            (builder.templates.templates.len(), builder.shape_ids.last().copied())
        };
        assert_eq!(push("x (a(bc)) y"), (0, Some(0)));
        assert_eq!(push("x (a(b)) y"), (1, Some(0)));
        assert_eq!(push("x (a(bcd)) y"), (1, Some(0)));
        // An empty value may be told apart otherwise, so it has a template of its own if any.
        assert_eq!(push("x (a()) y"), (1, Some(0)));
        assert_eq!(push("z (a(b)) y"), (1, Some(1)));
        // Ranges that have to be put in order have none.
        assert_eq!(push("! (a(b)) y"), (1, Some(2)));
        assert_eq!(push("! (a(b)) y"), (1, Some(2)));
    }
}
