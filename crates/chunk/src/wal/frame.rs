//! Segment headers and frames: from a batch to bytes, and from bytes to a checked frame.

use std::ops::Range;

use crc32fast::Hasher;
use gastrolog_format::SEQ_MAX;
use gastrolog_types::{Batch, Seq};

use super::batch::{decode_batch, encode_batch};
use super::{
    ATTRIBUTE_BYTES_MAX, FRAME_BYTES_AIM, FRAME_BYTES_MAX, FRAME_RECORDS_MAX, MalformedBatch,
    RECORD_BYTES_MAX, Result, WalError,
};

const MAGIC: &[u8; 8] = b"GLOGWAL\n";
/// The version that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER_LEN: usize = 28;
pub(super) const FRAME_HEAD_LEN: usize = 29;

const CODEC_RAW: u8 = 0;
const CODEC_LZ4: u8 = 1;
/// Not records but a mark: see [`Mark`].
pub(super) const CODEC_MARK: u8 = 2;
/// Bytes of what a mark says.
const MARK_LEN: usize = 32;
/// LZ4 cannot expand more than this: bounds what is allocated on the word of a frame.
const LZ4_RATIO_MAX: usize = 255;

/// Bytes of a mark in a segment.
pub(super) const MARK_FRAME_LEN: usize = FRAME_HEAD_LEN + MARK_LEN;

/// The header of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) mark: u32,
    pub(super) first_seq: Seq,
}

impl Header {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.mark.to_le_bytes());
        out.extend_from_slice(&self.first_seq.to_le_bytes());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(super) fn parse(bytes: &[u8]) -> std::result::Result<Header, &'static str> {
        let header = bytes.get(..HEADER_LEN).ok_or("the header is cut short")?;
        let (covered, crc) = header.split_at(HEADER_LEN - 4);
        if crc32fast::hash(covered).to_le_bytes() != *crc {
            return Err("the checksum of the header does not match");
        }
        if !covered.starts_with(MAGIC) {
            return Err("it is not a segment of a write-ahead log");
        }
        let (version, mark) = (u32_at(header, 8), u32_at(header, 12));
        let (Some(version), Some(mark), Some(first_seq)) = (version, mark, u64_at(header, 16)) else {
            return Err("the header is cut short");
        };
        Ok(Header { version, mark, first_seq })
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// How far the chunk that grows is durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grown {
    /// Its id; 0 where there is none.
    pub chunk: u128,
    /// Bytes of its file that are durable.
    pub bytes: u64,
    /// One past the seq of the last record in a chunk.
    pub end_seq: Seq,
}

/// Appends a mark: all before it in the segment was synced. What is bad before a mark is damage, and not the rest of
/// an interrupted write. It is not synced itself, so it costs no time.
pub(super) fn put_mark(mark: u32, next_seq: Seq, grown: Grown, out: &mut Vec<u8>) {
    let mut payload = Vec::with_capacity(MARK_LEN);
    payload.extend_from_slice(&grown.chunk.to_le_bytes());
    payload.extend_from_slice(&grown.bytes.to_le_bytes());
    payload.extend_from_slice(&grown.end_seq.to_le_bytes());
    let mut crc = Hasher::new();
    crc.update(&payload);
    PreparedFrame { payload, crc, records: 0, raw_len: MARK_LEN as u32, codec: CODEC_MARK }
        .put(mark, next_seq, out);
}

/// A batch made ready for the log: encoded, compressed, its checksum begun. Made before the seq is known, so that
/// the costly part needs no lock.
#[derive(Debug)]
pub struct Prepared {
    frames: Vec<PreparedFrame>,
    records: u64,
}

#[derive(Debug)]
struct PreparedFrame {
    payload: Vec<u8>,
    crc: Hasher,
    records: u32,
    raw_len: u32,
    codec: u8,
}

impl Prepared {
    /// Encodes and compresses `batch`.
    ///
    /// # Errors
    /// [`WalError::TooLarge`] when a record or an attribute set exceeds its limit, [`WalError::Batch`] when the batch
    /// contradicts itself.
    pub fn new(batch: &Batch) -> Result<Prepared> {
        let mut frames = Vec::new();
        let mut scratch = Vec::new();
        let mut start = 0;
        for end in frame_ends(batch)? {
            scratch.clear();
            encode_batch(batch, start..end, &mut scratch)?;
            frames.push(PreparedFrame::new(&scratch, (end - start) as u32)?);
            start = end;
        }
        Ok(Prepared { frames, records: batch.len() as u64 })
    }

    /// How many records it holds.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The bytes that it adds to the log.
    pub fn bytes(&self) -> usize {
        self.frames.iter().map(|f| FRAME_HEAD_LEN + f.payload.len()).sum()
    }

    pub(super) fn put(&self, mark: u32, mut first_seq: Seq, out: &mut Vec<u8>) {
        for frame in &self.frames {
            frame.put(mark, first_seq, out);
            first_seq = first_seq.wrapping_add(u64::from(frame.records));
        }
    }
}

/// Where to cut a batch into frames: one past the last record of each.
fn frame_ends(batch: &Batch) -> Result<Vec<usize>> {
    let sizes: Vec<usize> =
        batch.attributes.iter().map(|set| set.iter().map(|(n, v)| n.len() + v.len()).sum()).collect();
    if let Some(&bytes) = sizes.iter().find(|&&bytes| bytes > ATTRIBUTE_BYTES_MAX) {
        return Err(WalError::TooLarge { what: "an attribute set", bytes, max: ATTRIBUTE_BYTES_MAX });
    }
    // The frame (by number) that already has the set.
    let mut in_frame = vec![usize::MAX; sizes.len()];
    let (mut ends, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (i, record) in batch.records.iter().enumerate() {
        let len = (record.end as usize).saturating_sub(record.start as usize);
        if len > RECORD_BYTES_MAX {
            return Err(WalError::TooLarge { what: "a record", bytes: len, max: RECORD_BYTES_MAX });
        }
        let set = record.attributes as usize;
        let size =
            sizes.get(set).copied().ok_or(MalformedBatch("a record has attributes that are not there"))?;
        let new_set = in_frame.get(set) != Some(&ends.len());
        let added = len + if new_set { size } else { 0 };
        if i > start && (bytes + added > FRAME_BYTES_AIM || i - start >= FRAME_RECORDS_MAX) {
            ends.push(i);
            (start, bytes) = (i, len + size);
        } else {
            bytes += added;
        }
        if let Some(place) = in_frame.get_mut(set) {
            *place = ends.len();
        }
    }
    if start < batch.len() {
        ends.push(batch.len());
    }
    Ok(ends)
}

impl PreparedFrame {
    fn new(raw: &[u8], records: u32) -> Result<PreparedFrame> {
        if raw.len() > FRAME_BYTES_MAX {
            return Err(WalError::TooLarge { what: "a frame", bytes: raw.len(), max: FRAME_BYTES_MAX });
        }
        let packed = lz4_flex::block::compress(raw);
        let (payload, codec) =
            if packed.len() < raw.len() { (packed, CODEC_LZ4) } else { (raw.to_vec(), CODEC_RAW) };
        let mut crc = Hasher::new();
        crc.update(&payload);
        Ok(PreparedFrame { payload, crc, records, raw_len: raw.len() as u32, codec })
    }

    fn put(&self, mark: u32, first_seq: Seq, out: &mut Vec<u8>) {
        let mut front = [0u8; 8];
        front[..4].copy_from_slice(&mark.to_le_bytes());
        front[4..].copy_from_slice(&(self.payload.len() as u32).to_le_bytes());
        let mut back = [0u8; FRAME_HEAD_LEN - 12];
        back[..8].copy_from_slice(&first_seq.to_le_bytes());
        back[8..12].copy_from_slice(&self.records.to_le_bytes());
        back[12..16].copy_from_slice(&self.raw_len.to_le_bytes());
        back[16] = self.codec;
        let mut crc = Hasher::new();
        crc.update(&front);
        crc.update(&back);
        crc.combine(&self.crc);
        out.extend_from_slice(&front);
        out.extend_from_slice(&crc.finalize().to_le_bytes());
        out.extend_from_slice(&back);
        out.extend_from_slice(&self.payload);
    }
}

/// How long the frame at the front of `bytes` is, and which seqs it has: of frames that were made here and are not to
/// be doubted.
pub(super) fn place_of(bytes: &[u8]) -> Option<(usize, Range<Seq>)> {
    let len = (u32_at(bytes, 4)? as usize).saturating_add(FRAME_HEAD_LEN);
    let (first_seq, records) = (u64_at(bytes, 12)?, u64::from(u32_at(bytes, 20)?));
    Some((len, first_seq..first_seq.saturating_add(records)))
}

/// A frame whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) first_seq: Seq,
    pub(super) records: u32,
    /// One past the last seq.
    pub(super) end_seq: Seq,
    /// How long the frame is, head and payload.
    pub(super) len: usize,
    raw_len: usize,
    codec: u8,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame at the front of `bytes`, or what is wrong with it.
    pub(super) fn parse(bytes: &'a [u8], mark: u32) -> std::result::Result<Frame<'a>, &'static str> {
        let head = bytes.get(..FRAME_HEAD_LEN).ok_or("the head of a frame is cut short")?;
        if u32_at(head, 0) != Some(mark) {
            return Err("there is no frame");
        }
        let payload_len = u32_at(head, 4).unwrap_or(u32::MAX) as usize;
        let len = payload_len.saturating_add(FRAME_HEAD_LEN);
        let payload = bytes.get(FRAME_HEAD_LEN..len).ok_or("a frame is cut short")?;
        let mut crc = Hasher::new();
        crc.update(head.get(..8).unwrap_or(&[]));
        crc.update(head.get(12..).unwrap_or(&[]));
        crc.update(payload);
        if u32_at(head, 8) != Some(crc.finalize()) {
            return Err("the checksum of a frame does not match");
        }
        let (Some(first_seq), Some(records), Some(raw_len)) =
            (u64_at(head, 12), u32_at(head, 20), u32_at(head, 24))
        else {
            return Err("the head of a frame is cut short");
        };
        let codec = head.last().copied().unwrap_or(u8::MAX);
        let is_mark = codec == CODEC_MARK && payload_len == MARK_LEN;
        let possible = (records == 0) == is_mark;
        let end_seq = first_seq.checked_add(u64::from(records)).filter(|&end| possible && end <= SEQ_MAX);
        let end_seq = end_seq.ok_or("a frame has records of impossible numbers, or impossibly many")?;
        Ok(Frame { first_seq, records, end_seq, len, raw_len: raw_len as usize, codec, payload })
    }

    /// What it says when it is a mark.
    pub(super) fn mark(&self) -> Option<Grown> {
        let chunk = self.payload.first_chunk().filter(|_| self.codec == CODEC_MARK)?;
        let (bytes, end_seq) = (u64_at(self.payload, 16)?, u64_at(self.payload, 24)?);
        Some(Grown { chunk: u128::from_le_bytes(*chunk), bytes, end_seq })
    }

    /// The batch in it.
    pub(super) fn decode(&self) -> std::result::Result<Batch, &'static str> {
        let batch = match self.codec {
            CODEC_RAW => decode_batch(self.payload),
            CODEC_LZ4 => decode_batch(&self.unpack()?),
            _ => return Err("a frame has an unknown codec"),
        };
        let batch = batch.map_err(|e| e.0)?;
        if batch.len() != self.records as usize {
            return Err("a frame has not the number of records it says");
        }
        Ok(batch)
    }

    fn unpack(&self) -> std::result::Result<Vec<u8>, &'static str> {
        let possible = self.payload.len().saturating_mul(LZ4_RATIO_MAX).min(FRAME_BYTES_MAX);
        if self.raw_len > possible {
            return Err("a frame says it is larger than it can be");
        }
        let mut raw = vec![0; self.raw_len];
        match lz4_flex::block::decompress_into(self.payload, &mut raw) {
            Ok(len) if len == raw.len() => Ok(raw),
            _ => Err("a frame cannot be decompressed"),
        }
    }
}
