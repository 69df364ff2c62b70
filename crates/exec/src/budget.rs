//! What a query may hold in memory and read from disk, counted by all of its parts and threads together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{ExecError, Limit};

/// One counter for all that a query holds (rows to sort, groups, tables to look in …) and one for what it reads. Clones
/// share their counters: subqueries and threads get a clone.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    memory_bytes_max: u64,
    read_bytes_max: u64,
    held_bytes: AtomicU64,
    read_bytes: AtomicU64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget::new(u64::MAX, u64::MAX)
    }
}

impl Budget {
    /// A budget of memory and of bytes to be read from disk.
    pub fn new(memory_bytes_max: u64, read_bytes_max: u64) -> Budget {
        let (held_bytes, read_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Budget(Arc::new(Counters { memory_bytes_max, read_bytes_max, held_bytes, read_bytes }))
    }

    /// Counts `bytes` more as held. Call it before or soon after they are allocated, with a fair estimate.
    ///
    /// # Errors
    /// [`ExecError::Limit`] when the query holds more than it may; they are counted all the same.
    pub fn hold(&self, bytes: u64) -> Result<(), ExecError> {
        let before = self.0.held_bytes.fetch_add(bytes, Relaxed);
        if before.saturating_add(bytes) <= self.0.memory_bytes_max {
            return Ok(());
        }
        Err(ExecError::limit(Limit::Memory { bytes_max: self.0.memory_bytes_max }))
    }

    /// Counts `bytes` as no longer held.
    pub fn release(&self, bytes: u64) {
        let _ = self.0.held_bytes.fetch_update(Relaxed, Relaxed, |held| Some(held.saturating_sub(bytes)));
    }

    /// Bytes that it may hold.
    pub fn memory_bytes_max(&self) -> u64 {
        self.0.memory_bytes_max
    }

    /// Bytes held now.
    pub fn held_bytes(&self) -> u64 {
        self.0.held_bytes.load(Relaxed)
    }

    /// Counts `bytes` as read from disk.
    pub fn read(&self, bytes: u64) {
        self.0.read_bytes.fetch_add(bytes, Relaxed);
    }

    /// Fails once more was read than may be.
    ///
    /// # Errors
    /// [`ExecError::Limit`].
    pub fn check_read(&self) -> Result<(), ExecError> {
        if self.read_bytes() <= self.0.read_bytes_max {
            return Ok(());
        }
        Err(ExecError::limit(Limit::Read { bytes_max: self.0.read_bytes_max }))
    }

    /// Bytes read from disk so far.
    pub fn read_bytes(&self) -> u64 {
        self.0.read_bytes.load(Relaxed)
    }
}

/// About what a value takes in memory.
pub fn value_bytes(value: &crate::Value) -> u64 {
    let text = if let crate::Value::Text(text) = value { text.len() } else { 0 };
    (size_of::<crate::Value>() + text) as u64
}

/// About what a record with its fields takes in memory.
pub fn record_bytes(found: &crate::FoundRecord) -> u64 {
    let fields: usize = found.fields.iter().map(|(n, v)| n.len() + v.len() + 48).sum();
    let computed: u64 = found.computed.iter().map(|(n, v)| n.len() as u64 + 24 + value_bytes(v)).sum();
    // Attributes are shared between neighbours.
    (size_of::<crate::FoundRecord>() + found.record.text.len() + fields) as u64 + computed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_they_hold_and_read() {
        let budget = Budget::new(100, 50);
        let clone = budget.clone();
        assert!(budget.hold(60).is_ok() && clone.hold(40).is_ok());
        let refused = clone.hold(1).unwrap_err();
        assert!(matches!(refused, ExecError::Limit { limit: Limit::Memory { bytes_max: 100 }, .. }));
        budget.release(61);
        assert_eq!(clone.held_bytes(), 40);
        budget.release(1000);
        assert_eq!(clone.held_bytes(), 0);
        clone.read(50);
        assert!(budget.check_read().is_ok());
        clone.read(1);
        assert!(budget.check_read().is_err());
        assert!(Budget::default().hold(1 << 60).is_ok());
    }
}
