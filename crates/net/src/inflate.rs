//! Undoes compression, within limits that are known before it begins.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Input that inflates to no more than this passes whatever its ratio: a short repetitive log is no bomb.
const ALWAYS_BYTES: usize = 1 << 20;
/// Largest zstd window that is accepted, as a power of two: it is memory beside the output.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// One or more gzip members.
    Gzip,
    /// Deflate inside of zlib's header and checksum.
    Zlib,
    /// What HTTP calls deflate: zlib by the standard, without its header as some send it.
    Deflate,
    /// zstd frames.
    Zstd,
    /// One raw block of snappy, without framing.
    Snappy,
}

impl Codec {
    /// By its name in `Content-Encoding`; `Ok(None)` when there is nothing to undo, `Err` when it is not known.
    pub fn of_http(name: &str) -> Result<Option<Codec>, UnknownCodec> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Codec::Gzip)),
            "zstd" => Ok(Some(Codec::Zstd)),
            "deflate" => Ok(Some(Codec::Deflate)),
            "snappy" => Ok(Some(Codec::Snappy)),
            other => Err(UnknownCodec(other.chars().take(100).collect())),
        }
    }

    /// By the first bytes: gzip, zlib or zstd; anything else is taken to be plain.
    pub fn sniff(bytes: &[u8]) -> Option<Codec> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Codec::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Codec::Zstd),
            [0x78, ..] if is_zlib(bytes) => Some(Codec::Zlib),
            _ => None,
        }
    }
}

/// A content encoding that is not understood; holds its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content encoding {0:?} is not understood")]
pub struct UnknownCodec(pub String);

/// What inflating may take.
#[derive(Clone, Copy, Debug)]
pub struct InflateLimits {
    /// Bytes after inflating.
    pub bytes_max: usize,
    /// Times the compressed size (up to 1 MiB always passes).
    pub ratio_max: usize,
}

impl Default for InflateLimits {
    fn default() -> Self {
        InflateLimits { bytes_max: 64 << 20, ratio_max: 250 }
    }
}

/// Why nothing came out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// More would come out than is allowed; the text says which limit it is. Send less at once.
    #[error("{0}")]
    TooLarge(String),
    /// The input is not what it claims to be.
    #[error("cannot be inflated: {0}")]
    Broken(String),
}

/// Inflates `input`. Never holds more than the limit and one byte.
pub fn inflate(codec: Codec, input: &[u8], limits: &InflateLimits) -> Result<Vec<u8>, InflateError> {
    let by_ratio = input.len().saturating_mul(limits.ratio_max).max(ALWAYS_BYTES);
    let limit = by_ratio.min(limits.bytes_max);
    let read = match codec {
        Codec::Gzip => read_up_to(MultiGzDecoder::new(input), input.len(), limit),
        Codec::Zlib => read_up_to(ZlibDecoder::new(input), input.len(), limit),
        Codec::Deflate if is_zlib(input) => read_up_to(ZlibDecoder::new(input), input.len(), limit),
        Codec::Deflate => read_up_to(DeflateDecoder::new(input), input.len(), limit),
        Codec::Zstd => zstd::stream::read::Decoder::with_buffer(input).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            read_up_to(decoder, input.len(), limit)
        }),
        Codec::Snappy => return snappy(input, limit, limits),
    };
    let out = read.map_err(|e| InflateError::Broken(e.to_string()))?;
    if out.len() <= limit { Ok(out) } else { Err(too_large(limit, limits)) }
}

fn too_large(limit: usize, limits: &InflateLimits) -> InflateError {
    InflateError::TooLarge(if limit < limits.bytes_max {
        format!("inflates to more than {} times its size", limits.ratio_max)
    } else {
        format!("inflates to more than {limit} bytes; send it in parts")
    })
}

/// A block says at its head how long it is inflated, so nothing is allocated for one that is too long.
fn snappy(input: &[u8], limit: usize, limits: &InflateLimits) -> Result<Vec<u8>, InflateError> {
    let broken = |e: snap::Error| InflateError::Broken(e.to_string());
    if snap::raw::decompress_len(input).map_err(broken)? > limit {
        return Err(too_large(limit, limits));
    }
    snap::raw::Decoder::new().decompress_vec(input).map_err(broken)
}

/// Reads one byte more than `limit` at most, so that the caller sees that there was more.
fn read_up_to(decoder: impl Read, compressed: usize, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(compressed.saturating_mul(4).min(limit));
    decoder.take((limit as u64).saturating_add(1)).read_to_end(&mut out)?;
    Ok(out)
}

/// Whether the two bytes of a zlib header are there, with their check.
fn is_zlib(bytes: &[u8]) -> bool {
    let [first, second, ..] = bytes else { return false };
    first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
}
