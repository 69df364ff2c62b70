//! What all containers hold back of lines that are not whole yet: together no more than a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Beyond it the line at hand is stored as far as it came. Each may have 1 MiB, and there may be a thousand containers.
pub(crate) const HELD_BYTES_MAX: usize = if cfg!(test) { 40_000 } else { 64 << 20 };

/// Bytes that are held, by all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// What one line has of it; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// A share of nothing.
    pub(crate) fn share(&self) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }

    /// Whether more is held than may be.
    pub(crate) fn is_over(&self) -> bool {
        self.bytes() > HELD_BYTES_MAX
    }

    /// What is held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Holds so many bytes more.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
