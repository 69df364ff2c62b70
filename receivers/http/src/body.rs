//! Reads a body into memory that was reserved for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::Problem;
use crate::config::HttpConfig;

/// The memory of all bodies is counted in these.
const PAGE_BYTES: usize = 64 << 10;

/// The memory that all bodies share.
pub(crate) struct Memory {
    pages: Arc<Semaphore>,
    wait: Duration,
}

impl Memory {
    pub(crate) fn new(config: &HttpConfig) -> Memory {
        let bytes = config.memory_bytes.max(config.body_bytes_max);
        Memory { pages: Arc::new(Semaphore::new(bytes.div_ceil(PAGE_BYTES))), wait: config.wait }
    }

    /// Waits until there is memory for `bytes` in all; [`Problem::Busy`] when that takes too long.
    async fn grow(&self, held: &mut Held, bytes: usize) -> Result<(), Problem> {
        let pages = bytes.div_ceil(PAGE_BYTES).saturating_sub(held.memory.num_permits());
        let permit = self.pages.clone().acquire_many_owned(u32::try_from(pages).unwrap_or(u32::MAX));
        match tokio::time::timeout(self.wait, permit).await {
            Ok(Ok(more)) => held.memory.merge(more),
            Ok(Err(_)) | Err(_) => return Err(Problem::Busy),
        }
        held.bytes.reserve_exact(bytes.saturating_sub(held.bytes.len()));
        Ok(())
    }

    fn nothing(&self) -> Result<Held, Problem> {
        let memory = self.pages.clone().try_acquire_many_owned(0).map_err(|_| Problem::Busy)?;
        Ok(Held { bytes: Vec::new(), memory })
    }
}

/// A body and the memory it holds.
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) memory: OwnedSemaphorePermit,
}

/// Reads the whole body. Memory is reserved as the bytes come, whatever length was announced: a sender that
/// announces much and sends little holds little. A reservation is twice the one before it, at most what was announced.
pub(crate) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    memory: &Memory,
    config: &HttpConfig,
) -> Result<Held, Problem> {
    let max = config.body_bytes_max;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let most = length.map_or(max, |length| length as usize);
    let mut held = memory.nothing()?;
    loop {
        let frame = tokio::time::timeout(config.idle, body.frame())
            .await
            .map_err(|_| Problem::Silent("nothing came for too long".into()))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|e| Problem::Silent(e.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        let needed = held.bytes.len() + data.len();
        if needed > max {
            return Err(too_large(max));
        }
        if needed > held.bytes.capacity() {
            let doubled = held.bytes.capacity().saturating_mul(2).min(most);
            memory.grow(&mut held, doubled.max(needed)).await?;
        }
        held.bytes.extend_from_slice(data);
    }
    Ok(held)
}

fn too_large(max: usize) -> Problem {
    Problem::TooLarge(format!("the body has more than {max} bytes; send it in parts"))
}
