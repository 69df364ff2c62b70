//! Filters of row groups in memory, while there is room: a search for a rare word asks that of every row group, and
//! reading a piece of each from its file takes longer than all else that is done for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use gastrolog_chunk::{ReadError, RowGroup};
use gastrolog_format::filter::LoadedFilter;
use parking_lot::Mutex;

/// A filter is read as a whole when it was asked this often. To be asked once or twice, pieces of it are
/// read: less than a tenth.
const ASKED_BEFORE: u8 = 2;

/// The filters of the chunks that were asked last.
pub(crate) struct Filters {
    kept: Mutex<Kept>,
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

#[derive(Default)]
struct Kept {
    /// By chunk, with when it was last asked.
    chunks: HashMap<u128, (u64, Arc<ChunkFilters>)>,
    /// Counts the requests.
    clock: u64,
}

impl Filters {
    /// None yet, and never more than so many bytes of them.
    pub(crate) fn new(bytes_max: usize) -> Filters {
        Filters { kept: Mutex::default(), bytes: Arc::default(), bytes_max }
    }

    /// Those of a chunk that has so many row groups.
    pub(crate) fn of(&self, chunk: u128, row_groups: usize) -> Arc<ChunkFilters> {
        let mut kept = self.kept.lock();
        kept.clock += 1;
        let now = kept.clock;
        if self.bytes.load(Ordering::Relaxed) > self.bytes_max / 8 * 7 {
            kept.shrink(self.bytes_max / 4 * 3);
        }
        let filters = match kept.chunks.get(&chunk).map(|(_, filters)| filters) {
            Some(known) if known.groups.len() >= row_groups => known.clone(),
            // The chunk grows.
            known => Arc::new(self.grown(known.map_or(&[][..], |known| &known.groups), row_groups)),
        };
        kept.chunks.insert(chunk, (now, filters.clone()));
        filters
    }

    fn grown(&self, known: &[Filter], row_groups: usize) -> ChunkFilters {
        let mut groups = known.to_vec();
        groups.resize_with(row_groups, Filter::default);
        // Those that are not loaded count too: chunks are removed, and nobody says so here.
        let own_bytes = groups.iter().map(|filter| size_of::<Filter>() + filter.memory_bytes()).sum();
        self.bytes.fetch_add(own_bytes, Ordering::Relaxed);
        let (all_bytes, bytes_max) = (self.bytes.clone(), self.bytes_max);
        ChunkFilters { groups, own_bytes: own_bytes.into(), all_bytes, bytes_max }
    }
}

impl Kept {
    /// Forgets every other chunk of those that were not asked for the longest, until about `target` bytes are left.
    /// Were it all of the oldest, who asks more chunks than there is room for would find nothing of them the next time.
    fn shrink(&mut self, target: usize) {
        let mut by_age: Vec<(u64, u128, usize)> =
            self.chunks.iter().map(|(id, (used, filters))| (*used, *id, filters.bytes())).collect();
        by_age.sort_unstable();
        let mut bytes: usize = by_age.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, id, freed) in by_age.into_iter().step_by(2) {
            if bytes <= target {
                break;
            }
            self.chunks.remove(&id);
            bytes -= freed;
        }
    }
}

/// The filters of one chunk, as far as they are in memory.
pub(crate) struct ChunkFilters {
    groups: Vec<Filter>,
    own_bytes: AtomicUsize,
    /// Of all chunks, those that are just being forgotten included.
    all_bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

impl Drop for ChunkFilters {
    fn drop(&mut self) {
        self.all_bytes.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}

impl ChunkFilters {
    /// Whether a word or value of this hash may be in a row group, with the bytes of its filter that were read to see
    /// that; `false` is certain. What is read beyond for questions to come is not counted: a query reads as much as
    /// `explain` said just before.
    pub(crate) fn may_contain(&self, group: &RowGroup, hash: u64) -> Result<(bool, u64), ReadError> {
        let Some(filter) = self.groups.get(group.id.ordinal as usize) else { return group.may_contain(hash) };
        if let Some(answer) = filter.answer(hash) {
            return Ok((answer, 0));
        }
        let often = filter.asked.load(Ordering::Relaxed) >= ASKED_BEFORE;
        let bytes = group.entry.filter_bytes as usize + self.all_bytes.load(Ordering::Relaxed);
        if often && bytes <= self.bytes_max {
            let loaded = self.load(filter, group)?;
            return Ok((loaded.as_ref().is_none_or(|f| f.may_contain(hash)), group.probe_bytes()));
        }
        filter.asked.store(filter.asked.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
        group.may_contain(hash)
    }

    fn load<'f>(
        &self,
        filter: &'f Filter,
        group: &RowGroup,
    ) -> Result<&'f Option<Arc<LoadedFilter>>, ReadError> {
        let loaded = group.load_filter()?.map(Arc::new);
        Ok(filter.loaded.get_or_init(|| {
            let bytes = loaded.as_ref().map_or(0, |filter| filter.memory_bytes());
            self.own_bytes.fetch_add(bytes, Ordering::Relaxed);
            self.all_bytes.fetch_add(bytes, Ordering::Relaxed);
            loaded
        }))
    }

    fn bytes(&self) -> usize {
        self.own_bytes.load(Ordering::Relaxed)
    }
}

/// The filter of one row group.
#[derive(Default)]
struct Filter {
    asked: AtomicU8,
    /// None where it would know nothing.
    loaded: OnceLock<Option<Arc<LoadedFilter>>>,
}

impl Clone for Filter {
    fn clone(&self) -> Filter {
        Filter { asked: self.asked.load(Ordering::Relaxed).into(), loaded: self.loaded.clone() }
    }
}

impl Filter {
    fn answer(&self, hash: u64) -> Option<bool> {
        Some(self.loaded.get()?.as_ref().is_none_or(|filter| filter.may_contain(hash)))
    }

    fn memory_bytes(&self) -> usize {
        self.loaded.get().and_then(Option::as_ref).map_or(0, |filter| filter.memory_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_that_are_not_asked_any_more_are_forgotten() {
        let filters = Filters::new(1 << 20);
        for chunk in 0..10_000 {
            filters.of(chunk, 100);
            // One that is asked all the time is known all the time.
            let often = filters.of(u128::MAX, 100);
            often.groups[7].asked.fetch_max(ASKED_BEFORE, Ordering::Relaxed);
        }
        assert!(filters.bytes.load(Ordering::Relaxed) <= 1 << 20);
        let known = filters.kept.lock().chunks.len();
        assert!((100..1000).contains(&known), "{known}");
        assert_eq!(filters.of(u128::MAX, 100).groups[7].asked.load(Ordering::Relaxed), ASKED_BEFORE);
    }
}
