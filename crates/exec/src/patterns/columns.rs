//! The patterns of the rows of a row group, found once for each shape and each distinct value where that will do.

use std::collections::HashMap;

use gastrolog_chunk::ReadError;
use gastrolog_format::column::Column;
use gastrolog_format::{Shape, Strings};
use gastrolog_index::{Escape, PatternFinder, PatternText, message_rank, unescape};
use gastrolog_query::FieldName;
use parking_lot::Mutex;

use super::rows::of_field;
use super::samples::{Slots, slots};
use crate::bits::Bits;
use crate::cache::{Decoded, Part};
use crate::fields::{Place, Places};
use crate::interner::Interner;
use crate::view::View;

/// Stands for the pattern of a row that has none, or whose pattern was not asked for.
pub(crate) const NO_PATTERN: u32 = u32::MAX;

/// The pattern of each row of a row group.
#[derive(Debug)]
pub(crate) struct RowPatterns {
    /// Of which field; `None`: of the message.
    of: Option<String>,
    /// For each row a place in `texts`, or [`NO_PATTERN`].
    pub(super) ids: Vec<u32>,
    pub(super) texts: Strings,
    /// Values of rows that were asked for as samples: mostly the same ones each time.
    samples: Mutex<HashMap<u32, Slots>>,
}

/// Most rows of a row group whose values are remembered.
const SAMPLES_MAX: usize = 1024;

/// About what they take when there are many.
const SAMPLES_BYTES: usize = 64 << 10;

impl RowPatterns {
    /// The values of a row, as `find` finds them.
    pub(super) fn sample(
        &self,
        row: u32,
        find: impl FnOnce() -> Result<Slots, ReadError>,
    ) -> Result<Slots, ReadError> {
        if let Some(known) = self.samples.lock().get(&row) {
            return Ok(known.clone());
        }
        let slots = find()?;
        let mut samples = self.samples.lock();
        if samples.len() < SAMPLES_MAX {
            samples.insert(row, slots.clone());
        }
        Ok(slots)
    }

    pub(crate) fn bytes(&self) -> usize {
        4 * self.ids.len() + self.texts.memory_bytes() + SAMPLES_BYTES
    }
}

/// Where the text whose pattern is asked for stands in the rows of a shape.
#[derive(Clone, Copy, Debug)]
enum Source {
    Nowhere,
    Value(Place),
    /// The whole text is told from the shape.
    Whole,
    /// The row has to be understood anew.
    Unparsed,
}

/// Finds the patterns of rows.
pub(super) struct RowFinder<'v> {
    view: &'v View<'v>,
    of: Option<&'v str>,
    by_shape: Vec<Source>,
    finder: PatternFinder,
    known: Interner,
    /// The pattern of shapes without free text.
    of_shape: Vec<u32>,
    /// The pattern of each entry of a dictionary, by column.
    of_entry: HashMap<u32, Vec<u32>>,
    pattern: PatternText,
    text: Vec<u8>,
}

/// The patterns of the rows of `selected`, of others perhaps.
pub(super) fn row_patterns(
    finder: &mut RowFinder<'_>,
    selected: &Bits,
) -> Result<std::sync::Arc<RowPatterns>, ReadError> {
    let view = finder.view;
    let part = Part::Patterns(finder.of.map_or(0, |f| rapidhash::v3::rapidhash_v3(f.as_bytes())));
    if let Some(Decoded::Patterns(known)) = view.cached(part)
        && known.of.as_deref() == finder.of
    {
        return Ok(known);
    }
    // When most rows are wanted, all are done and kept.
    let all = 2 * selected.count() >= view.rows();
    let mut ids = vec![NO_PATTERN; view.rows()];
    view.pass_through(all);
    for row in 0..view.rows() {
        if (all || selected.has(row))
            && let Some(id) = ids.get_mut(row)
        {
            *id = finder.of_row(row)?;
        }
    }
    view.pass_through(false);
    let texts = std::mem::take(&mut finder.known).into_strings();
    let found = std::sync::Arc::new(RowPatterns {
        of: finder.of.map(str::to_owned),
        ids,
        texts,
        samples: Mutex::default(),
    });
    if all {
        view.keep(part, Decoded::Patterns(found.clone()));
    }
    Ok(found)
}

impl<'v> RowFinder<'v> {
    pub(super) fn new(view: &'v View<'v>, of: Option<&'v str>) -> RowFinder<'v> {
        let shapes = &view.shapes.shapes;
        let of_field = of.map(|name| Places::of(view, &FieldName::Exact(name.to_owned())));
        let source = |(i, shape): (usize, &Shape)| match &of_field {
            _ if shape.unparsed => Source::Unparsed,
            Some(places) => places.first(i).map_or(Source::Nowhere, Source::Value),
            None => Source::Whole,
        };
        let mut by_shape: Vec<Source> = shapes.iter().enumerate().map(source).collect();
        if of.is_none() {
            // The best name comes last, so that it stays.
            for rank in (0..4).rev() {
                let places = Places::of_text(view, &|name| message_rank(name.as_bytes()) == Some(rank));
                for (i, source) in by_shape.iter_mut().enumerate() {
                    if let (Some(place), Source::Whole | Source::Value(_)) = (places.first(i), *source) {
                        *source = Source::Value(place);
                    }
                }
            }
        }
        RowFinder {
            view,
            of,
            by_shape,
            finder: PatternFinder::default(),
            known: Interner::default(),
            of_shape: vec![NO_PATTERN; shapes.len()],
            of_entry: HashMap::new(),
            pattern: PatternText::default(),
            text: Vec::new(),
        }
    }

    fn source(&self, row: usize) -> Source {
        self.by_shape.get(self.view.shape_ids.get(row) as usize).copied().unwrap_or(Source::Nowhere)
    }

    fn of_row(&mut self, row: usize) -> Result<u32, ReadError> {
        match self.source(row) {
            Source::Nowhere => Ok(NO_PATTERN),
            Source::Value(Place::Column { column, escape }) => self.of_column(column, escape, row),
            Source::Whole => self.of_whole(row),
            Source::Value(Place::Composite { .. }) | Source::Unparsed => {
                Ok(if self.look(row)? { self.known.number(self.finder.pattern()) } else { NO_PATTERN })
            }
        }
    }

    fn of_column(&mut self, i: u32, escape: Escape, row: usize) -> Result<u32, ReadError> {
        let view = self.view;
        let column = &**view.column(i)?;
        let Some(rank) = view.rank(i, row)? else { return Ok(NO_PATTERN) };
        let (entry, entries) = match column {
            Column::Constant { .. } => (0, 1),
            Column::Dictionary { values, ids } => (ids.get(rank) as usize, values.len()),
            _ => {
                let value = column.value(rank, &mut self.text);
                let pattern = self.finder.of_text(view.pipeline, &unescape(value, escape));
                return Ok(self.known.number(pattern));
            }
        };
        let ids = self.of_entry.entry(i).or_insert_with(|| vec![NO_PATTERN; entries]);
        let Some(id) = ids.get_mut(entry) else { return Ok(NO_PATTERN) };
        if *id == NO_PATTERN {
            let value = column.value(rank, &mut self.text);
            *id = self.known.number(self.finder.of_text(view.pipeline, &unescape(value, escape)));
        }
        Ok(*id)
    }

    /// The pattern of the whole text: of the shape alone, if it has no free text.
    fn of_whole(&mut self, row: usize) -> Result<u32, ReadError> {
        let view = self.view;
        let number = view.shape_ids.get(row) as usize;
        if let Some(&id) = self.of_shape.get(number)
            && id != NO_PATTERN
        {
            return Ok(id);
        }
        let RowFinder { pattern, text, .. } = self;
        pattern.clear();
        let shape = view.shape(row);
        let mut any_text = false;
        for (slot, &i) in shape.slots.iter().enumerate() {
            pattern.literal(shape.literals.get(slot));
            let name = view.header().columns.get(i as usize).map_or("", |m| &m.key.name);
            text.clear();
            if name.is_empty() {
                any_text = true;
                view.write_value(i, row, text)?;
            }
            pattern.value(name, text, &mut |_| {});
        }
        pattern.literal(shape.literals.get(shape.slots.len()));
        let id = self.known.number(pattern.finish());
        if !any_text && let Some(place) = self.of_shape.get_mut(number) {
            *place = id;
        }
        Ok(id)
    }

    /// Finds pattern and values of a row from its text; `false` when it lacks the field.
    fn look(&mut self, row: usize) -> Result<bool, ReadError> {
        let view = self.view;
        self.text.clear();
        let escape = match self.source(row) {
            Source::Nowhere => return Ok(false),
            Source::Value(Place::Column { column, escape }) => {
                view.write_value(column, row, &mut self.text)?;
                escape
            }
            Source::Value(Place::Composite { start, end, escape }) => {
                view.write_between(row, start, end, &mut self.text)?;
                escape
            }
            Source::Whole | Source::Unparsed => {
                view.write_text(row, &mut self.text)?;
                let Some(field) = self.of else {
                    self.finder.of_record(view.pipeline, &self.text);
                    return Ok(true);
                };
                let attributes = view.attributes(row)?;
                return Ok(of_field(&mut self.finder, view.pipeline, &self.text, &attributes, field));
            }
        };
        self.finder.of_text(view.pipeline, &unescape(&self.text, escape));
        Ok(true)
    }

    /// The values that were taken out of a row for its pattern.
    pub(super) fn slots_of(&mut self, row: u32) -> Result<Slots, ReadError> {
        let found = self.look(row as usize)?;
        Ok(if found { slots(self.finder.values()) } else { Slots::default() })
    }
}
