//! The memory that bodies and frames of all connections share.

use std::sync::Arc;
use std::time::{Duration, Instant};

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

    /// Waits until `bytes` are free. More than there is in all counts as all there is.
    pub async fn acquire(&self, bytes: usize) -> Result<Held, OutOfMemory> {
        let wanted = pages(bytes).min(self.pages_total);
        let permit = self.pages.clone().acquire_many_owned(wanted);
        match tokio::time::timeout(self.wait, permit).await {
            Ok(Ok(permit)) => Ok(Held { permit }),
            Ok(Err(_)) | Err(_) => Err(OutOfMemory),
        }
    }

    /// Waits until `held` can be of `bytes` in all; what it has it keeps meanwhile.
    pub async fn grow(&self, held: &mut Held, bytes: usize) -> Result<(), OutOfMemory> {
        let wanted = pages(bytes).min(self.pages_total) as usize;
        let missing = wanted.saturating_sub(held.permit.num_permits());
        held.permit.merge(self.acquire(missing * PAGE_BYTES).await?.permit);
        Ok(())
    }
}

fn pages(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(u32::MAX >> 4).min(u32::MAX >> 4)
}

/// A connection may buffer this much without asking: most messages are shorter, so most connections never ask.
const FREE_BYTES: usize = 4 << 10;
/// A connection that has asked must end its message within this time, so that slow senders cannot keep memory from
/// others.
const LARGE_TIME: Duration = Duration::from_secs(60);

/// What one connection takes of a [`Memory`] while it waits for the rest of a long message.
#[derive(Debug)]
pub struct FrameMemory {
    memory: Memory,
    bytes_max: usize,
    held: Option<Held>,
    /// What was buffered when it was last asked; less is a message that came to its end.
    buffered: usize,
    since: Instant,
}

impl FrameMemory {
    /// For a connection whose buffer grows to `bytes_max`.
    pub fn new(memory: &Memory, bytes_max: usize) -> FrameMemory {
        FrameMemory { memory: memory.clone(), bytes_max, held: None, buffered: 0, since: Instant::now() }
    }

    /// To be called before each read, with what is buffered; waits while others hold too much. The connection is to
    /// be closed when that takes too long.
    pub async fn make_room(&mut self, buffered: usize) -> Result<(), OutOfMemory> {
        if buffered < self.buffered || self.held.is_none() {
            self.since = Instant::now();
        }
        self.buffered = buffered;
        if buffered <= FREE_BYTES {
            self.held = None;
        } else if self.held.is_none() {
            self.held = Some(self.memory.acquire(self.bytes_max).await?);
        }
        Ok(())
    }

    /// How long the connection may be silent now.
    pub fn idle(&self, idle: Duration) -> Duration {
        match self.held {
            Some(_) => idle.min(LARGE_TIME.saturating_sub(self.since.elapsed())),
            None => idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_buffers_much_waits_for_others_and_gives_it_back() {
        let memory = Memory::new(100 << 10, Duration::from_millis(20));
        let mut first = FrameMemory::new(&memory, 60 << 10);
        let mut second = FrameMemory::new(&memory, 60 << 10);
        let long = Duration::from_secs(3600);
        first.make_room(4 << 10).await.unwrap();
        assert_eq!(first.idle(long), long);
        first.make_room(20 << 10).await.unwrap();
        assert!(first.idle(long) <= LARGE_TIME);
        second.make_room(1 << 10).await.unwrap();
        assert_eq!(second.make_room(20 << 10).await, Err(OutOfMemory));
        first.make_room(0).await.unwrap();
        second.make_room(20 << 10).await.unwrap();
        // More than there is counts as all there is.
        drop(second);
        assert!(memory.acquire(1 << 30).await.is_ok());
    }
}
