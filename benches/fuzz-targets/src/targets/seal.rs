//! Makes checksums right again, so that changed bytes get past them to the decoders behind.

use gastrolog_format::row_group::{Header, PREFIX_BYTES};
use gastrolog_format::{CHUNK_HEAD_BYTES, Footer, TRAILER_BYTES, Writer};

/// Writes `value` at `at`, where there is room.
fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The CRC-32 over all but the last four bytes becomes the last four bytes.
pub(crate) fn last_crc(bytes: &mut [u8]) {
    if let Some(at) = bytes.len().checked_sub(4) {
        let crc = crc32fast::hash(bytes.get(..at).unwrap_or(&[]));
        put(bytes, at, crc);
    }
}

/// Of a row group: that of the header, then those of its sections.
pub(crate) fn row_group(bytes: &mut [u8]) {
    frame(bytes);
    let Ok((header, _)) = Header::read(bytes) else { return };
    let Ok(offset) = Header::body_offset(bytes) else { return };
    let sections: Vec<_> = header.sections().map(|(_, s)| s).collect();
    let mut from = PREFIX_BYTES;
    for s in sections {
        // The header has the length and then the checksum; both are found by their bytes.
        let mut pattern = Vec::new();
        pattern.put_varint(u64::from(s.len));
        pattern.put_u32(s.crc);
        let head = bytes.get(from..offset).unwrap_or(&[]);
        let Some(at) = head.windows(pattern.len()).position(|w| w == pattern) else { return };
        let start = offset + s.offset as usize;
        let Some(crc) = bytes.get(start..start + s.len as usize).map(crc32fast::hash) else { return };
        from += at + pattern.len();
        put(bytes, from - 4, crc);
    }
    frame(bytes);
}

fn frame(bytes: &mut [u8]) {
    let Ok(offset) = Header::body_offset(bytes) else { return };
    let mut crc = crc32fast::Hasher::new();
    let (Some(lengths), Some(head)) = (bytes.get(4..16), bytes.get(PREFIX_BYTES..offset)) else { return };
    crc.update(lengths);
    crc.update(head);
    put(bytes, 16, crc.finalize());
}

/// Of a chunk file: its head, its row groups, its footer.
pub(crate) fn chunk(bytes: &mut [u8]) {
    if let Some(head) = bytes.get_mut(..CHUNK_HEAD_BYTES) {
        last_crc(head);
    }
    let mut at = CHUNK_HEAD_BYTES;
    while let Some(rest) = bytes.get_mut(at..) {
        row_group(rest);
        match Header::read(rest) {
            Ok((_, len)) if len > 0 => at += len,
            _ => break,
        }
    }
    footer(bytes);
}

fn footer(bytes: &mut [u8]) {
    let Some(trailer) = bytes.len().checked_sub(TRAILER_BYTES) else { return };
    let len = u32_at(bytes, trailer).unwrap_or(0) as usize;
    let Some(start) = trailer.checked_sub(len) else { return };
    if Footer::read(bytes).is_err() {
        let crc = crc32fast::hash(bytes.get(start..trailer).unwrap_or(&[]));
        put(bytes, trailer + 4, crc);
    }
}

/// Bytes of the header of a segment of the log, and of the head of a frame.
const SEGMENT_HEAD_BYTES: usize = 28;
const FRAME_HEAD_BYTES: usize = 29;

/// Of a segment of the write-ahead log: its header, and its frames as far as their lengths lead.
pub(crate) fn segment(bytes: &mut [u8]) {
    if let Some(head) = bytes.get_mut(..SEGMENT_HEAD_BYTES) {
        last_crc(head);
    }
    let mark = u32_at(bytes, 12).unwrap_or(0);
    let mut at = SEGMENT_HEAD_BYTES;
    while let Some(len) = u32_at(bytes, at + 4) {
        let end = at.saturating_add(FRAME_HEAD_BYTES).saturating_add(len as usize);
        let Some(frame) = bytes.get_mut(at..end) else { return };
        put(frame, 0, mark);
        let mut crc = crc32fast::Hasher::new();
        crc.update(frame.get(..8).unwrap_or(&[]));
        crc.update(frame.get(12..).unwrap_or(&[]));
        put(frame, 8, crc.finalize());
        at = end;
    }
}
