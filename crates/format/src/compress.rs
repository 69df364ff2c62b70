//! Compressed streams: a method byte, lengths, and the bytes.

use crate::{Corrupt, Reader, Result, STREAM_BYTES_MAX, Writer};

const RAW: u8 = 0;
const ZSTD: u8 = 1;
const REPEATED: u8 = 2;

/// Streams shorter than this are kept as they are: a zstd frame would cost more than it saves.
const TINY_BYTES: usize = 24;

/// Compresses streams, keeping its working memory between them.
pub struct Compressor {
    zstd: Option<zstd::bulk::Compressor<'static>>,
    scratch: Vec<u8>,
}

impl Compressor {
    /// A compressor of this zstd level.
    pub fn new(level: i32) -> Compressor {
        let zstd = zstd::bulk::Compressor::new(level).ok().map(|mut z| {
            // The stream says its own length, so the frame need not.
            let _ = z.include_contentsize(false);
            z
        });
        Compressor { zstd, scratch: Vec::new() }
    }

    /// Appends `bytes` as a stream, in the smallest of the three forms.
    pub fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some((&first, rest)) = bytes.split_first()
            && rest.iter().all(|&b| b == first)
        {
            out.put_u8(REPEATED);
            out.put_varint(bytes.len() as u64);
            out.put_u8(first);
            return;
        }
        if bytes.len() >= TINY_BYTES && self.zstd_smaller(bytes) {
            out.put_u8(ZSTD);
            out.put_varint(bytes.len() as u64);
            out.put_bytes(&self.scratch);
            return;
        }
        out.put_u8(RAW);
        out.put_bytes(bytes);
    }

    fn zstd_smaller(&mut self, bytes: &[u8]) -> bool {
        let Some(zstd) = &mut self.zstd else { return false };
        self.scratch.clear();
        self.scratch.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        match zstd.compress_to_buffer(bytes, &mut self.scratch) {
            Ok(_) => self.scratch.len() + 4 < bytes.len(),
            Err(_) => false,
        }
    }
}

thread_local! {
    static UNZSTD: std::cell::RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        std::cell::RefCell::new(zstd::bulk::Decompressor::new().ok());
}

/// Reads a stream of at most `max` bytes after unfolding.
pub(crate) fn get(r: &mut Reader<'_>, max: usize) -> Result<Vec<u8>> {
    let method = r.u8()?;
    let len = r.count(max.min(STREAM_BYTES_MAX))?;
    match method {
        RAW => Ok(r.take(len)?.to_vec()),
        REPEATED => Ok(vec![r.u8()?; len]),
        ZSTD => unzstd(r.bytes()?, len),
        _ => Err(Corrupt("unknown compression method")),
    }
}

/// Passes over a stream without unfolding it.
pub(crate) fn skip(r: &mut Reader<'_>) -> Result<()> {
    let method = r.u8()?;
    let len = r.count(STREAM_BYTES_MAX)?;
    match method {
        RAW => r.take(len).map(drop),
        REPEATED => r.u8().map(drop),
        ZSTD => r.bytes().map(drop),
        _ => Err(Corrupt("unknown compression method")),
    }
}

fn unzstd(packed: &[u8], len: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(len);
    let done = UNZSTD.with_borrow_mut(|z| z.as_mut().map(|z| z.decompress_to_buffer(packed, &mut out)));
    match done {
        Some(Ok(_)) if out.len() == len => Ok(out),
        _ => Err(Corrupt("a compressed stream does not unfold")),
    }
}
