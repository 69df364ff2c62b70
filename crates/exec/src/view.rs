//! A row group as rows: columns decoded when they are first needed, texts spliced row by row.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use gastrolog_chunk::{ReadError, RowGroup};
use gastrolog_format::column::{Column, Texts};
use gastrolog_format::row_group::{Header, predicted_source};
use gastrolog_format::{Ids, Shape, Shapes};
use gastrolog_index::{Escape, Pipeline};
use gastrolog_types::{Attributes, Record, Timestamp};

use crate::DecodeCounts;
use crate::cache::{Decoded, Part};
use crate::counted::{Counted, KeptTimes, Times, once};
use crate::pace::{Pace, STOPPED};
use crate::run::Context;

/// A row group opened for a query.
pub(crate) struct View<'a> {
    group: &'a Arc<RowGroup>,
    header: Arc<Header>,
    pub(crate) cached: Counted<'a>,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) shapes: Arc<Shapes>,
    pub(crate) shape_ids: Arc<Ids>,
    bytes_read: Cell<u64>,
    /// What was decoded or found in the cache, so that a row costs no look-up in the shared cache.
    open: Box<[OpenColumn]>,
    /// Whether the cache keeps no columns for now.
    passing: Cell<bool>,
    kept: KeptTimes,
    pace: Pace<'a>,
}

#[derive(Default)]
struct OpenColumn {
    column: OnceCell<Arc<Column>>,
    rows: OnceCell<Arc<Vec<u32>>>,
    /// The value that was asked for last: rows are mostly read in order.
    last: Cell<usize>,
    /// Whether the cache had the column, so that it is asked not for the first time.
    again: Cell<bool>,
}

/// The number of an escape as a value.
pub(crate) fn escape_of(number: u8) -> Escape {
    match number {
        1 => Escape::Json,
        2 => Escape::Quoted,
        3 => Escape::StructuredData,
        _ => Escape::None,
    }
}

impl<'a> View<'a> {
    pub(crate) fn open(group: &'a Arc<RowGroup>, context: Context<'a>) -> Result<View<'a>, ReadError> {
        let Context { cache, pipeline, check, .. } = context;
        let header = group.header()?;
        let read = Cell::new(0);
        let cached = Counted { cache, group, counts: Cell::default() };
        let shapes = match cached.get(Part::Shapes) {
            Some(Decoded::Shapes(shapes)) => shapes,
            _ => {
                read.set(read.get() + u64::from(header.shapes.len));
                let shapes = Arc::new(header.shapes(&group.body()?).map_err(|e| named(group, "shapes", e))?);
                cached.put(Part::Shapes, Decoded::Shapes(shapes.clone()));
                shapes
            }
        };
        let shape_ids = match cached.get(Part::ShapeIds) {
            Some(Decoded::Ids(ids)) => ids,
            _ => {
                read.set(read.get() + u64::from(header.shape_ids.len));
                let ids = header.shape_ids(&group.body()?, shapes.shapes.len());
                let ids = Arc::new(ids.map_err(|e| named(group, "shapes of rows", e))?);
                cached.put(Part::ShapeIds, Decoded::Ids(ids.clone()));
                ids
            }
        };
        let open = header.columns.iter().map(|_| OpenColumn::default()).collect();
        Ok(View {
            group,
            header,
            cached,
            pipeline,
            shapes,
            shape_ids,
            bytes_read: read,
            open,
            passing: Cell::new(false),
            kept: KeptTimes::default(),
            pace: Pace::new(check),
        })
    }

    /// Whether the query shall stop. Asked before a value of so many bytes is looked at; what is found from then on is
    /// worth nothing, see [`View::go_on`].
    pub(crate) fn is_over(&self, bytes: usize) -> bool {
        self.pace.is_over(bytes)
    }

    /// Says by an error that the query is to stop, after work in which [`View::is_over`] was asked.
    pub(crate) fn go_on(&self) -> Result<(), ReadError> {
        if self.pace.was_over() { Err(self.group.error(STOPPED)) } else { Ok(()) }
    }

    /// What the cache has of it.
    pub(crate) fn cached(&self, part: Part) -> Option<Decoded> {
        self.cached.get(part)
    }

    /// Whether columns that are decoded from now on are left to others: they are read once, for something smaller that
    /// is kept instead of them.
    pub(crate) fn pass_through(&self, passing: bool) {
        self.passing.set(passing);
    }

    /// Gives the cache something made of it.
    pub(crate) fn keep(&self, part: Part, value: Decoded) {
        self.cached.put(part, value);
    }

    pub(crate) fn group(&self) -> &'a Arc<RowGroup> {
        self.group
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn rows(&self) -> usize {
        self.header.rows as usize
    }

    /// Bytes read from the file so far (what the cache gave is not counted).
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }

    /// What was decoded since this was last asked.
    pub(crate) fn take_counts(&self) -> DecodeCounts {
        self.cached.counts.take()
    }

    fn count_read(&self, bytes: u32) {
        self.bytes_read.set(self.bytes_read.get() + u64::from(bytes));
    }

    /// The shape of a row.
    pub(crate) fn shape(&self, row: usize) -> &Shape {
        static NO_SHAPE: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::default);
        self.shapes.shapes.get(self.shape_ids.get(row) as usize).unwrap_or(&NO_SHAPE)
    }

    /// Column `i`.
    pub(crate) fn column(&self, i: u32) -> Result<&Arc<Column>, ReadError> {
        let open = self.opened(i)?;
        match open.column.get() {
            Some(column) => Ok(column),
            None => {
                let column = self.read_column(i)?;
                Ok(open.column.get_or_init(|| column))
            }
        }
    }

    fn opened(&self, i: u32) -> Result<&OpenColumn, ReadError> {
        self.open
            .get(i as usize)
            .ok_or_else(|| named(self.group, "shapes", "name a column that does not exist"))
    }

    fn read_column(&self, i: u32) -> Result<Arc<Column>, ReadError> {
        if let Some(Decoded::Column(column)) = self.cached.get(Part::Column(i)) {
            self.opened(i)?.again.set(true);
            return Ok(column);
        }
        let meta = self.header.columns.get(i as usize);
        let name = meta.map_or("", |m| &m.key.name);
        self.count_read(meta.map_or(0, |m| m.section.len));
        let column = self.header.column(&self.group.body()?, i as usize);
        let column = Arc::new(column.map_err(|e| named(self.group, &format!("column {name:?}"), e))?);
        if !self.passing.get() {
            self.cached.put(Part::Column(i), Decoded::Column(column.clone()));
        }
        Ok(column)
    }

    /// Whether column `i` was decoded for a question before this one, and is decoded now.
    pub(crate) fn is_asked_again(&self, i: u32) -> bool {
        self.open.get(i as usize).is_some_and(|open| open.again.get())
    }

    /// Whether column `i` may have `word` in a value, found without decoding what says which row has which. For
    /// columns that are decoded already the answer is yes.
    pub(crate) fn may_have_word(
        &self,
        i: u32,
        word: &[u8],
        stands_in: &dyn Fn(&[u8]) -> bool,
    ) -> Result<bool, ReadError> {
        let open = self.opened(i)?;
        if open.column.get().is_some() {
            return Ok(true);
        }
        if let Some(Decoded::Column(column)) = self.cached.peek(Part::Column(i)) {
            open.column.get_or_init(|| column);
            open.again.set(true);
            return Ok(true);
        }
        Ok(self.texts(i)?.may_have_word(word, stands_in))
    }

    fn texts(&self, i: u32) -> Result<Arc<Texts>, ReadError> {
        if let Some(Decoded::Texts(texts)) = self.cached.get(Part::Texts(i)) {
            return Ok(texts);
        }
        let meta = self.header.columns.get(i as usize);
        let name = meta.map_or("", |m| &m.key.name);
        self.count_read(meta.map_or(0, |m| m.section.len));
        let texts = self.header.column_texts(&self.group.body()?, i as usize);
        let texts = Arc::new(texts.map_err(|e| named(self.group, &format!("column {name:?}"), e))?);
        self.cached.put(Part::Texts(i), Decoded::Texts(texts.clone()));
        Ok(texts)
    }

    /// Whether every row has a value of column `i`.
    pub(crate) fn is_everywhere(&self, i: u32) -> bool {
        self.header.columns.get(i as usize).is_some_and(|m| m.values == self.header.rows)
    }

    /// The row of each value of column `i`, rising. For a column that is everywhere use [`View::is_everywhere`].
    pub(crate) fn rows_of(&self, i: u32) -> Result<&Arc<Vec<u32>>, ReadError> {
        let open = self.opened(i)?;
        match open.rows.get() {
            Some(rows) => Ok(rows),
            None => {
                let rows = self.find_rows_of(i)?;
                Ok(open.rows.get_or_init(|| rows))
            }
        }
    }

    fn find_rows_of(&self, i: u32) -> Result<Arc<Vec<u32>>, ReadError> {
        if let Some(Decoded::Rows(rows)) = self.cached.get(Part::RowsOf(i)) {
            return Ok(rows);
        }
        let has = |s: &Shape| s.slots.contains(&i) || s.attributes.contains(&i);
        let by_shape: Vec<bool> = self.shapes.shapes.iter().map(has).collect();
        let with = |row: &usize| by_shape.get(self.shape_ids.get(*row) as usize).copied().unwrap_or(false);
        let rows: Vec<u32> = (0..self.rows()).filter(with).map(|r| r as u32).collect();
        let values = self.header.columns.get(i as usize).map_or(0, |m| m.values);
        if rows.len() != values as usize {
            return Err(named(self.group, "shapes of rows", "do not agree with the columns"));
        }
        let rows = Arc::new(rows);
        self.cached.put(Part::RowsOf(i), Decoded::Rows(rows.clone()));
        Ok(rows)
    }

    /// Which value of column `i` is that of `row`.
    pub(crate) fn rank(&self, i: u32, row: usize) -> Result<Option<usize>, ReadError> {
        if self.is_everywhere(i) {
            return Ok(Some(row));
        }
        let (open, rows, row) = (self.opened(i)?, self.rows_of(i)?, row as u32);
        let last = open.last.get();
        for near in [last + 1, last] {
            if rows.get(near) == Some(&row) {
                open.last.set(near);
                return Ok(Some(near));
            }
        }
        let found = rows.binary_search(&row).ok();
        found.into_iter().for_each(|at| open.last.set(at));
        Ok(found)
    }

    /// Ingest times.
    pub(crate) fn ingest(&self) -> Result<Times, ReadError> {
        once(&self.kept.ingest, || self.read_ingest())
    }

    fn read_ingest(&self) -> Result<Times, ReadError> {
        if let Some(Decoded::Times(times)) = self.cached.get(Part::Ingest) {
            return Ok(times);
        }
        self.count_read(self.header.ingest.len);
        let times =
            self.header.ingest(&self.group.body()?).map_err(|e| named(self.group, "ingest times", e))?;
        Ok(self.keep_times(Part::Ingest, times))
    }

    fn keep_times(&self, part: Part, times: Vec<i64>) -> Arc<Vec<i64>> {
        let times = Arc::new(times);
        self.cached.put(part, Decoded::Times(times.clone()));
        times
    }

    /// Source times, `Timestamp::NONE` where there is none.
    pub(crate) fn source(&self) -> Result<Times, ReadError> {
        once(&self.kept.source, || self.read_source())
    }

    fn read_source(&self) -> Result<Times, ReadError> {
        if let Some(Decoded::Times(times)) = self.cached.get(Part::Source) {
            return Ok(times);
        }
        self.count_read(self.header.source.len);
        let stored =
            self.header.source(&self.group.body()?).map_err(|e| named(self.group, "source times", e))?;
        let times = match stored {
            Some(times) => times,
            None => self.predicted()?,
        };
        Ok(self.keep_times(Part::Source, times))
    }

    /// Source times as they follow from the values in the time slots.
    fn predicted(&self) -> Result<Vec<i64>, ReadError> {
        let ingest = self.ingest()?;
        let mut times = vec![Timestamp::NONE.0; self.rows()];
        let slot = |s: &Shape| s.time_slot.and_then(|slot| s.slots.get(slot as usize).copied());
        let by_shape: Vec<Option<u32>> = self.shapes.shapes.iter().map(slot).collect();
        let mut columns: Vec<u32> = by_shape.iter().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        for i in columns {
            let column = self.column(i)?;
            let mut put = |row: usize, value: usize| {
                let shape = self.shape_ids.get(row) as usize;
                if by_shape.get(shape).copied().flatten() == Some(i) {
                    let reference = Timestamp(ingest.get(row).copied().unwrap_or(0));
                    if let Some(time) = times.get_mut(row) {
                        *time = value_time(column, value, reference).0;
                    }
                }
            };
            if self.is_everywhere(i) {
                (0..self.rows()).for_each(|row| put(row, row));
            } else {
                self.rows_of(i)?.iter().enumerate().for_each(|(value, &row)| put(row as usize, value));
            }
        }
        Ok(times)
    }

    /// Source times, ingest times where there are none.
    pub(crate) fn times(&self) -> Result<Times, ReadError> {
        once(&self.kept.times, || self.read_times())
    }

    fn read_times(&self) -> Result<Times, ReadError> {
        if let Some(Decoded::Times(times)) = self.cached.get(Part::Times) {
            return Ok(times);
        }
        let (source, ingest) = (self.source()?, self.ingest()?);
        if source.iter().all(|&s| Timestamp(s).is_some()) {
            // Decoded before, and counted then.
            self.cached.cache.put(self.group.id, Part::Times, Decoded::Times(source.clone()));
            return Ok(source);
        }
        let times =
            source.iter().zip(ingest.iter()).map(|(&s, &i)| Timestamp(s).or(Timestamp(i)).0).collect();
        Ok(self.keep_times(Part::Times, times))
    }

    /// Appends the text of a row.
    pub(crate) fn write_text(&self, row: usize, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let shape = self.shape(row);
        let last = shape.slots.len() as u32;
        let end = shape.literals.get(last as usize).len() as u32;
        self.write_between(row, (0, 0), (last, end), out)
    }

    /// Appends what lies between two places of a row's literals.
    pub(crate) fn write_between(
        &self,
        row: usize,
        start: (u32, u32),
        end: (u32, u32),
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        let shape = self.shape(row);
        for literal in start.0..=end.0 {
            let bytes = shape.literals.get(literal as usize);
            let from = if literal == start.0 { start.1 as usize } else { 0 };
            let to = if literal == end.0 { end.1 as usize } else { bytes.len() };
            out.extend_from_slice(bytes.get(from..to).unwrap_or(&[]));
            if literal < end.0
                && let Some(&column) = shape.slots.get(literal as usize)
            {
                self.write_value(column, row, out)?;
            }
        }
        Ok(())
    }

    /// Appends the value that `row` has in a column.
    pub(crate) fn write_value(&self, column: u32, row: usize, out: &mut Vec<u8>) -> Result<(), ReadError> {
        if let Some(rank) = self.rank(column, row)? {
            self.column(column)?.write(rank, out);
        }
        Ok(())
    }

    /// The attributes of a row.
    pub(crate) fn attributes(&self, row: usize) -> Result<Attributes, ReadError> {
        let mut pairs: Vec<(&str, Vec<u8>)> = Vec::new();
        for &column in &self.shape(row).attributes {
            let mut value = Vec::new();
            self.write_value(column, row, &mut value)?;
            pairs.push((self.header.columns.get(column as usize).map_or("", |m| &m.key.name), value));
        }
        Ok(Attributes::new(pairs))
    }

    /// The whole record of a row.
    pub(crate) fn record(&self, row: usize) -> Result<Record, ReadError> {
        let mut text = Vec::new();
        self.write_text(row, &mut text)?;
        let at = |times: Arc<Vec<i64>>| Timestamp(times.get(row).copied().unwrap_or(Timestamp::NONE.0));
        Ok(Record {
            seq: self.header.first_seq + row as u64,
            source: at(self.source()?),
            ingest: at(self.ingest()?),
            attributes: self.attributes(row)?,
            text,
        })
    }
}

/// The time that a value of a time slot says.
fn value_time(column: &Column, i: usize, reference: Timestamp) -> Timestamp {
    if let Column::Time { layout, ticks, exceptions } = column
        && exceptions.get(i).is_none()
    {
        return ticks.get(i).map_or(Timestamp::NONE, |&t| layout.timestamp(t, reference));
    }
    predicted_source(column.value(i, &mut Vec::new()), reference)
}

fn named(group: &RowGroup, place: &str, reason: impl ToString) -> ReadError {
    let mut error = group.error(reason);
    error.place = format!("{place} of {}", error.place);
    error
}
