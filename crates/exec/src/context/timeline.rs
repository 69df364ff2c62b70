//! All records of a snapshot in write order, whatever the filter: where each came from, and whether it matches.

use std::collections::HashMap;
use std::sync::Arc;

use gastrolog_chunk::{Pending, ReadError, RowGroup, Snapshot};
use gastrolog_format::Shape;
use gastrolog_plan::{Plan, RowGroupPlan};
use gastrolog_types::{Attributes, Record, Seq};

use crate::Order;
use crate::actual::Actual;
use crate::bits::Bits;
use crate::interner::Interner;
use crate::pace::Check;
use crate::pending::{pending_source, scan_pending};
use crate::run::{Context, matching_rows};
use crate::view::View;

/// Row groups that are held open: a walk goes to and fro between neighbours.
const OPEN_MAX: usize = 6;

/// The place of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    piece: usize,
    group: usize,
    row: usize,
}

/// What a walk sees of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) seq: Seq,
    /// The number of its set of attributes.
    pub(super) source: u32,
    pub(super) matched: bool,
}

/// A stretch of the write order: a chunk or a batch that waits in memory.
enum Piece<'a> {
    Chunk(usize, &'a gastrolog_chunk::Chunk),
    Pending(&'a Pending),
}

/// Records that are open.
struct Segment<'a> {
    first_seq: Seq,
    /// One for all rows, or one for each.
    sources: Vec<u32>,
    matched: Bits,
    rows: Rows<'a>,
}

enum Rows<'a> {
    /// With the place of its chunk.
    View(Box<View<'a>>, usize),
    Pending(&'a Pending),
    /// They cannot be read.
    Lost,
}

/// The write order.
pub(super) struct Timeline<'a> {
    pieces: Vec<Piece<'a>>,
    plans: HashMap<(usize, usize), &'a RowGroupPlan>,
    plan: &'a Plan,
    order: Order,
    context: Context<'a>,
    /// Numbers of sets of attributes.
    sources: Interner,
    open: Vec<((usize, usize), Segment<'a>)>,
    /// What could not be read.
    pub(super) damage: Vec<String>,
    /// Bytes that were read, with the place of the chunk, since they were last counted.
    pub(super) reads: Vec<(usize, u64)>,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        snapshot: &'a Snapshot,
        order: Order,
        context: Context<'a>,
    ) -> Timeline<'a> {
        let chunks = snapshot.chunks.iter().enumerate().map(|(i, chunk)| Piece::Chunk(i, chunk));
        let mut pieces: Vec<Piece<'a>> = chunks
            .chain(snapshot.pending.iter().map(Piece::Pending))
            .filter(|p| p.end() > p.first())
            .collect();
        pieces.sort_by_key(Piece::first);
        let plans = plan.reads().map(|(chunk, group)| ((chunk.index, group.ordinal), group)).collect();
        let sources = Interner::default();
        let (open, damage, reads) = (Vec::new(), Vec::new(), Vec::new());
        Timeline { pieces, plans, plan, order, context, sources, open, damage, reads }
    }

    /// The place of a sequence number.
    pub(super) fn find(&self, seq: Seq) -> Option<Spot> {
        let piece = self.pieces.partition_point(|p| p.first() <= seq).checked_sub(1)?;
        let group = match self.pieces.get(piece)? {
            Piece::Chunk(_, chunk) => {
                let groups = chunk.row_groups().ok()?;
                groups.partition_point(|g| g.entry.first_seq <= seq).checked_sub(1)?
            }
            Piece::Pending(_) => 0,
        };
        let (first, rows) = self.extent(piece, group)?;
        let row = usize::try_from(seq.checked_sub(first)?).ok()?;
        (row < rows).then_some(Spot { piece, group, row })
    }

    /// First sequence number and rows of a row group or batch.
    fn extent(&self, piece: usize, group: usize) -> Option<(Seq, usize)> {
        match self.pieces.get(piece)? {
            Piece::Chunk(_, chunk) => {
                let entry = chunk.row_groups().ok()?.get(group)?.entry;
                Some((entry.first_seq, entry.rows as usize))
            }
            Piece::Pending(p) => (group == 0).then(|| (p.first_seq, p.range.len())),
        }
    }

    fn groups(&self, piece: usize) -> usize {
        match self.pieces.get(piece) {
            Some(Piece::Chunk(_, chunk)) => chunk.row_groups().map_or(0, <[_]>::len),
            Some(Piece::Pending(_)) => 1,
            None => 0,
        }
    }

    /// The record after a place.
    pub(super) fn next(&self, at: Spot) -> Option<Spot> {
        let row = at.row + 1;
        if self.extent(at.piece, at.group).is_some_and(|(_, rows)| row < rows) {
            return Some(Spot { row, ..at });
        }
        let (mut piece, mut group) = (at.piece, at.group + 1);
        while piece < self.pieces.len() {
            while group < self.groups(piece) {
                if self.extent(piece, group).is_some_and(|(_, rows)| rows > 0) {
                    return Some(Spot { piece, group, row: 0 });
                }
                group += 1;
            }
            (piece, group) = (piece + 1, 0);
        }
        None
    }

    /// The record before a place.
    pub(super) fn previous(&self, at: Spot) -> Option<Spot> {
        if let Some(row) = at.row.checked_sub(1) {
            return Some(Spot { row, ..at });
        }
        let (mut piece, mut groups) = (at.piece, at.group);
        loop {
            while let Some(group) = groups.checked_sub(1) {
                if let Some((_, rows @ 1..)) = self.extent(piece, group) {
                    return Some(Spot { piece, group, row: rows - 1 });
                }
                groups = group;
            }
            piece = piece.checked_sub(1)?;
            groups = self.groups(piece);
        }
    }

    /// What stands at a place; `None` when it cannot be read.
    pub(super) fn see(&mut self, at: Spot) -> Option<Seen> {
        let segment = self.segment(at)?;
        let source = match segment.sources.as_slice() {
            [one] => *one,
            each => *each.get(at.row)?,
        };
        let seen =
            Seen { seq: segment.first_seq + at.row as u64, source, matched: segment.matched.has(at.row) };
        (!matches!(segment.rows, Rows::Lost)).then_some(seen)
    }

    /// The record at a place.
    pub(super) fn record(&mut self, at: Spot) -> Option<Record> {
        let pipeline = self.context.pipeline;
        let (read, count) = match &self.segment(at)?.rows {
            Rows::View(view, chunk) => {
                let before = view.bytes_read();
                let read = view.record(at.row);
                (read, (*chunk, view.bytes_read() - before))
            }
            Rows::Pending(pending) => return pending_record(pending, at.row, pipeline),
            Rows::Lost => return None,
        };
        self.count(count);
        read.map_err(|e| self.tell(&e)).ok()
    }

    fn count(&mut self, (chunk, bytes): (usize, u64)) {
        if bytes > 0 {
            self.reads.push((chunk, bytes));
        }
    }

    /// Says by an error that the query shall stop.
    pub(super) fn check(&self) -> Check<'a> {
        self.context.check
    }

    fn tell(&mut self, e: &ReadError) {
        let said = e.to_string();
        if !self.damage.contains(&said) {
            self.damage.push(said);
        }
    }

    fn segment(&mut self, at: Spot) -> Option<&Segment<'a>> {
        let key = (at.piece, at.group);
        if let Some(i) = self.open.iter().position(|(k, _)| *k == key) {
            return self.open.get(i).map(|(_, segment)| segment);
        }
        let segment = self.load(at)?;
        if self.open.len() >= OPEN_MAX {
            self.open.remove(0);
        }
        self.open.push((key, segment));
        self.open.last().map(|(_, segment)| segment)
    }

    fn load(&mut self, at: Spot) -> Option<Segment<'a>> {
        match *self.pieces.get(at.piece)? {
            Piece::Pending(pending) => Some(self.load_pending(pending)),
            Piece::Chunk(index, chunk) => {
                let group = chunk.row_groups().ok()?.get(at.group)?;
                Some(self.load_group(index, at.group, group).unwrap_or_else(|e| {
                    self.tell(&e);
                    let first_seq = group.entry.first_seq;
                    Segment { first_seq, sources: vec![0], matched: Bits::none(0), rows: Rows::Lost }
                }))
            }
        }
    }

    fn load_group(
        &mut self,
        chunk: usize,
        ordinal: usize,
        group: &'a Arc<RowGroup>,
    ) -> Result<Segment<'a>, ReadError> {
        let view = View::open(group, self.context)?;
        let matched = match self.plans.get(&(chunk, ordinal)) {
            // It is counted where the matches are found.
            Some(group) => matching_rows(&view, group, self.plan, &mut Actual::default())?,
            None => Bits::none(view.rows()),
        };
        let sources = self.sources_of(&view)?;
        let first_seq = view.header().first_seq;
        self.count((chunk, view.bytes_read()));
        Ok(Segment { first_seq, sources, matched, rows: Rows::View(Box::new(view), chunk) })
    }

    fn sources_of(&mut self, view: &View<'_>) -> Result<Vec<u32>, ReadError> {
        let shapes = &view.shapes.shapes;
        let same = |shape: &Shape| shapes.first().is_some_and(|first| first.attributes == shape.attributes);
        let first: &[u32] = shapes.first().map_or(&[], |s| &s.attributes);
        let mut constant = shapes.iter().all(same);
        for &i in first {
            constant &= matches!(&**view.column(i)?, gastrolog_format::column::Column::Constant { .. });
        }
        let (rows, mut key, mut value) =
            (if constant { 1.min(view.rows()) } else { view.rows() }, Vec::new(), Vec::new());
        let mut sources = Vec::with_capacity(rows);
        for row in 0..rows {
            key.clear();
            for &i in &view.shape(row).attributes {
                value.clear();
                view.write_value(i, row, &mut value)?;
                let name = view.header().columns.get(i as usize).map_or("", |m| &m.key.name);
                push_pair(&mut key, name, &value);
            }
            sources.push(self.sources.number(&key));
        }
        Ok(sources)
    }

    fn load_pending(&mut self, pending: &'a Pending) -> Segment<'a> {
        let query = &self.plan.query;
        let (first_seq, rows) = (pending.first_seq, pending.range.len());
        let mut matched = Bits::none(rows);
        match scan_pending(pending, &query.filter, query.time, self.order, self.context) {
            Ok(records) => records.iter().for_each(|record| matched.set((record.seq - first_seq) as usize)),
            Err(e) => self.tell(&e),
        }
        let number = |attributes: &Attributes| {
            let mut key = Vec::new();
            attributes.iter().for_each(|(name, value)| push_pair(&mut key, name, value));
            self.sources.number(&key)
        };
        let sets: Vec<u32> = pending.batch.attributes.iter().map(number).collect();
        let none = self.sources.number(b"");
        let of = |i: usize| pending.batch.records.get(i).and_then(|r| sets.get(r.attributes as usize));
        let sources = pending.range.clone().map(|i| of(i).copied().unwrap_or(none)).collect();
        Segment { first_seq, sources, matched, rows: Rows::Pending(pending) }
    }
}

impl Piece<'_> {
    fn first(&self) -> Seq {
        match self {
            Piece::Chunk(_, chunk) => chunk.summary.first_seq,
            Piece::Pending(p) => p.first_seq,
        }
    }

    fn end(&self) -> Seq {
        match self {
            Piece::Chunk(_, chunk) => chunk.summary.end_seq,
            Piece::Pending(p) => p.first_seq + p.range.len() as u64,
        }
    }
}

/// Appends name and value in a form that is equal only for equal pairs.
fn push_pair(key: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), value] {
        key.extend_from_slice(&(part.len() as u32).to_le_bytes());
        key.extend_from_slice(part);
    }
}

fn pending_record(pending: &Pending, row: usize, pipeline: &gastrolog_index::Pipeline) -> Option<Record> {
    let at = pending.range.start + row;
    let (record, text) = (pending.batch.records.get(at)?, pending.batch.text_of(at));
    let seq = pending.first_seq + row as u64;
    let source = pending_source(record, text, pipeline);
    let attributes = pending.batch.attributes.get(record.attributes as usize).cloned().unwrap_or_default();
    Some(Record { seq, source, ingest: record.ingest, attributes, text: text.to_vec() })
}
