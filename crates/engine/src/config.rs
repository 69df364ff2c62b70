//! How the stores are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use gastrolog_chunk::wal::Durability;
use gastrolog_chunk::{RecompactPolicy, Retention, SealPolicy, StoreOptions};
use gastrolog_env::Env;
use gastrolog_exec::CacheBytes;
use gastrolog_format::FooterBudget;
use gastrolog_index::Pipeline;

use crate::{Access, Location, QueryLimits};

/// A chunk whose file is smaller than this is not sealed because of its file.
const SMALL_CHUNK_BYTES: u64 = 64 << 20;

/// How one store is kept. Every default is meant to be left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// `None`: acknowledge after fsync. `Some(ms)`: sync this often, and acknowledge before.
    pub sync_interval_ms: Option<u64>,
    /// Bytes of text in a row group.
    pub row_group_bytes: u64,
    /// Seal a chunk at this many bytes of text.
    pub seal_bytes: u64,
    /// Seal a chunk this long after it was begun.
    pub seal_age_ms: Option<u64>,
    /// Seal a chunk at this many records.
    pub seal_records: Option<u64>,
    /// Remove sealed chunks whose newest record arrived longer ago.
    pub retention_age_ms: Option<u64>,
    /// Remove the oldest sealed chunks while all files together are larger.
    pub retention_bytes: Option<u64>,
    /// Bytes of the disk that are kept free, so that chunks can be removed though it is full.
    pub reserve_bytes: u64,
    /// The indexers that may lay out columns; `None`: all. What the others understand is kept as text: fields are
    /// found in it all the same, only slower.
    pub indexers: Option<Vec<String>>,
    /// Most distinct values of a field that the footer of a chunk keeps with their counts.
    pub footer_values: usize,
    /// Write sealed chunks anew, smaller, in the background, once their newest record arrived this long ago; `None`:
    /// only when asked.
    pub recompact_age_ms: Option<u64>,
    /// Bytes of text in a row group of a chunk that is written anew.
    pub recompact_row_group_bytes: u64,
    /// The zstd level of such a chunk.
    pub recompact_level: i32,
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        StoreConfig {
            sync_interval_ms: None,
            row_group_bytes: 8 << 20,
            seal_bytes: 512 << 20,
            seal_age_ms: None,
            seal_records: None,
            retention_age_ms: None,
            retention_bytes: None,
            reserve_bytes: 16 << 20,
            indexers: None,
            footer_values: 4096,
            recompact_age_ms: None,
            recompact_row_group_bytes: 32 << 20,
            recompact_level: 15,
        }
    }
}

impl StoreConfig {
    /// How the server's own log is kept: small. It is sealed early, because only what is sealed can be removed.
    pub fn own() -> StoreConfig {
        StoreConfig {
            row_group_bytes: 1 << 20,
            seal_bytes: 4 << 20,
            seal_age_ms: Some(24 * 3600 * 1000),
            retention_age_ms: Some(7 * 24 * 3600 * 1000),
            retention_bytes: Some(64 << 20),
            // The reserve is there so that retention goes on though the disk is full; others have one.
            reserve_bytes: 0,
            ..StoreConfig::default()
        }
    }

    /// Which chunks are written anew, and how; by hand all that are sealed.
    pub(crate) fn recompact_policy(&self, age_ms: Option<u64>) -> RecompactPolicy {
        RecompactPolicy {
            row_group_bytes: self.recompact_row_group_bytes,
            chunk_bytes: self.seal_bytes,
            age_ms,
        }
    }

    pub(crate) fn options(&self) -> StoreOptions {
        let default = StoreOptions::default();
        StoreOptions {
            durability: match self.sync_interval_ms {
                Some(interval_ms) => Durability::Interval { interval_ms },
                None => Durability::Fsync,
            },
            row_group_bytes: self.row_group_bytes,
            seal: SealPolicy {
                bytes: self.seal_bytes,
                age_ms: self.seal_age_ms,
                records: self.seal_records,
                // Attributes are no part of the text, and may be most of a chunk.
                file_bytes: Some(self.seal_bytes.max(SMALL_CHUNK_BYTES)),
            },
            retention: Retention { age_ms: self.retention_age_ms, bytes: self.retention_bytes },
            reserve_bytes: self.reserve_bytes,
            footer_budget: FooterBudget { values: self.footer_values, ..default.footer_budget },
            ..default
        }
    }
}

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Stores by name. Others are made with `default_store` when something is first stored in them.
    pub stores: BTreeMap<String, StoreConfig>,
    /// How stores that are not in `stores` are kept.
    pub default_store: StoreConfig,
    /// How the server's own log is kept.
    pub own_store: StoreConfig,
    /// Most bytes of what is kept for the next query.
    pub cache: CacheBytes,
    /// Threads that one query may use.
    pub query_threads: usize,
    /// What one query may take.
    pub query: QueryLimits,
    /// How often old chunks are looked for that should be written anew, in milliseconds.
    pub recompact_check_ms: u64,
}

impl Default for EngineConfig {
    fn default() -> EngineConfig {
        EngineConfig {
            stores: BTreeMap::new(),
            default_store: StoreConfig::default(),
            own_store: StoreConfig::own(),
            cache: CacheBytes { columns: 96 << 20, answers: 16 << 20, filters: 32 << 20 },
            query_threads: std::thread::available_parallelism().map_or(1, |n| n.get().min(8)),
            query: QueryLimits::default(),
            recompact_check_ms: 60_000,
        }
    }
}

/// Everything that opening an engine takes.
pub struct OpenOptions {
    /// Where the stores live.
    pub location: Location,
    /// Whether they may be changed.
    pub access: Access,
    /// How they are kept.
    pub config: EngineConfig,
    /// How records are understood; the same for writing and for reading.
    pub pipeline: Arc<Pipeline>,
    /// Disk, clock and randomness; [`Location::Memory`] wants [`Env::memory`].
    pub env: Env,
}
