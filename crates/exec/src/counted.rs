//! What a row group keeps while it is read, and counts of what the cache had for it.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use gastrolog_chunk::{ReadError, RowGroup};

use crate::DecodeCounts;
use crate::cache::{Cache, Decoded, Part};

/// The cache as one row group sees it, with a count of what it had.
pub(crate) struct Counted<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) group: &'a RowGroup,
    pub(crate) counts: Cell<DecodeCounts>,
}

impl Counted<'_> {
    pub(crate) fn get(&self, part: Part) -> Option<Decoded> {
        let found = self.cache.get(self.group.id, part);
        let mut counts = self.counts.get();
        match found {
            Some(_) => counts.cache_hits += 1,
            None => counts.cache_misses += 1,
        }
        self.counts.set(counts);
        found
    }

    /// As `get`, but what is lacking is no miss: it may never be decoded.
    pub(crate) fn peek(&self, part: Part) -> Option<Decoded> {
        let found = self.cache.get(self.group.id, part)?;
        let mut counts = self.counts.get();
        counts.cache_hits += 1;
        self.counts.set(counts);
        Some(found)
    }

    pub(crate) fn put(&self, part: Part, value: Decoded) {
        let mut counts = self.counts.get();
        counts.bytes += value.bytes() as u64;
        self.counts.set(counts);
        self.cache.put(self.group.id, part, value);
    }
}

pub(crate) type Times = Arc<Vec<i64>>;

/// The times of the rows, once they were asked for.
#[derive(Default)]
pub(crate) struct KeptTimes {
    pub(crate) ingest: OnceCell<Times>,
    pub(crate) source: OnceCell<Times>,
    pub(crate) times: OnceCell<Times>,
}

/// The times, read when they are first asked for.
pub(crate) fn once(
    kept: &OnceCell<Times>,
    read: impl FnOnce() -> Result<Times, ReadError>,
) -> Result<Times, ReadError> {
    match kept.get() {
        Some(times) => Ok(times.clone()),
        None => {
            let times = read()?;
            Ok(kept.get_or_init(|| times).clone())
        }
    }
}
