//! What was read of files and is kept while there is room: headers of row groups and footers of chunks. A store may have
//! more of them than memory has room for.
//!
//! Each row group and chunk has a slot for its own; those of all stores of a process share the room.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use gastrolog_format::row_group::{ColumnMeta, Header};
use gastrolog_format::{FieldStats, Footer, RowGroupEntry};
use parking_lot::Mutex;

use crate::row_group::Opened;

/// Tests have little, and want much of it read again.
const SHARE: usize = if cfg!(debug_assertions) { 1 << 12 } else { 1 };

/// Most bytes of headers that are kept: those of some 200 GB of text.
const HEADERS_BYTES_MAX: usize = (64 << 20) / SHARE;

/// Most bytes of footers that are kept: those of some terabyte of text.
const FOOTERS_BYTES_MAX: usize = (128 << 20) / SHARE;

/// The headers that are kept.
pub(crate) static HEADERS: Pool<Opened> = Pool::new(HEADERS_BYTES_MAX);

/// The footers that are kept.
pub(crate) static FOOTERS: Pool<Arc<Footer>> = Pool::new(FOOTERS_BYTES_MAX);

/// Where what was read is, while it is kept.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    value: Mutex<Option<T>>,
    was_used: AtomicBool,
}

impl<T> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot { value: Mutex::new(None), was_used: AtomicBool::new(false) }
    }
}

impl<T: Clone> Slot<T> {
    /// What was read, if it is kept.
    pub(crate) fn get(&self) -> Option<T> {
        let value = self.value.lock().clone()?;
        self.was_used.store(true, Ordering::Relaxed);
        Some(value)
    }

    pub(crate) fn let_go(&self) {
        *self.value.lock() = None;
    }
}

/// The slots that are full.
pub(crate) struct Pool<T> {
    bytes_max: usize,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    /// Each with the bytes that it counts for; those filled last at the end.
    slots: VecDeque<(Weak<Slot<T>>, usize)>,
    bytes: usize,
}

impl<T: Clone> Pool<T> {
    const fn new(bytes_max: usize) -> Pool<T> {
        Pool { bytes_max, kept: Mutex::new(Kept { slots: VecDeque::new(), bytes: 0 }) }
    }

    /// Keeps a value that takes `bytes` of memory, and lets go of others where there are too many.
    pub(crate) fn keep(&self, slot: &Arc<Slot<T>>, value: T, bytes: usize) {
        if slot.value.lock().replace(value).is_some() {
            // Another thread read it as well, and counted it.
            return;
        }
        let bytes = bytes + size_of::<Slot<T>>();
        let mut kept = self.kept.lock();
        kept.slots.push_back((Arc::downgrade(slot), bytes));
        kept.bytes += bytes;
        if kept.bytes > self.bytes_max {
            kept.shrink(self.bytes_max / 4 * 3);
        }
    }
}

impl<T: Clone> Kept<T> {
    /// Lets go of values until no more than `target` bytes are left: oldest first, but not of those that were used
    /// since it was last their turn.
    fn shrink(&mut self, target: usize) {
        // In its second turn a value is not used, but where it is in use at this moment.
        for _ in 0..self.slots.len() * 2 {
            if self.bytes <= target {
                return;
            }
            let Some((weak, bytes)) = self.slots.pop_front() else { return };
            let slot = weak.upgrade();
            if slot.as_ref().is_some_and(|s| s.was_used.swap(false, Ordering::Relaxed)) {
                self.slots.push_back((weak, bytes));
                continue;
            }
            self.bytes -= bytes;
            if let Some(slot) = slot {
                slot.let_go();
            }
        }
    }
}

/// Of an allocation.
const OVERHEAD_BYTES: usize = 16;

/// Bytes of memory that a header takes, about.
pub(crate) fn header_bytes(header: &Header) -> usize {
    let names = header.columns.iter().map(|c| c.key.name.capacity() + OVERHEAD_BYTES).sum::<usize>();
    let composites = header.composites.iter().map(|c| size_of::<String>() + c.capacity()).sum::<usize>();
    let columns = header.columns.capacity() * size_of::<ColumnMeta>();
    size_of::<Header>() + columns + names + composites
}

/// Bytes of memory that a footer takes, about.
pub(crate) fn footer_bytes(footer: &Footer) -> usize {
    let value = |(value, _): &(Vec<u8>, u64)| {
        size_of::<(Vec<u8>, u64)>() + value.capacity().next_multiple_of(OVERHEAD_BYTES) + OVERHEAD_BYTES
    };
    let field = |(name, stats): (&String, &FieldStats)| {
        let values = stats.counts.iter().flatten().map(value).sum::<usize>();
        size_of::<(String, FieldStats)>() + name.capacity() + 2 * OVERHEAD_BYTES + values
    };
    footer.row_groups.capacity() * size_of::<RowGroupEntry>() + footer.fields.iter().map(field).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room for fifty values of 10,000 bytes.
    fn pool() -> Pool<usize> {
        Pool::new(512_000)
    }

    fn slots(n: usize) -> Vec<Arc<Slot<usize>>> {
        std::iter::repeat_with(Arc::default).take(n).collect()
    }

    /// Asks all slots one after the other for their number; how many had it.
    fn ask(pool: &Pool<usize>, slots: &[Arc<Slot<usize>>]) -> usize {
        let mut found = 0;
        for (number, slot) in slots.iter().enumerate() {
            match slot.get() {
                Some(value) => {
                    assert_eq!(value, number);
                    found += 1;
                }
                None => pool.keep(slot, number, 10_000),
            }
            assert!(slots.iter().filter(|s| s.value.lock().is_some()).count() <= 51);
        }
        found
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let pool = pool();
        let few = slots(40);
        ask(&pool, &few);
        assert_eq!(ask(&pool, &few), 40);
        drop(few);
        for _ in 0..3 {
            ask(&pool, &slots(100));
        }
    }

    #[test]
    fn what_is_used_stays() {
        let pool = pool();
        let (often, once) = (slots(10), slots(1000));
        ask(&pool, &often);
        for chunk in once.chunks(10) {
            ask(&pool, chunk);
            assert_eq!(ask(&pool, &often), 10);
        }
    }

    #[test]
    fn what_is_gone_counts_for_nothing_and_what_is_too_large_is_not_kept() {
        let large = pool();
        for _ in 0..100 {
            ask(&large, &slots(20));
        }
        assert!(large.kept.lock().bytes <= 512_000 && large.kept.lock().slots.len() <= 51);
        let small = Pool::new(5_000);
        let slot = Arc::<Slot<usize>>::default();
        small.keep(&slot, 1, 10_000);
        assert!(slot.get().is_none() && small.kept.lock().bytes == 0);
    }

    #[test]
    fn what_two_threads_read_counts_once() {
        let pool = pool();
        let slot = Arc::default();
        pool.keep(&slot, 1, 10_000);
        let bytes = pool.kept.lock().bytes;
        pool.keep(&slot, 1, 10_000);
        assert_eq!(pool.kept.lock().bytes, bytes);
    }
}
