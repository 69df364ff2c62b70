//! The memory that bodies and frames of all connections share.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in these.
const PAGE_BYTES: usize = 4 << 10;

/// A budget of bytes. Who wants more than is left waits.
#[derive(Clone, Debug)]
pub struct Memory {
    pages: Arc<Semaphore>,
    pages_total: u32,
    wait: Duration,
}

/// Bytes of a [`Memory`]; given back when dropped.
#[derive(Debug)]
pub struct Held {
    permit: OwnedSemaphorePermit,
}

/// No memory came free in time: tell the sender to wait and try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much at once; try again")]
pub struct OutOfMemory;

impl Memory {
    /// `bytes` in all; [`Memory::acquire`] waits up to `wait`.
    pub fn new(bytes: usize, wait: Duration) -> Memory {
        let pages_total = pages(bytes).max(1);
        Memory { pages: Arc::new(Semaphore::new(pages_total as usize)), pages_total, wait }
    }

    /// Nothing yet, to grow.
    pub fn nothing(&self) -> Result<Held, OutOfMemory> {
        let permit = self.pages.clone().try_acquire_many_owned(0).map_err(|_| OutOfMemory)?;
        Ok(Held { permit })
    }

    /// Waits until `held` may be `bytes` in all.
    pub async fn grow(&self, held: &mut Held, bytes: usize) -> Result<(), OutOfMemory> {
        let more = bytes.saturating_sub(held.permit.num_permits() * PAGE_BYTES);
        held.permit.merge(self.acquire(more).await?.permit);
        Ok(())
    }

    /// Waits until `bytes` are free. More than there is in all counts as all there is.
    pub async fn acquire(&self, bytes: usize) -> Result<Held, OutOfMemory> {
        let wanted = pages(bytes).min(self.pages_total);
        let permit = self.pages.clone().acquire_many_owned(wanted);
        match tokio::time::timeout(self.wait, permit).await {
            Ok(Ok(permit)) => Ok(Held { permit }),
            Ok(Err(_)) | Err(_) => Err(OutOfMemory),
        }
    }
}

fn pages(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(u32::MAX >> 4).min(u32::MAX >> 4)
}
