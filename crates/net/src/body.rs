//! Reads the body of a request into memory that was reserved for it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::inflate::{Codec, UnknownCodec};
use crate::memory::{Held, Memory, OutOfMemory};

/// A body and the memory it holds.
#[derive(Debug)]
pub struct HeldBody {
    /// The body as sent.
    pub bytes: Vec<u8>,
    /// Keep it for as long as the bytes.
    pub memory: Held,
}

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More than is allowed (413).
    #[error("the body has more than {0} bytes; send it in parts")]
    TooLarge(usize),
    /// It stopped coming (408).
    #[error("the body did not arrive: {0}")]
    Silent(String),
    /// Too many bodies at once (429, or 503 with `Retry-After`).
    #[error(transparent)]
    Busy(#[from] OutOfMemory),
}

/// Reads the whole body. Memory is reserved as the bytes come, whatever length was announced: a sender that announces
/// much and sends little holds little. A reservation is twice the one before it, at most what was announced. `idle`
/// is how long the sender may be silent in the middle.
pub async fn read(
    mut body: Body,
    headers: &HeaderMap,
    memory: &Memory,
    bytes_max: usize,
    idle: Duration,
) -> Result<HeldBody, BodyError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > bytes_max as u64) {
        return Err(BodyError::TooLarge(bytes_max));
    }
    let most = length.map_or(bytes_max, |length| length as usize);
    let (mut held, mut bytes) = (memory.acquire(0).await?, Vec::new());
    loop {
        let frame = tokio::time::timeout(idle, body.frame())
            .await
            .map_err(|_| BodyError::Silent("nothing came for too long".into()))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|e| BodyError::Silent(e.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        let needed = bytes.len() + data.len();
        if needed > bytes_max {
            return Err(BodyError::TooLarge(bytes_max));
        }
        if needed > bytes.capacity() {
            let capacity = bytes.capacity().saturating_mul(2).min(most).max(needed);
            memory.grow(&mut held, capacity).await?;
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(data);
    }
    Ok(HeldBody { bytes, memory: held })
}

/// How the body is compressed, by `Content-Encoding`; several encodings are not undone.
pub fn encoding(headers: &HeaderMap) -> Result<Option<Codec>, UnknownCodec> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(UnknownCodec("several".into()));
    }
    Codec::of_http(value.to_str().map_err(|_| UnknownCodec("not text".into()))?)
}
