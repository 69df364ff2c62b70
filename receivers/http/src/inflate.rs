//! Undoes the content encoding of a body, within limits that are known before it begins.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::answer::Problem;
use crate::config::HttpConfig;

/// Bodies that inflate to no more than this pass whatever their ratio: a short repetitive log is no bomb.
const ALWAYS_BYTES: usize = 1 << 20;
/// Largest zstd window that is accepted, as a power of two: it is memory beside the output.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Zstd,
    Deflate,
}

impl Encoding {
    /// From the header's value; `None` when there is nothing to undo.
    pub(crate) fn parse(value: &str) -> Result<Option<Encoding>, Problem> {
        match value.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Encoding::Gzip)),
            "zstd" => Ok(Some(Encoding::Zstd)),
            "deflate" => Ok(Some(Encoding::Deflate)),
            other => Err(Problem::Encoding(other.chars().take(100).collect())),
        }
    }

    /// Inflates `body`.
    pub(crate) fn inflate(self, body: &[u8], config: &HttpConfig) -> Result<Vec<u8>, Problem> {
        let by_ratio = body.len().saturating_mul(config.inflate_ratio_max).max(ALWAYS_BYTES);
        let limit = by_ratio.min(config.body_bytes_max);
        let read = match self {
            Encoding::Gzip => read_up_to(MultiGzDecoder::new(body), body.len(), limit),
            Encoding::Deflate if is_zlib(body) => read_up_to(ZlibDecoder::new(body), body.len(), limit),
            Encoding::Deflate => read_up_to(DeflateDecoder::new(body), body.len(), limit),
            Encoding::Zstd => zstd::stream::read::Decoder::with_buffer(body).and_then(|mut decoder| {
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                read_up_to(decoder, body.len(), limit)
            }),
        };
        let out = read.map_err(|e| Problem::BadRequest(format!("the body cannot be inflated: {e}")))?;
        if out.len() <= limit {
            return Ok(out);
        }
        Err(Problem::TooLarge(if limit < config.body_bytes_max {
            format!("the body inflates to more than {} times its size", config.inflate_ratio_max)
        } else {
            format!("the body inflates to more than {limit} bytes; send it in parts")
        }))
    }
}

/// Reads one byte more than `limit` at most, so that the caller sees that there was more.
fn read_up_to(decoder: impl Read, compressed: usize, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(compressed.saturating_mul(4).min(limit));
    decoder.take(limit as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

/// The HTTP standard means zlib by "deflate"; some send it without the zlib header.
fn is_zlib(body: &[u8]) -> bool {
    let [first, second, ..] = body else { return false };
    first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
}
