//! A row group as the batch of records that it was made of: texts spliced, attributes and times put back.
//!
//! Queries read single rows and columns (`gastrolog-exec`); this reads all rows of all columns, once, in order.

use std::collections::HashMap;

use gastrolog_format::column::Column;
use gastrolog_format::row_group::{Header, predicted_source};
use gastrolog_format::{Body, Corrupt, Fallible, Ids, Result, Shape, Shapes};
use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};

/// Most bytes of text of a row group that are put together: no writer makes one half as large.
const RAW_BYTES_MAX: u64 = 1 << 29;

const TEXTS: Corrupt = Corrupt("the texts are not as long as the header says");

/// The records of the row group with this header and body, in order. Their source times are told one by one where
/// they are known, so that they stay what they are whoever takes the records apart next.
///
/// # Errors
/// When a section is damaged or sections contradict each other.
pub(crate) fn read_rows<B: Body + ?Sized>(header: &Header, body: &B) -> Fallible<Batch, B> {
    if header.raw_bytes > RAW_BYTES_MAX {
        return Err(TEXTS.into());
    }
    let mut rows = Rows::open(header, body)?;
    for row in 0..header.rows as usize {
        rows.add(row)?;
    }
    Ok(rows.finish()?)
}

/// The columns of a row group, and how far each was read.
struct Rows<'h> {
    header: &'h Header,
    shapes: Shapes,
    shape_ids: Ids,
    ingest: Vec<i64>,
    /// Nothing: they follow from the values of the time slots.
    source: Option<Vec<i64>>,
    columns: Vec<Cursor>,
    /// Attribute sets by what they hold.
    sets: HashMap<Vec<u8>, u32>,
    /// What the set of the next record holds; kept for its memory.
    key: Vec<u8>,
    batch: Batch,
}

/// A column that is read value by value.
struct Cursor {
    column: Column,
    next: usize,
}

impl<'h> Rows<'h> {
    fn open<B: Body + ?Sized>(header: &'h Header, body: &B) -> Fallible<Rows<'h>, B> {
        let shapes = header.shapes(body)?;
        let shape_ids = header.shape_ids(body, shapes.shapes.len())?;
        let column = |i: usize| Ok(Cursor { column: header.column(body, i)?, next: 0 });
        Ok(Rows {
            columns: (0..header.columns.len()).map(column).collect::<Fallible<_, B>>()?,
            ingest: header.ingest(body)?,
            source: header.source(body)?,
            header,
            shapes,
            shape_ids,
            sets: HashMap::new(),
            key: Vec::new(),
            batch: Batch::default(),
        })
    }

    fn add(&mut self, row: usize) -> Result<()> {
        let id = self.shape_ids.get(row) as usize;
        let shape = self.shapes.shapes.get(id).ok_or(Corrupt("a row has a shape that does not exist"))?;
        let ingest = Timestamp(*self.ingest.get(row).ok_or(Corrupt("a row has no ingest time"))?);
        let mut source = match &self.source {
            Some(times) => times.get(row).map_or(Timestamp::NONE, |&t| Timestamp(t)),
            None => Timestamp::NONE,
        };
        let start = self.batch.text.len() as u32;
        for (slot, literal) in shape.literals.iter().enumerate() {
            self.batch.text.extend_from_slice(literal);
            let Some(&column) = shape.slots.get(slot) else { continue };
            let cursor = cursor(&mut self.columns, column)?;
            if self.source.is_none() && shape.time_slot == Some(slot as u32) {
                source = cursor.time(ingest);
            }
            cursor.write(&mut self.batch.text)?;
        }
        if self.batch.text.len() as u64 > self.header.raw_bytes {
            return Err(TEXTS);
        }
        let end = self.batch.text.len() as u32;
        let attributes = attribute_set(
            self.header,
            shape,
            &mut self.columns,
            &mut self.sets,
            &mut self.key,
            &mut self.batch.attributes,
        )?;
        self.batch.records.push(NewRecord { start, end, attributes, ingest, source });
        Ok(())
    }

    fn finish(self) -> Result<Batch> {
        if self.columns.iter().any(|c| c.next != c.column.len()) {
            return Err(Corrupt("the shapes of rows do not agree with the columns"));
        }
        if self.batch.text.len() as u64 != self.header.raw_bytes {
            return Err(TEXTS);
        }
        Ok(self.batch)
    }
}

fn cursor(columns: &mut [Cursor], i: u32) -> Result<&mut Cursor> {
    columns.get_mut(i as usize).ok_or(Corrupt("a shape names a column that does not exist"))
}

/// The number of the set of attributes that the next row of `shape` has.
fn attribute_set(
    header: &Header,
    shape: &Shape,
    columns: &mut [Cursor],
    sets: &mut HashMap<Vec<u8>, u32>,
    key: &mut Vec<u8>,
    all: &mut Vec<Attributes>,
) -> Result<u32> {
    key.clear();
    let mut ends = Vec::with_capacity(shape.attributes.len());
    for &column in &shape.attributes {
        key.extend_from_slice(&column.to_le_bytes());
        let start = key.len();
        cursor(columns, column)?.write(key)?;
        ends.push(start..key.len());
        // The length behind the value tells apart what would else look alike.
        let len = (key.len() - start) as u64;
        key.extend_from_slice(&len.to_le_bytes());
    }
    if let Some(&set) = sets.get(key.as_slice()) {
        return Ok(set);
    }
    let pairs = shape.attributes.iter().zip(&ends).map(|(&column, range)| {
        let name = header.columns.get(column as usize).map_or("", |m| &*m.key.name);
        (name, key.get(range.clone()).unwrap_or(&[]))
    });
    let set = all.len() as u32;
    all.push(Attributes::new(pairs));
    sets.insert(key.clone(), set);
    Ok(set)
}

impl Cursor {
    /// Appends the next value.
    fn write(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if self.next >= self.column.len() {
            return Err(Corrupt("a column has fewer values than rows"));
        }
        self.column.write(self.next, out);
        self.next += 1;
        Ok(())
    }

    /// The time that the next value says.
    fn time(&self, ingest: Timestamp) -> Timestamp {
        if let Column::Time { layout, ticks, exceptions } = &self.column
            && exceptions.get(self.next).is_none()
        {
            return ticks.get(self.next).map_or(Timestamp::NONE, |&t| layout.timestamp(t, ingest));
        }
        predicted_source(self.column.value(self.next, &mut Vec::new()), ingest)
    }
}
