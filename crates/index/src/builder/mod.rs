//! From batches of records to an encoded row group.

mod finder;
mod leaves;
mod template;

use std::collections::HashMap;
use std::ops::Range;

use finder::Finder;
use gastrolog_format::row_group::{
    COLUMNS_MAX, ColumnKey, EncodedRowGroup, Parts, RawColumn, encode_row_group,
};
use gastrolog_format::{COMPOSITE_NAMES_MAX, Compressor, SHAPES_BYTES_MAX, SHAPES_MAX, Shape, Shapes};
use gastrolog_types::words::is_word_byte;
use gastrolog_types::{Attributes, Batch, Seq, TimeReader, Timestamp};
use leaves::Leaves;
use template::Templates;

use crate::fields::time_span;
use crate::pipeline::put_in_order;
use crate::{Escape, Name, Pipeline, RangeSet, Span};

/// Most bytes that the values of attributes have in a row group, if it has more than one record: a column of them must fit a stream.
const ATTRIBUTE_BYTES_MAX: usize = 64 << 20;

/// Most bytes that the names of attributes have in a row group, if it has more than one record: they must fit a header.
const ATTRIBUTE_NAME_BYTES_MAX: usize = 16 << 20;

/// Caps on what one row group may hold. Records that would go over are kept as text.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Most columns.
    pub columns: usize,
    /// Most shapes.
    pub shapes: usize,
}

impl Default for Caps {
    fn default() -> Caps {
        Caps { columns: 4096, shapes: 8192 }
    }
}

/// Gathers records and takes them apart.
pub struct RowGroupBuilder<'p> {
    pipeline: &'p Pipeline,
    /// Which indexers of the pipeline may lay out columns; records that others claim are kept as text.
    indexers: u64,
    caps: Caps,
    raw_bytes: u64,
    /// How many records may be to come in all.
    expected: usize,
    shapes: Shapes,
    /// Bytes that they take, at most.
    shape_bytes: usize,
    finder: Finder,
    templates: Templates,
    /// What the text does not say of each shape.
    times: Vec<ShapeTime>,
    names: HashMap<String, u32>,
    columns: Vec<RawColumn>,
    column_ids: HashMap<ColumnKey, u32>,
    attribute_names: HashMap<Vec<String>, u32>,
    /// Bytes of the values of attributes.
    attribute_bytes: usize,
    /// Bytes of the names of their columns.
    attribute_name_bytes: usize,
    shape_ids: Vec<u32>,
    ingest: Vec<i64>,
    source: Vec<i64>,
    source_is_predicted: bool,
    ranges: RangeSet,
    leaves: Leaves,
}

/// The attributes of some records of a batch, as they are needed for each of them.
#[derive(Default)]
struct AttributeSet {
    /// Number of the list of names.
    id: u32,
    attributes: Attributes,
    value_bytes: usize,
    name_bytes: usize,
}

impl<'p> RowGroupBuilder<'p> {
    /// An empty builder.
    pub fn new(pipeline: &'p Pipeline, indexers: u64, caps: Caps) -> RowGroupBuilder<'p> {
        RowGroupBuilder {
            pipeline,
            indexers,
            caps,
            raw_bytes: 0,
            expected: 0,
            shapes: Shapes::default(),
            shape_bytes: 0,
            finder: Finder::new(),
            templates: Templates::new(),
            times: Vec::new(),
            names: HashMap::new(),
            columns: Vec::new(),
            column_ids: HashMap::new(),
            attribute_names: HashMap::from([(Vec::new(), 0)]),
            attribute_bytes: 0,
            attribute_name_bytes: 0,
            shape_ids: Vec::new(),
            ingest: Vec::new(),
            source: Vec::new(),
            source_is_predicted: true,
            ranges: RangeSet::default(),
            leaves: Leaves::default(),
        }
    }

    /// Makes room for so many records in all; more may be added, and fewer.
    pub fn expect(&mut self, records: usize) {
        self.expected = self.expected.max(records);
        let more = records.saturating_sub(self.len());
        self.shape_ids.reserve(more);
        self.ingest.reserve(more);
        self.source.reserve(more);
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.shape_ids.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.shape_ids.is_empty()
    }

    /// Adds all records of a batch, as [`RowGroupBuilder::push_range`] does.
    pub fn push(&mut self, batch: &Batch) -> usize {
        self.push_range(batch, 0..batch.len())
    }

    /// Adds some records of a batch and returns how many: fewer than there are when their attributes are more than a row
    /// group can have, and one at least when it is the first.
    pub fn push_range(&mut self, batch: &Batch, range: Range<usize>) -> usize {
        let sets: Vec<AttributeSet> = batch.attributes.iter().map(|a| self.attribute_set(a)).collect();
        let none = AttributeSet::default();
        let before = self.len();
        for (i, record) in range.clone().zip(batch.records.get(range).unwrap_or(&[])) {
            let attributes = sets.get(record.attributes as usize).unwrap_or(&none);
            if !self.has_room(attributes) {
                break;
            }
            self.push_record(batch.text_of(i), attributes, record.ingest, record.source);
        }
        self.len() - before
    }

    /// Whether the row group may have one more record of these attributes: well below what a reader takes. Fields that are
    /// too many leave their record as text; attributes have columns whatever happens.
    fn has_room(&self, set: &AttributeSet) -> bool {
        let columns = self.columns.len() + set.attributes.len() + 1;
        self.is_empty()
            || columns <= COLUMNS_MAX / 2
                && self.shapes.shapes.len() < SHAPES_MAX / 2
                && self.shape_bytes < SHAPES_BYTES_MAX / 4 * 3
                && self.attribute_bytes + set.value_bytes <= ATTRIBUTE_BYTES_MAX
                && self.attribute_name_bytes + set.name_bytes <= ATTRIBUTE_NAME_BYTES_MAX
    }

    fn attribute_set(&mut self, attributes: &Attributes) -> AttributeSet {
        let names = attributes.iter().map(|(n, _)| n.to_owned()).collect();
        let next = self.attribute_names.len() as u32;
        let id = *self.attribute_names.entry(names).or_insert(next);
        let value_bytes = attributes.iter().map(|(_, v)| v.len()).sum();
        let name_bytes = attributes.iter().map(|(n, _)| n.len()).sum();
        AttributeSet { id, attributes: attributes.clone(), value_bytes, name_bytes }
    }

    fn push_record(
        &mut self,
        record: &[u8],
        attributes: &AttributeSet,
        ingest: Timestamp,
        source: Timestamp,
    ) {
        let mut ranges = std::mem::take(&mut self.ranges);
        let mut leaves = std::mem::take(&mut self.leaves);
        let parsed = self.pipeline.parse_as_found(record, &mut ranges);
        let may_parse = parsed.claimed_by & !self.indexers == 0;
        let known =
            may_parse.then(|| self.templates.find(record, &ranges, attributes.id, &mut leaves)).flatten();
        let id = match known
            .or_else(|| self.find_shape(record, &mut ranges, &mut leaves, attributes, may_parse))
        {
            Some(id) => self.push_values(id, record, &leaves),
            None => self.push_unparsed(record, attributes),
        };
        self.shape_ids.push(id);
        self.push_attribute_values(id, attributes);
        self.push_times(id, record, &leaves, &ranges, ingest, source);
        self.raw_bytes += record.len() as u64;
        (self.ranges, self.leaves) = (ranges, leaves);
    }

    /// Puts the ranges in order, takes the record apart and finds its shape or makes it.
    fn find_shape(
        &mut self,
        record: &[u8],
        ranges: &mut RangeSet,
        leaves: &mut Leaves,
        attributes: &AttributeSet,
        may_parse: bool,
    ) -> Option<u32> {
        let were_in_order = put_in_order(&mut ranges.spans);
        leaves.fill(ranges, record.len());
        if !may_parse {
            return None;
        }
        let Some(id) = self.finder.find(record, leaves, ranges, attributes.id, &self.shapes) else {
            return self.add_shape(record, leaves, ranges, attributes);
        };
        if let Some(shape) = self.shapes.shapes.get(id as usize).filter(|_| were_in_order) {
            self.templates.add((id, shape), record, ranges, attributes.id, leaves);
        }
        Some(id)
    }

    /// Makes a shape of the record, unless a cap is in the way.
    fn add_shape(
        &mut self,
        record: &[u8],
        leaves: &Leaves,
        ranges: &RangeSet,
        attributes: &AttributeSet,
    ) -> Option<u32> {
        let wanted = leaves.spans.len() + attributes.attributes.len();
        if self.shapes.shapes.len() >= self.caps.shapes
            || self.columns.len() + wanted > self.caps.columns
            || self.shape_bytes + record.len() > SHAPES_BYTES_MAX / 2
            || self.names.len() + leaves.composites.len() > COMPOSITE_NAMES_MAX / 2
        {
            return None;
        }
        let mut shape = Shape { attributes: self.attribute_columns(attributes), ..Shape::default() };
        let time = time_span(ranges.spans());
        shape.time_slot = leaves.spans.iter().position(|l| Some(l) == time).map(|slot| slot as u32);
        let mut seen: HashMap<(String, u8), u16> = HashMap::new();
        for (i, (literal, leaf)) in leaves.literals(record).zip(&leaves.spans).enumerate() {
            let touches = literal.last().map_or(i > 0, |&b| is_word_byte(b));
            let follows = record.get(leaf.end as usize).is_some_and(|&b| is_word_byte(b));
            shape.unaligned |= touches || follows;
            let name = if leaf.name == Name::TEXT { String::new() } else { ranges.path(leaf.name, record) };
            let count = seen.entry((name.clone(), leaf.escape as u8)).or_default();
            let key = ColumnKey { name, attribute: false, escape: leaf.escape as u8, occurrence: *count };
            *count = count.saturating_add(1);
            shape.slots.push(self.column(key));
        }
        shape.literals = leaves.literals(record).collect();
        for place in &leaves.composites {
            let path = ranges.path(place.span.name, record);
            if !path.is_empty() {
                let name = self.name(path);
                shape.composites.push(place.composite(name));
            }
        }
        let time = match (shape.time_slot, time) {
            (Some(slot), _) => TimePlace::Slot(slot),
            (None, Some(_)) => TimePlace::Hidden,
            (None, None) => TimePlace::Nowhere,
        };
        Some(self.keep_shape(shape, time, record, leaves))
    }

    /// Remembers a shape as that of what was last looked for.
    fn keep_shape(&mut self, shape: Shape, time: TimePlace, record: &[u8], leaves: &Leaves) -> u32 {
        let id = self.shapes.shapes.len() as u32;
        self.shape_bytes += shape.bytes_max();
        self.shapes.shapes.push(shape);
        self.finder.add(record, leaves);
        self.times.push(ShapeTime::new(time));
        id
    }

    fn attribute_columns(&mut self, attributes: &AttributeSet) -> Vec<u32> {
        let key = |name: &str| ColumnKey {
            name: name.to_owned(),
            attribute: true,
            escape: Escape::None as u8,
            occurrence: 0,
        };
        let before = self.columns.len();
        let columns = attributes.attributes.iter().map(|(name, _)| self.column(key(name))).collect();
        let made = self.columns.get(before..).unwrap_or(&[]);
        self.attribute_name_bytes += made.iter().map(|column| column.key.name.len()).sum::<usize>();
        columns
    }

    fn name(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.names.entry(name).or_insert_with_key(|name| {
            self.shape_bytes += name.len() + 5;
            self.shapes.names.push(name.clone());
            next
        })
    }

    fn column(&mut self, key: ColumnKey) -> u32 {
        let next = self.columns.len() as u32;
        *self.column_ids.entry(key).or_insert_with_key(|key| {
            self.columns.push(RawColumn::expecting(key.clone(), self.expected));
            next
        })
    }

    fn push_values(&mut self, id: u32, record: &[u8], leaves: &Leaves) -> u32 {
        let slots = self.shapes.shapes.get(id as usize).map_or(&[][..], |s| &s.slots);
        for (&column, leaf) in slots.iter().zip(&leaves.spans) {
            if let Some(column) = self.columns.get_mut(column as usize) {
                column.push_part(record, leaf.start, leaf.end);
            }
        }
        id
    }

    fn push_attribute_values(&mut self, id: u32, attributes: &AttributeSet) {
        let Some(shape) = self.shapes.shapes.get(id as usize) else { return };
        self.attribute_bytes += attributes.value_bytes;
        for (&column, (_, value)) in shape.attributes.iter().zip(attributes.attributes.iter()) {
            if let Some(column) = self.columns.get_mut(column as usize) {
                column.push(value);
            }
        }
    }

    /// Keeps a record as one value of text. The shapes for this are not counted against the caps: there is one
    /// for each set of attribute names.
    fn push_unparsed(&mut self, record: &[u8], attributes: &AttributeSet) -> u32 {
        let id = self.finder.find_unparsed(attributes.id).unwrap_or_else(|| {
            let text = ColumnKey {
                name: String::new(),
                attribute: false,
                escape: Escape::None as u8,
                occurrence: 0,
            };
            let slots = vec![self.column(text)];
            let attributes = self.attribute_columns(attributes);
            let literals = [&b""[..], b""].into_iter().collect();
            let shape = Shape { attributes, slots, literals, unparsed: true, ..Shape::default() };
            self.keep_shape(shape, TimePlace::Hidden, &[], &Leaves::default())
        });
        let column = self.shapes.shapes.get(id as usize).and_then(|s| s.slots.first()).copied();
        if let Some(column) = column.and_then(|c| self.columns.get_mut(c as usize)) {
            column.push(record);
        }
        id
    }

    fn push_times(
        &mut self,
        id: u32,
        record: &[u8],
        leaves: &Leaves,
        ranges: &RangeSet,
        ingest: Timestamp,
        source: Timestamp,
    ) {
        let (found, predicted) = match self.times.get_mut(id as usize) {
            Some(ShapeTime { place: TimePlace::Slot(slot), reader }) => {
                let value = leaves.spans.get(*slot as usize).map_or(&[][..], |s| text_of(record, s));
                let found = reader.read(value, ingest).unwrap_or(Timestamp::NONE);
                (found, found)
            }
            Some(ShapeTime { place: TimePlace::Hidden, reader }) => {
                // A reader predicts from slots: a time in an unparsed record or in a composite is out of its sight.
                let value = time_span(ranges.spans()).map(|s| text_of(record, s));
                (value.and_then(|v| reader.read(v, ingest)).unwrap_or(Timestamp::NONE), Timestamp::NONE)
            }
            _ => (Timestamp::NONE, Timestamp::NONE),
        };
        let source = source.or(found);
        self.source_is_predicted &= source == predicted;
        self.ingest.push(ingest.0);
        self.source.push(source.0);
    }

    /// Encodes what was gathered as a row group whose first row is `first_seq`.
    pub fn finish(self, first_seq: Seq, c: &mut Compressor) -> EncodedRowGroup {
        let parts = Parts {
            first_seq,
            raw_bytes: self.raw_bytes,
            shapes: &self.shapes,
            shape_ids: &self.shape_ids,
            ingest: &self.ingest,
            source: &self.source,
            source_is_predicted: self.source_is_predicted,
            columns: &self.columns,
        };
        encode_row_group(&parts, c)
    }
}

#[inline]
fn text_of<'a>(record: &'a [u8], span: &Span) -> &'a [u8] {
    record.get(span.start as usize..span.end as usize).unwrap_or(&[])
}

/// Where the records of a shape have their time.
#[derive(Clone, Copy, Debug)]
enum TimePlace {
    Slot(u32),
    /// Where a slot does not show it.
    Hidden,
    Nowhere,
}

/// Where and how the records of a shape say their time.
#[derive(Debug)]
struct ShapeTime {
    place: TimePlace,
    reader: TimeReader,
}

impl ShapeTime {
    fn new(place: TimePlace) -> ShapeTime {
        ShapeTime { place, reader: TimeReader::default() }
    }
}
