//! Headers of row groups, kept while there is room: a store may have more row groups than memory has for their headers.
//!
//! Each row group has a slot for its own; the headers of all stores of a process share the room.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use gastrolog_format::row_group::{ColumnMeta, Header};
use parking_lot::Mutex;

/// Most bytes of headers that are kept: those of some 200 GB of text.
const HEADERS_BYTES_MAX: usize = 64 << 20;

/// The headers that are kept.
pub(crate) static HEADERS: Headers = Headers::new(HEADERS_BYTES_MAX);

/// Where a row group has its header, while it is kept.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    header: Mutex<Option<Arc<Header>>>,
    /// Where the body begins in the row group: known from when the header was read first.
    body: OnceLock<u64>,
    was_used: AtomicBool,
}

impl Slot {
    /// The header, if it is kept.
    pub(crate) fn get(&self) -> Option<Arc<Header>> {
        let header = self.header.lock().clone()?;
        self.was_used.store(true, Ordering::Relaxed);
        Some(header)
    }

    /// Where the body begins, if the header was ever read.
    pub(crate) fn body(&self) -> Option<u64> {
        self.body.get().copied()
    }

    pub(crate) fn let_go(&self) {
        *self.header.lock() = None;
    }
}

/// The slots that are full.
pub(crate) struct Headers {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Each with the bytes that it counts for; those filled last at the end.
    slots: VecDeque<(Weak<Slot>, usize)>,
    bytes: usize,
}

impl Headers {
    const fn new(bytes_max: usize) -> Headers {
        Headers { bytes_max, kept: Mutex::new(Kept { slots: VecDeque::new(), bytes: 0 }) }
    }

    /// Keeps the header of a slot, and where the body begins; lets go of others where there are too many.
    pub(crate) fn keep(&self, slot: &Arc<Slot>, header: &Arc<Header>, body: u64) {
        slot.body.get_or_init(|| body);
        if slot.header.lock().replace(header.clone()).is_some() {
            // Another thread read it as well, and counted it.
            return;
        }
        let bytes = memory_bytes(header);
        let mut kept = self.kept.lock();
        kept.slots.push_back((Arc::downgrade(slot), bytes));
        kept.bytes += bytes;
        if kept.bytes > self.bytes_max {
            kept.shrink(self.bytes_max / 4 * 3);
        }
    }
}

impl Kept {
    /// Lets go of headers until no more than `target` bytes are left: oldest first, but not of those that were used
    /// since it was last their turn.
    fn shrink(&mut self, target: usize) {
        // In its second turn a header is not used, but where it is in use at this moment.
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

/// Bytes of memory that a header takes, about.
fn memory_bytes(header: &Header) -> usize {
    let names = header.columns.iter().map(|c| c.key.name.capacity()).sum::<usize>();
    let composites = header.composites.iter().map(|c| size_of::<String>() + c.capacity()).sum::<usize>();
    let columns = header.columns.capacity() * size_of::<ColumnMeta>();
    size_of::<Header>() + size_of::<Slot>() + columns + names + composites
}

#[cfg(test)]
mod tests {
    use gastrolog_format::row_group::{Section, TimeSpan};
    use gastrolog_format::words::TypedWords;

    use super::*;

    /// A header that says how many rows there are, with a name of 10,000 bytes.
    fn header(rows: u32) -> Arc<Header> {
        let none = TimeSpan::of(std::iter::empty());
        let section = Section::default();
        Arc::new(Header {
            first_seq: 0,
            rows,
            unparsed_rows: 0,
            raw_bytes: 0,
            time: none,
            ingest_time: none,
            typed: TypedWords::default(),
            composites: vec!["c".repeat(10_000)],
            shapes: section,
            shape_ids: section,
            ingest: section,
            source: section,
            filter: section,
            columns: Vec::new(),
        })
    }

    fn slots(n: usize) -> Vec<Arc<Slot>> {
        std::iter::repeat_with(Arc::default).take(n).collect()
    }

    /// Asks for the headers of all slots one after the other; how many were kept.
    fn ask(headers: &Headers, slots: &[Arc<Slot>]) -> usize {
        let mut found = 0;
        for (slot, rows) in slots.iter().zip(0..) {
            match slot.get() {
                Some(header) => {
                    assert_eq!(header.rows, rows);
                    found += 1;
                }
                None => headers.keep(slot, &header(rows), 0),
            }
            let kept = slots.iter().filter(|s| s.header.lock().is_some()).count();
            assert!(kept <= 50, "{kept} of some 10 KB each where there is room for 512 KB");
        }
        found
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let headers = Headers::new(512_000);
        let few = slots(40);
        ask(&headers, &few);
        assert_eq!(ask(&headers, &few), 40);
        drop(few);
        for _ in 0..3 {
            ask(&headers, &slots(100));
        }
    }

    #[test]
    fn what_is_used_stays() {
        let headers = Headers::new(512_000);
        let (often, once) = (slots(10), slots(1000));
        ask(&headers, &often);
        for chunk in once.chunks(10) {
            ask(&headers, chunk);
            assert_eq!(ask(&headers, &often), 10);
        }
    }

    #[test]
    fn what_is_gone_counts_for_nothing_and_one_that_is_too_large_is_not_kept() {
        let headers = Headers::new(512_000);
        for _ in 0..100 {
            ask(&headers, &slots(20));
        }
        assert!(headers.kept.lock().bytes <= 512_000 && headers.kept.lock().slots.len() <= 51);
        let small = Headers::new(5_000);
        let slot = Arc::<Slot>::default();
        small.keep(&slot, &header(1), 0);
        assert!(slot.get().is_none() && small.kept.lock().bytes == 0);
    }

    #[test]
    fn two_threads_that_read_the_same_count_it_once() {
        let headers = Headers::new(512_000);
        let slot = Arc::<Slot>::default();
        headers.keep(&slot, &header(1), 0);
        let bytes = headers.kept.lock().bytes;
        headers.keep(&slot, &header(1), 0);
        assert_eq!(headers.kept.lock().bytes, bytes);
    }
}
