//! What fuzzing feeds: the way of a body from the wire to records, without the wire.

use std::io::Write;

use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::config::HttpConfig;
use crate::inflate::Encoding;
use crate::records::{Shape, split};

/// Small limits, so that small inputs reach them.
fn config() -> HttpConfig {
    HttpConfig { body_bytes_max: 4 << 20, line_bytes_max: 1000, records_max: 500, ..HttpConfig::default() }
}

fn encoding(number: u8) -> Option<Encoding> {
    match number & 3 {
        0 => None,
        1 => Some(Encoding::Gzip),
        2 => Some(Encoding::Zstd),
        _ => Some(Encoding::Deflate),
    }
}

/// The records of a body; nothing when it is refused. The numbers stand for headers.
pub fn records(encoding_number: u8, shape: u8, body: &[u8]) -> Option<Batch> {
    let shape = match shape & 3 {
        0 => Shape::Text,
        1 => Shape::JsonLines,
        2 => Shape::Json,
        _ => Shape::Unknown,
    };
    let config = config();
    let body = match encoding(encoding_number) {
        None => body.to_vec(),
        Some(encoding) => encoding.inflate(body, &config).ok()?,
    };
    assert!(body.len() <= config.body_bytes_max, "inflated beyond the limit");
    let records = split(body, shape, Attributes::default(), Timestamp(0), &config).ok()?;
    Some(records.batch)
}

/// `body` compressed as the number says.
pub fn deflated(encoding_number: u8, body: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let done = match encoding(encoding_number) {
        None => Ok(body.to_vec()),
        Some(Encoding::Gzip) => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        Some(Encoding::Zstd) => zstd::encode_all(body, 1),
        Some(Encoding::Deflate) => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
    };
    // Writing to memory does not fail.
    done.unwrap_or_default()
}
