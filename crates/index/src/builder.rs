//! From batches of records to an encoded row group.

use std::collections::HashMap;

use gastrolog_format::row_group::{ColumnKey, EncodedRowGroup, Parts, encode_row_group, predicted_source};
use gastrolog_format::{Composite, Compressor, Shape, Shapes, Strings};
use gastrolog_types::words::is_word_byte;
use gastrolog_types::{Attributes, Batch, Seq, Timestamp};
use hashbrown::HashTable;
use rapidhash::v3::rapidhash_v3;

use crate::fields::time_span;
use crate::{Escape, Name, NamePart, Pipeline, RangeSet, Span, TimeRole};

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
    text: Vec<u8>,
    raw_bytes: u64,
    shapes: Shapes,
    names: HashMap<String, u32>,
    keys: Strings,
    table: HashTable<(u64, u32)>,
    columns: Vec<(ColumnKey, Vec<(u32, u32)>)>,
    column_ids: HashMap<ColumnKey, u32>,
    shape_ids: Vec<u32>,
    ingest: Vec<i64>,
    source: Vec<i64>,
    source_is_predicted: bool,
    ranges: RangeSet,
    key: Vec<u8>,
}

/// The attributes of some records of a batch, as they are needed for each of them.
struct AttributeSet {
    signature: u64,
    names: Vec<String>,
    values: Vec<(u32, u32)>,
}

/// Where the slots of a record are: the spans that have no other inside.
struct Leaves<'a> {
    spans: &'a [Span],
}

impl<'a> Leaves<'a> {
    /// An empty span at the end of another counts as inside: the key of an empty value (`k=`) must be in a literal.
    fn is_leaf(&self, i: usize) -> bool {
        match (self.spans.get(i), self.spans.get(i + 1)) {
            (Some(this), Some(next)) => {
                next.start >= this.end && (next.end > this.end || this.start == this.end)
            }
            _ => true,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &'a Span> + '_ {
        self.spans.iter().enumerate().filter(|&(i, _)| self.is_leaf(i)).map(|(_, s)| s)
    }

    fn composites(&self) -> impl Iterator<Item = (usize, &'a Span)> + '_ {
        self.spans.iter().enumerate().filter(|&(i, s)| !self.is_leaf(i) && s.name != Name::TEXT)
    }
}

impl<'p> RowGroupBuilder<'p> {
    /// An empty builder.
    pub fn new(pipeline: &'p Pipeline, indexers: u64, caps: Caps) -> RowGroupBuilder<'p> {
        RowGroupBuilder {
            pipeline,
            indexers,
            caps,
            text: Vec::new(),
            raw_bytes: 0,
            shapes: Shapes::default(),
            names: HashMap::new(),
            keys: Strings::new(),
            table: HashTable::new(),
            columns: Vec::new(),
            column_ids: HashMap::new(),
            shape_ids: Vec::new(),
            ingest: Vec::new(),
            source: Vec::new(),
            source_is_predicted: true,
            ranges: RangeSet::default(),
            key: Vec::new(),
        }
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.shape_ids.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.shape_ids.is_empty()
    }

    /// Adds all records of a batch.
    pub fn push(&mut self, batch: &Batch) {
        let base = self.text.len() as u32;
        self.text.extend_from_slice(&batch.text);
        let sets: Vec<AttributeSet> = batch.attributes.iter().map(|a| self.attribute_set(a)).collect();
        let none = AttributeSet { signature: 0, names: Vec::new(), values: Vec::new() };
        for (i, record) in batch.records.iter().enumerate() {
            let attributes = sets.get(record.attributes as usize).unwrap_or(&none);
            self.push_record(batch.text_of(i), base + record.start, attributes, record.ingest, record.source);
        }
    }

    fn attribute_set(&mut self, attributes: &Attributes) -> AttributeSet {
        let mut joined = Vec::new();
        let mut values = Vec::new();
        for (name, value) in attributes.iter() {
            joined.extend_from_slice(name.as_bytes());
            joined.push(0xff);
            let start = self.text.len() as u32;
            self.text.extend_from_slice(value);
            values.push((start, self.text.len() as u32));
        }
        let names = attributes.iter().map(|(n, _)| n.to_owned()).collect();
        AttributeSet { signature: rapidhash_v3(&joined), names, values }
    }

    fn push_record(
        &mut self,
        record: &[u8],
        at: u32,
        attributes: &AttributeSet,
        ingest: Timestamp,
        source: Timestamp,
    ) {
        let mut ranges = std::mem::take(&mut self.ranges);
        let parsed = self.pipeline.parse(record, &mut ranges);
        let leaves = Leaves { spans: ranges.spans() };
        let id = if parsed.claimed_by & !self.indexers == 0 {
            self.shape_key(record, &leaves, &ranges, attributes);
            self.find_shape().or_else(|| self.add_shape(record, &leaves, &ranges, attributes))
        } else {
            None
        };
        match id {
            Some(id) => self.push_values(id, &leaves, at, attributes),
            None => self.push_unparsed(record, at, attributes),
        }
        self.push_times(record, &leaves, id.is_some(), ingest, source);
        self.raw_bytes += record.len() as u64;
        self.ranges = ranges;
    }

    /// Everything that two records of one shape have in common.
    fn shape_key(
        &mut self,
        record: &[u8],
        leaves: &Leaves<'_>,
        ranges: &RangeSet,
        attributes: &AttributeSet,
    ) {
        let key = &mut self.key;
        key.clear();
        key.extend_from_slice(&attributes.signature.to_le_bytes());
        let mut at = 0u32;
        for leaf in leaves.iter() {
            let literal = record.get(at as usize..leaf.start as usize).unwrap_or(&[]);
            key.extend_from_slice(&(literal.len() as u32).to_le_bytes());
            key.extend_from_slice(literal);
            key.push(leaf.escape as u8 | (leaf.time as u8) << 4);
            push_static_name(leaf.name, ranges, key);
            at = leaf.end;
        }
        key.extend_from_slice(record.get(at as usize..).unwrap_or(&[]));
        for (i, span) in leaves.composites() {
            let (start, end) = literal_places(leaves, i, span);
            for v in [start.0, start.1, end.0, end.1] {
                key.extend_from_slice(&v.to_le_bytes());
            }
            key.push(span.escape as u8);
            push_static_name(span.name, ranges, key);
        }
    }

    fn find_shape(&self) -> Option<u32> {
        let hash = rapidhash_v3(&self.key);
        let same = |&(h, id): &(u64, u32)| h == hash && self.keys.get(id as usize) == self.key;
        self.table.find(hash, same).map(|&(_, id)| id)
    }

    /// Makes a shape of the record, unless a cap is in the way.
    fn add_shape(
        &mut self,
        record: &[u8],
        leaves: &Leaves<'_>,
        ranges: &RangeSet,
        attributes: &AttributeSet,
    ) -> Option<u32> {
        let wanted = leaves.iter().count() + attributes.names.len();
        if self.shapes.shapes.len() >= self.caps.shapes || self.columns.len() + wanted > self.caps.columns {
            return None;
        }
        let mut shape = Shape { attributes: self.attribute_columns(attributes), ..Shape::default() };
        let best = time_span(leaves.spans).copied();
        let mut seen: HashMap<(String, u8), u16> = HashMap::new();
        let mut at = 0u32;
        for leaf in leaves.iter() {
            let literal = record.get(at as usize..leaf.start as usize).unwrap_or(&[]);
            let touches = literal.last().map_or(at > 0, |&b| is_word_byte(b));
            let follows = record.get(leaf.end as usize).is_some_and(|&b| is_word_byte(b));
            shape.unaligned |= touches || follows;
            shape.literals.push(literal);
            if best.as_ref() == Some(leaf) && shape.time_slot.is_none() {
                shape.time_slot = Some(shape.slots.len() as u32);
            }
            let name = if leaf.name == Name::TEXT { String::new() } else { ranges.path(leaf.name, record) };
            let count = seen.entry((name.clone(), leaf.escape as u8)).or_default();
            let key = ColumnKey { name, attribute: false, escape: leaf.escape as u8, occurrence: *count };
            *count = count.saturating_add(1);
            shape.slots.push(self.column(key));
            at = leaf.end;
        }
        shape.literals.push(record.get(at as usize..).unwrap_or(&[]));
        for (i, span) in leaves.composites() {
            let path = ranges.path(span.name, record);
            if path.is_empty() {
                continue;
            }
            let name = self.name(path);
            let (start, end) = literal_places(leaves, i, span);
            shape.composites.push(Composite { name, escape: span.escape as u8, start, end });
        }
        Some(self.keep_shape(shape))
    }

    /// Remembers a shape under the current key.
    fn keep_shape(&mut self, shape: Shape) -> u32 {
        let id = self.shapes.shapes.len() as u32;
        let hash = rapidhash_v3(&self.key);
        self.shapes.shapes.push(shape);
        self.keys.push(&self.key);
        self.table.insert_unique(hash, (hash, id), |&(h, _)| h);
        id
    }

    fn attribute_columns(&mut self, attributes: &AttributeSet) -> Vec<u32> {
        let key = |name: &String| ColumnKey {
            name: name.clone(),
            attribute: true,
            escape: Escape::None as u8,
            occurrence: 0,
        };
        attributes.names.iter().map(|n| self.column(key(n))).collect()
    }

    fn name(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.names.entry(name).or_insert_with_key(|name| {
            self.shapes.names.push(name.clone());
            next
        })
    }

    fn column(&mut self, key: ColumnKey) -> u32 {
        let next = self.columns.len() as u32;
        *self.column_ids.entry(key).or_insert_with_key(|key| {
            self.columns.push((key.clone(), Vec::new()));
            next
        })
    }

    fn push_values(&mut self, id: u32, leaves: &Leaves<'_>, at: u32, attributes: &AttributeSet) {
        self.shape_ids.push(id);
        let Some(shape) = self.shapes.shapes.get(id as usize) else { return };
        let places = leaves.iter().map(|leaf| (at + leaf.start, at + leaf.end));
        for (&column, place) in shape.slots.iter().zip(places) {
            if let Some((_, values)) = self.columns.get_mut(column as usize) {
                values.push(place);
            }
        }
        self.push_attribute_values(id, attributes);
    }

    fn push_attribute_values(&mut self, id: u32, attributes: &AttributeSet) {
        let Some(shape) = self.shapes.shapes.get(id as usize) else { return };
        for (&column, &place) in shape.attributes.iter().zip(&attributes.values) {
            if let Some((_, values)) = self.columns.get_mut(column as usize) {
                values.push(place);
            }
        }
    }

    /// Keeps a record as one value of text. The shapes for this are not counted against the caps: there is one
    /// for each set of attribute names.
    fn push_unparsed(&mut self, record: &[u8], at: u32, attributes: &AttributeSet) {
        self.key.clear();
        self.key.extend_from_slice(&attributes.signature.to_le_bytes());
        self.key.extend_from_slice(b"unparsed");
        let id = self.find_shape().unwrap_or_else(|| {
            let text = ColumnKey {
                name: String::new(),
                attribute: false,
                escape: Escape::None as u8,
                occurrence: 0,
            };
            let slots = vec![self.column(text)];
            let attributes = self.attribute_columns(attributes);
            let literals = [&b""[..], b""].into_iter().collect();
            self.keep_shape(Shape { attributes, slots, literals, unparsed: true, ..Shape::default() })
        });
        self.shape_ids.push(id);
        let column = self.shapes.shapes.get(id as usize).and_then(|s| s.slots.first()).copied();
        if let Some((_, values)) = column.and_then(|c| self.columns.get_mut(c as usize)) {
            values.push((at, at + record.len() as u32));
        }
        self.push_attribute_values(id, attributes);
    }

    fn push_times(
        &mut self,
        record: &[u8],
        leaves: &Leaves<'_>,
        parsed: bool,
        ingest: Timestamp,
        source: Timestamp,
    ) {
        let span = time_span(leaves.spans);
        let value = span.and_then(|s| record.get(s.start as usize..s.end as usize));
        let found = value.map_or(Timestamp::NONE, |v| predicted_source(v, ingest));
        let source = source.or(found);
        // A reader predicts from slots: a time in an unparsed record or in a composite is out of its sight.
        let in_sight = parsed && span.is_none_or(|s| leaves.iter().any(|l| l == s));
        let predicted = if in_sight { found } else { Timestamp::NONE };
        self.source_is_predicted &= source == predicted;
        self.ingest.push(ingest.0);
        self.source.push(source.0);
    }

    /// Encodes what was gathered as a row group whose first row is `first_seq`.
    pub fn finish(self, first_seq: Seq, c: &mut Compressor) -> EncodedRowGroup {
        let parts = Parts {
            first_seq,
            text: &self.text,
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

/// Names that stand in the record follow from the literals; fixed ones do not, so their address goes into the key.
fn push_static_name(name: Name, ranges: &RangeSet, key: &mut Vec<u8>) {
    let mut at = name;
    if at == Name::TEXT {
        key.push(0);
        return;
    }
    while let Some(&(parent, part)) = ranges.names().get(at.0 as usize) {
        match part {
            NamePart::Static(s) => key.extend_from_slice(&(s.as_ptr() as usize).to_le_bytes()),
            NamePart::Element => key.push(1),
            NamePart::Key { .. } => key.push(2),
        }
        at = parent;
    }
    key.push(3);
}

/// Where a composite span begins and ends, as literal and byte in it.
fn literal_places(leaves: &Leaves<'_>, i: usize, span: &Span) -> ((u32, u32), (u32, u32)) {
    let before = |limit: usize| {
        let slots = leaves.spans.iter().enumerate().take(limit).filter(|&(i, _)| leaves.is_leaf(i));
        slots.fold((0u32, 0u32), |(n, _), (_, s)| (n + 1, s.end))
    };
    let inside =
        leaves.spans.iter().skip(i + 1).take_while(|s| s.start < span.end || s.end <= span.end).count();
    let (first, first_at) = before(i + 1);
    let (last, last_at) = before(i + 1 + inside);
    ((first, span.start - first_at.min(span.start)), (last, span.end - last_at.min(span.end)))
}

#[expect(dead_code, reason = "ties the numbers of the two crates together at compile time")]
const TIME_ROLE_FITS: () = assert!((TimeRole::Header as u8) < 16 && (Escape::StructuredData as u8) < 4);
