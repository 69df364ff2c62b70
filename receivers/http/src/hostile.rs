//! What fuzzing feeds: the way of a body from the wire to records, without the wire.

use gastrolog_net::inflate::{Codec, inflate};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::config::HttpConfig;
use crate::records::{Shape, split};

/// Small limits, so that small inputs reach them.
fn config() -> HttpConfig {
    HttpConfig { body_bytes_max: 4 << 20, line_bytes_max: 1000, records_max: 500, ..HttpConfig::default() }
}

/// The records of a body; nothing when it is refused. `shape` stands for the content type.
pub fn records(codec: Option<Codec>, shape: u8, body: &[u8]) -> Option<Batch> {
    let shape = match shape & 3 {
        0 => Shape::Text,
        1 => Shape::JsonLines,
        2 => Shape::Json,
        _ => Shape::Unknown,
    };
    let config = config();
    let body = match codec {
        None => body.to_vec(),
        Some(codec) => inflate(codec, body, &config.inflate_limits()).ok()?,
    };
    assert!(body.len() <= config.body_bytes_max, "inflated beyond the limit");
    let records = split(body, shape, Attributes::default(), Timestamp(0), &config).ok()?;
    Some(records.batch)
}
