//! Row groups: some thousand records as columns, self-contained, so that damage to one costs no other.
//!
//! Layout: magic u32, header length u32, body length u64, CRC-32 u32 of lengths and header; the header; the body.
//! The body is sections one after the other; the header has place, length and CRC-32 of each.

mod header;
mod raw_column;

use gastrolog_types::{Seq, Timestamp, find_time};
pub use header::{COLUMNS_MAX, ColumnKey, ColumnMeta, Header, PREFIX_BYTES, Section, TimeSpan};
use header::{frame_crc, put_header};
pub use raw_column::RawColumn;
pub(crate) use raw_column::make_room;

use crate::column::Encoded;
use crate::words::{TypedWords, WordSet};
use crate::{Compressor, Shapes, Writer, filter, ids, ints};

/// First bytes of a row group.
pub const MAGIC: u32 = u32::from_le_bytes(*b"GLRG");

/// Everything a row group is made of.
pub struct Parts<'a> {
    /// Sequence number of the first row.
    pub first_seq: Seq,
    /// Bytes of all records' texts.
    pub raw_bytes: u64,
    /// Shapes.
    pub shapes: &'a Shapes,
    /// The shape of each row.
    pub shape_ids: &'a [u32],
    /// Ingest times.
    pub ingest: &'a [i64],
    /// Source times, `Timestamp::NONE` where not known.
    pub source: &'a [i64],
    /// Whether every source time is what [`predicted_source`] finds, so that none need be stored.
    pub source_is_predicted: bool,
    /// The columns.
    pub columns: &'a [RawColumn],
}

/// The source time that follows from the value in a record's time slot.
pub fn predicted_source(value: &[u8], ingest: Timestamp) -> Timestamp {
    find_time(value, ingest).unwrap_or(Timestamp::NONE)
}

/// An encoded row group.
pub struct EncodedRowGroup {
    /// The bytes, ready to be appended to a chunk.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// What became of each column.
    pub columns: Vec<Encoded>,
}

/// Encodes a row group.
pub fn encode_row_group(parts: &Parts<'_>, c: &mut Compressor) -> EncodedRowGroup {
    let mut body = Vec::with_capacity(parts.raw_bytes as usize / 8);
    let mut words = WordSet::new();
    let (mut columns, mut encoded) = (Vec::new(), Vec::new());
    for column in parts.columns {
        let start = body.len();
        let done = column.encode(c, &mut words, &mut body);
        columns.push(ColumnMeta {
            key: column.key.clone(),
            values: column.len() as u32,
            raw_bytes: column.raw_bytes(),
            encoding: done.encoding,
            escaped: column.has_escapes(),
            words: words.take_column(),
            int_range: done.int_range,
            section: section(&body, start),
        });
        encoded.push(done);
    }
    let literals = parts.shapes.shapes.iter().flat_map(|s| s.literals.iter());
    literals.for_each(|l| words.add_words(l));
    if parts.shapes.shapes.iter().any(|s| s.unaligned) {
        words.typed.0 |= TypedWords::UNALIGNED;
    }
    let shapes = put_section(&mut body, |out| parts.shapes.put(c, out));
    let shape_ids = put_section(&mut body, |out| {
        ids::put(parts.shape_ids.iter().copied(), parts.shapes.shapes.len(), c, out)
    });
    let ingest = put_section(&mut body, |out| ints::put(parts.ingest, c, out));
    let source = put_section(&mut body, |out| put_source(parts, c, out));
    let filter = put_section(&mut body, |out| filter::put(&words.hashes(), out));
    let times = parts.source.iter().zip(parts.ingest).map(|(&s, &i)| Timestamp(s).or(Timestamp(i)).0);
    let unparsed = |id: &&u32| parts.shapes.shapes.get(**id as usize).is_some_and(|s| s.unparsed);
    let header = Header {
        first_seq: parts.first_seq,
        rows: parts.shape_ids.len() as u32,
        unparsed_rows: parts.shape_ids.iter().filter(unparsed).count() as u32,
        raw_bytes: parts.raw_bytes,
        time: TimeSpan::of(times),
        ingest_time: TimeSpan::of(parts.ingest.iter().copied()),
        typed: words.typed,
        composites: parts.shapes.names.clone(),
        shapes,
        shape_ids,
        ingest,
        source,
        filter,
        columns,
    };
    let mut bytes = Vec::with_capacity(body.len() + 4096);
    put_frame(&header, &body, &mut bytes);
    EncodedRowGroup { bytes, header, columns: encoded }
}

fn section(body: &[u8], start: usize) -> Section {
    let bytes = body.get(start..).unwrap_or(&[]);
    Section { offset: start as u32, len: bytes.len() as u32, crc: crc32fast::hash(bytes) }
}

fn put_section(body: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Section {
    let start = body.len();
    write(body);
    section(body, start)
}

const SOURCE_PREDICTED: u8 = 0;
const SOURCE_STORED: u8 = 1;

/// Source times are kept apart only where the text does not say them.
fn put_source(parts: &Parts<'_>, c: &mut Compressor, out: &mut Vec<u8>) {
    if parts.source_is_predicted {
        out.put_u8(SOURCE_PREDICTED);
        return;
    }
    out.put_u8(SOURCE_STORED);
    let known: Vec<u8> = parts.source.iter().map(|&s| u8::from(Timestamp(s).is_some())).collect();
    c.put(&known, out);
    // A missing time repeats the one before, which costs next to nothing.
    let mut before = 0;
    let filled = parts.source.iter().map(|&s| {
        before = if Timestamp(s).is_some() { s } else { before };
        before
    });
    ints::put(&filled.collect::<Vec<i64>>(), c, out);
}

fn put_frame(header: &Header, body: &[u8], out: &mut Vec<u8>) {
    let mut head = Vec::new();
    put_header(header, &mut head);
    out.put_u32(MAGIC);
    out.put_u32(head.len() as u32);
    out.put_u64(body.len() as u64);
    let crc = frame_crc(out.get(4..16).unwrap_or(&[]), &head);
    out.put_u32(crc);
    out.extend_from_slice(&head);
    out.extend_from_slice(body);
}
