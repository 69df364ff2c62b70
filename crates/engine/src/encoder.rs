//! Makes row groups of batches: the indexers' side of the chunk writer.

use std::sync::{Arc, Mutex, PoisonError};

use gastrolog_chunk::{Encoder, Pending};
use gastrolog_format::row_group::{EncodedRowGroup, Header};
use gastrolog_format::{Compressor, Shapes};
use gastrolog_index::{Caps, Pipeline, RowGroupBuilder};

/// The zstd level of columns as records come in. Higher ones gain little on values that are cut out already.
pub(crate) const LEVEL: i32 = 3;

/// Row groups smaller than this are mostly header: their size says nothing of how well columns fit.
const TINY_BYTES: u64 = 16 << 10;

/// Most compressors kept between row groups.
const COMPRESSORS_MAX: usize = 4;

/// Compressors that nobody uses. The threads that encode live for one row group, and the working memory is large.
static COMPRESSORS: Mutex<Vec<Compressor>> = Mutex::new(Vec::new());

/// Does `work` with a compressor of [`LEVEL`].
fn with_compressor<T>(work: impl FnOnce(&mut Compressor) -> T) -> T {
    // Whoever panicked had taken theirs out.
    let kept = || COMPRESSORS.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = kept().pop();
    let mut compressor = taken.unwrap_or_else(|| Compressor::new(LEVEL));
    let done = work(&mut compressor);
    let mut kept = kept();
    if kept.len() < COMPRESSORS_MAX {
        kept.push(compressor);
    }
    done
}

pub(crate) struct PipelineEncoder {
    pub(crate) pipeline: Arc<Pipeline>,
    /// The indexers that may lay out columns, one bit each.
    pub(crate) indexers: u64,
    /// The zstd level.
    pub(crate) level: i32,
}

impl Encoder for PipelineEncoder {
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        in_turn(records, &|rest| self.encode_first(rest))
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        in_turn(records, &|rest| self.text(rest))
    }
}

/// Row groups of all records, each of as many as `first` takes.
fn in_turn(
    records: &[Pending],
    first: &dyn Fn(&[Pending]) -> (EncodedRowGroup, Shapes),
) -> Vec<(EncodedRowGroup, Shapes)> {
    let (mut groups, mut rest) = (Vec::new(), records.to_vec());
    while !rest.is_empty() {
        let group = first(&rest);
        rest = Pending::split(&rest, group.0.header.rows as usize).1;
        groups.push(group);
    }
    groups
}

impl PipelineEncoder {
    /// The row group of as many of the records as it can hold, with its shapes.
    fn encode_first(&self, records: &[Pending]) -> (EncodedRowGroup, Shapes) {
        let columns = self.build(records, self.indexers);
        let is_small = columns.bytes.len() as u64 * 2 <= columns.header.raw_bytes + TINY_BYTES;
        let shapes = match shapes_of(&columns) {
            Some(shapes) if is_small => return (columns, shapes),
            shapes => shapes,
        };
        // A few huge records, each of a shape of its own, cost more as columns than as they came, or are more than a reader
        // takes.
        let (same, _) = Pending::split(records, columns.header.rows as usize);
        let text = self.text(&same);
        let is_smaller =
            text.0.header.rows == columns.header.rows && text.0.bytes.len() < columns.bytes.len();
        match shapes {
            Some(shapes) if !is_smaller => (columns, shapes),
            _ => text,
        }
    }

    /// The same without what indexers find.
    fn text(&self, records: &[Pending]) -> (EncodedRowGroup, Shapes) {
        let text = self.build(records, 0);
        let shapes = shapes_of(&text).unwrap_or_default();
        (text, shapes)
    }

    fn build(&self, records: &[Pending], indexers: u64) -> EncodedRowGroup {
        let mut builder = RowGroupBuilder::new(&self.pipeline, indexers, Caps::default());
        builder.expect(records.iter().map(|pending| pending.range.len()).sum());
        for pending in records {
            if builder.push_range(&pending.batch, pending.range.clone()) < pending.range.len() {
                break;
            }
        }
        let first_seq = records.first().map_or(0, |p| p.first_seq);
        if self.level == LEVEL {
            with_compressor(|c| builder.finish(first_seq, c))
        } else {
            // Its working memory is large, and it is needed now and then.
            builder.finish(first_seq, &mut Compressor::new(self.level))
        }
    }
}

/// The shapes as they were written; nothing when a reader would not take them.
fn shapes_of(encoded: &EncodedRowGroup) -> Option<Shapes> {
    let body = encoded.bytes.get(Header::body_offset(&encoded.bytes).ok()?..)?;
    encoded.header.shapes(body).ok()
}
