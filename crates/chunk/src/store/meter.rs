//! What a store measures while it works.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gastrolog_types::{Histogram, HistogramCounts};

use super::{Store, StoreStats};
use crate::wal::DAMAGED;

/// Counted since the store was opened, by whoever does the work.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// From handing over a batch until it is durable.
    pub(super) append: Histogram,
    pub(super) chunk_sync: Histogram,
    pub(super) build: Histogram,
    pub(super) seal: Histogram,
    pub(super) records: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) compactions: AtomicU64,
}

/// What there is to measure of a store at one moment. Counts and times are since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreMeasures {
    /// What it takes and holds.
    pub stats: StoreStats,
    /// Records appended that are durable.
    pub appended_records: u64,
    /// Bytes of their text.
    pub appended_bytes: u64,
    /// From handing over a batch until it is durable.
    pub append: HistogramCounts,
    /// Syncs of the log.
    pub log_sync: HistogramCounts,
    /// Syncs of the chunk that grows.
    pub chunk_sync: HistogramCounts,
    /// Making row groups: indexing and encoding.
    pub build: HistogramCounts,
    /// Sealing chunks.
    pub seal: HistogramCounts,
    /// How often a chunk took the place of others, written anew.
    pub compactions: u64,
    /// Bytes of the chunk that grows.
    pub active_bytes: u64,
    /// Bytes of sealed chunks.
    pub sealed_bytes: u64,
    /// Copies of damaged files that lie beside the store's own.
    pub damaged_files: u64,
    /// Damage that was found when it was opened.
    pub damage: u64,
    /// Bytes that may still be written to its disk, where that is known.
    pub disk_free_bytes: Option<u64>,
    /// Bytes of the disk that are kept free.
    pub reserve_bytes: u64,
}

impl Meter {
    pub(super) fn appended(&self, records: u64, text_bytes: u64, took_ns: u64) {
        self.append.note_ns(took_ns);
        self.records.fetch_add(records, Relaxed);
        self.bytes.fetch_add(text_bytes, Relaxed);
    }
}

impl Store {
    /// What it measures. Lists its directories, so not for every record.
    pub fn measures(&self) -> StoreMeasures {
        let shared = &self.shared;
        let meter = &shared.meter;
        let mut measures = StoreMeasures {
            stats: self.stats(),
            appended_records: meter.records.load(Relaxed),
            appended_bytes: meter.bytes.load(Relaxed),
            append: meter.append.read(),
            log_sync: shared.wal.sync_times().read(),
            chunk_sync: meter.chunk_sync.read(),
            build: meter.build.read(),
            seal: meter.seal.read(),
            compactions: meter.compactions.load(Relaxed),
            damaged_files: self.damaged_files(),
            damage: self.report().all_damage().len() as u64,
            disk_free_bytes: shared.env.fs.free_bytes(&shared.dir).ok().flatten(),
            reserve_bytes: shared.options.reserve_bytes,
            ..StoreMeasures::default()
        };
        for chunk in self.snapshot().chunks {
            let bytes = if chunk.sealed { &mut measures.sealed_bytes } else { &mut measures.active_bytes };
            *bytes += chunk.summary.file_bytes;
        }
        measures
    }

    fn damaged_files(&self) -> u64 {
        let dirs = [self.shared.chunks_dir(), self.shared.dir.join("wal"), self.shared.dir.clone()];
        let entries = dirs.iter().filter_map(|dir| self.shared.env.fs.list(dir).ok()).flatten();
        let is_damaged = |name: &std::ffi::OsString| {
            std::path::Path::new(name).extension().is_some_and(|ending| ending == DAMAGED)
        };
        entries.filter(|entry| is_damaged(&entry.name)).count() as u64
    }
}
