//! Where the values of a field stand in the rows of a row group.

use gastrolog_chunk::ReadError;
use gastrolog_format::row_group::ColumnKey;
use gastrolog_index::{Escape, RangeSet, unescape};
use gastrolog_query::FieldName;

use crate::view::{View, escape_of};

/// One place of a shape where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A column (in the text or an attribute).
    Column { column: u32, escape: Escape },
    /// A stretch of the text.
    Composite { start: (u32, u32), end: (u32, u32), escape: Escape },
}

/// The places of a field in each shape, in the order of the text, attributes after it.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    by_shape: Vec<Vec<Place>>,
    /// For unparsed rows the field has to be found in the text.
    pub(crate) any_unparsed: bool,
}

impl Places {
    pub(crate) fn of(view: &View<'_>, name: &FieldName) -> Places {
        Places::that(view, &|key| name.matches(&key.name), &|path| name.matches(path))
    }

    /// As [`Places::of`], of fields of the text alone whose paths satisfy `is`.
    pub(crate) fn of_text(view: &View<'_>, is: &dyn Fn(&str) -> bool) -> Places {
        Places::that(view, &|key| !key.attribute && is(&key.name), is)
    }

    fn that(
        view: &View<'_>,
        of_column: &dyn Fn(&ColumnKey) -> bool,
        of_composite: &dyn Fn(&str) -> bool,
    ) -> Places {
        let header = view.header();
        let column = |&i: &u32| {
            let key = &header.columns.get(i as usize)?.key;
            (!key.name.is_empty() && of_column(key))
                .then(|| Place::Column { column: i, escape: escape_of(key.escape) })
        };
        let composite_names: Vec<bool> = view.shapes.names.iter().map(|n| of_composite(n)).collect();
        let of_shape = |shape: &gastrolog_format::Shape| {
            // Composites come before the slots inside of them, as in the text; ties with other slots are broken
            // by the literal they begin in.
            let mut placed: Vec<((u32, u32), Place)> = Vec::new();
            for c in shape.composites.iter().filter(|c| composite_names.get(c.name as usize) == Some(&true)) {
                let place = Place::Composite { start: c.start, end: c.end, escape: escape_of(c.escape) };
                placed.push(((c.start.0, 0), place));
            }
            placed.extend(
                shape.slots.iter().enumerate().filter_map(|(i, c)| Some(((i as u32, 1), column(c)?))),
            );
            placed.sort_by_key(|&(at, _)| at);
            placed.into_iter().map(|(_, p)| p).chain(shape.attributes.iter().filter_map(column)).collect()
        };
        let by_shape = view.shapes.shapes.iter().map(of_shape).collect();
        Places { by_shape, any_unparsed: header.unparsed_rows > 0 }
    }

    /// The first place in a shape.
    pub(crate) fn first(&self, shape: usize) -> Option<Place> {
        self.by_shape.get(shape)?.first().copied()
    }

    /// Whether no row can have the field.
    pub(crate) fn is_nowhere(&self) -> bool {
        !self.any_unparsed && self.by_shape.iter().all(Vec::is_empty)
    }

    /// The places in the shape of a row.
    pub(crate) fn in_row(&self, view: &View<'_>, row: usize) -> &[Place] {
        self.by_shape.get(view.shape_ids.get(row) as usize).map_or(&[], Vec::as_slice)
    }

    /// All columns that some shape has the field in.
    pub(crate) fn columns(&self) -> Vec<(u32, Escape)> {
        let mut columns: Vec<(u32, Escape)> = Vec::new();
        for place in self.by_shape.iter().flatten() {
            if let &Place::Column { column, escape } = place
                && columns.iter().all(|&(c, _)| c != column)
            {
                columns.push((column, escape));
            }
        }
        columns
    }

    /// Whether some shape has the field as a stretch of text.
    pub(crate) fn has_composites(&self) -> bool {
        self.by_shape.iter().flatten().any(|p| matches!(p, Place::Composite { .. }))
    }

    /// The column, if the field is one column in all rows that have it and no row has it twice.
    pub(crate) fn single_column(&self) -> Option<(u32, Escape)> {
        if self.any_unparsed || self.has_composites() || self.by_shape.iter().any(|p| p.len() > 1) {
            return None;
        }
        match self.columns().as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

/// Buffers for reading values row by row.
#[derive(Default)]
pub(crate) struct Scratch {
    value: Vec<u8>,
    text: Vec<u8>,
    ranges: RangeSet,
}

/// Calls `visit` with the logical value of each occurrence of `name` in `row` until it returns `true`; returns
/// whether it did.
pub(crate) fn any_value(
    view: &View<'_>,
    name: &FieldName,
    places: &Places,
    row: usize,
    scratch: &mut Scratch,
    visit: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<bool, ReadError> {
    if places.any_unparsed && view.shape(row).unparsed {
        scratch.text.clear();
        view.write_text(row, &mut scratch.text)?;
        let mut found = |path: &str, value: &[u8]| name.matches(path) && visit(value);
        if view.pipeline.any_field(&scratch.text, &mut scratch.ranges, &mut found) {
            return Ok(true);
        }
    }
    for &place in places.in_row(view, row) {
        scratch.value.clear();
        let escape = match place {
            Place::Column { column, escape } => {
                view.write_value(column, row, &mut scratch.value)?;
                escape
            }
            Place::Composite { start, end, escape } => {
                view.write_between(row, start, end, &mut scratch.value)?;
                escape
            }
        };
        if visit(&unescape(&scratch.value, escape)) {
            return Ok(true);
        }
    }
    Ok(false)
}
