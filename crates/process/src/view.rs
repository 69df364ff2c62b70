//! A record as conditions see it; its fields are found once, when the first is asked for.

use std::cell::{Cell, Ref, RefCell};

use gastrolog_index::{Name, NamePart, Pipeline, RangeSet, Span, unescape};
use gastrolog_query::RecordView;
use gastrolog_types::Attributes;

/// What was found in a record, in memory that is used again for one record after the other.
#[derive(Default)]
pub(crate) struct Scratch(RefCell<Parsed>);

/// The ranges of a record, and the paths of those that have a name.
#[derive(Default)]
pub(crate) struct Parsed {
    pub(crate) ranges: RangeSet,
    /// Of the named ranges: where in `paths` its path ends, which begins where the one before ends.
    fields: Vec<(usize, Span)>,
    paths: String,
    steps: Vec<NamePart>,
}

impl Parsed {
    /// Names the ranges. A hundred conditions ask for the paths, which are put together once.
    fn name(&mut self, text: &[u8]) {
        let Parsed { ranges, fields, paths, steps } = self;
        fields.clear();
        paths.clear();
        for span in ranges.spans().iter().filter(|span| span.name != Name::TEXT) {
            let begin = paths.len();
            ranges.push_path(span.name, text, steps, paths);
            if paths.len() > begin {
                fields.push((paths.len(), *span));
            }
        }
    }

    /// Fields with their paths.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &Span)> {
        let mut begin = 0;
        self.fields.iter().map(move |(end, span)| {
            let path = self.paths.get(begin..*end).unwrap_or_default();
            begin = *end;
            (path, span)
        })
    }
}

/// How much of a record was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Looked {
    NotYet,
    Parsed,
    Named,
}

/// A record on its way in.
pub(crate) struct View<'a> {
    text: &'a [u8],
    attributes: &'a Attributes,
    pipeline: &'a Pipeline,
    parsed: &'a RefCell<Parsed>,
    looked: Cell<Looked>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        text: &'a [u8],
        attributes: &'a Attributes,
        pipeline: &'a Pipeline,
        scratch: &'a Scratch,
    ) -> View<'a> {
        View { text, attributes, pipeline, parsed: &scratch.0, looked: Cell::new(Looked::NotYet) }
    }

    /// The ranges of the text.
    pub(crate) fn ranges(&self) -> Ref<'_, RangeSet> {
        if self.looked.get() < Looked::Parsed {
            self.pipeline.parse(self.text, &mut self.parsed.borrow_mut().ranges);
            self.looked.set(Looked::Parsed);
        }
        Ref::map(self.parsed.borrow(), |parsed| &parsed.ranges)
    }

    /// The fields of the text.
    pub(crate) fn parsed(&self) -> Ref<'_, Parsed> {
        drop(self.ranges());
        if self.looked.get() < Looked::Named {
            self.parsed.borrow_mut().name(self.text);
            self.looked.set(Looked::Named);
        }
        self.parsed.borrow()
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

impl RecordView for View<'_> {
    fn text(&self) -> &[u8] {
        self.text
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        let parsed = self.parsed();
        let raw = |span: &Span| self.text.get(span.start as usize..span.end as usize).unwrap_or(&[]);
        parsed.named().any(|(path, span)| visit(path, &unescape(raw(span), span.escape)))
            || self.attributes.iter().any(|(name, value)| visit(name, value))
    }
}
