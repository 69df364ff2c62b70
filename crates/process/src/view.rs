//! A record as conditions see it; its fields are found once, when the first is asked for.

use std::cell::{Ref, RefCell};

use gastrolog_index::{Name, Pipeline, RangeSet, Span, unescape};
use gastrolog_query::RecordView;
use gastrolog_types::Attributes;

/// Ranges that are used again for one record after the other.
#[derive(Default)]
pub(crate) struct Scratch(RefCell<RangeSet>);

/// A record on its way in.
pub(crate) struct View<'a> {
    text: &'a [u8],
    attributes: &'a Attributes,
    pipeline: &'a Pipeline,
    ranges: &'a RefCell<RangeSet>,
    parsed: RefCell<bool>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        text: &'a [u8],
        attributes: &'a Attributes,
        pipeline: &'a Pipeline,
        scratch: &'a Scratch,
    ) -> View<'a> {
        View { text, attributes, pipeline, ranges: &scratch.0, parsed: RefCell::new(false) }
    }

    /// The ranges of the text.
    pub(crate) fn ranges(&self) -> Ref<'_, RangeSet> {
        if !self.parsed.replace(true) {
            self.pipeline.parse(self.text, &mut self.ranges.borrow_mut());
        }
        self.ranges.borrow()
    }

    /// The first value of a field of the text, else of an attribute.
    pub(crate) fn value_of(&self, field: &str) -> Option<Vec<u8>> {
        let mut found = None;
        self.any_field(&mut |path, value| {
            let hit = path == field;
            if hit {
                found = Some(value.to_vec());
            }
            hit
        });
        found
    }
}

/// The named ranges, with their paths.
pub(crate) fn named<'r>(ranges: &'r RangeSet, text: &'r [u8]) -> impl Iterator<Item = (String, Span)> + 'r {
    let fields = ranges.spans().iter().filter(|span| span.name != Name::TEXT);
    fields.map(|span| (ranges.path(span.name, text), *span)).filter(|(path, _)| !path.is_empty())
}

impl RecordView for View<'_> {
    fn text(&self) -> &[u8] {
        self.text
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        let ranges = self.ranges();
        let raw = |span: &Span| self.text.get(span.start as usize..span.end as usize).unwrap_or(&[]);
        named(&ranges, self.text).any(|(path, span)| visit(&path, &unescape(raw(&span), span.escape)))
            || self.attributes.iter().any(|(name, value)| visit(name, value))
    }
}
