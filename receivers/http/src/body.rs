//! Reads a body into memory that was reserved for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use gastrolog_types::buffers;
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

    /// Waits until there is memory for a body; [`Problem::Busy`] when that takes too long.
    async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let pages = u32::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(u32::MAX);
        let permit = self.pages.clone().acquire_many_owned(pages);
        match tokio::time::timeout(self.wait, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Problem::Busy),
        }
    }
}

/// A body and the memory it holds.
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) memory: OwnedSemaphorePermit,
}

/// Reads the whole body. One of unknown length reserves what the largest would need.
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
    let length = length.map(|length| length as usize);
    let memory = memory.reserve(length.unwrap_or(max)).await?;
    let mut bytes = buffers::take(length.unwrap_or(0));
    loop {
        let frame = tokio::time::timeout(config.idle, body.frame())
            .await
            .map_err(|_| Problem::Silent("nothing came for too long".into()))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|e| Problem::Silent(e.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > max {
            return Err(too_large(max));
        }
        bytes.extend_from_slice(data);
    }
    Ok(Held { bytes, memory })
}

fn too_large(max: usize) -> Problem {
    Problem::TooLarge(format!("the body has more than {max} bytes; send it in parts"))
}
