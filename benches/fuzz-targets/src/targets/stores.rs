//! Small stores in memory.

use std::sync::{Arc, OnceLock};

use gastrolog_engine::{
    Access, CacheBytes, Engine, EngineConfig, Location, OpenOptions, QueryLimits, StoreConfig,
};
use gastrolog_env::{Env, MemFs};
use gastrolog_index::Pipeline;

use super::files::{env, files_below};
use super::indexers::pipeline;

/// Bytes that a query may hold.
const QUERY_BYTES_MAX: u64 = 64 << 20;

/// A catalog as a file of a store.
pub(crate) fn catalog(bytes: Vec<u8>) -> (String, Vec<u8>) {
    ("catalog".into(), bytes)
}

fn config(default_store: StoreConfig) -> EngineConfig {
    let query =
        QueryLimits { timeout_ms: Some(2000), memory_bytes: QUERY_BYTES_MAX, ..QueryLimits::default() };
    let cache = CacheBytes { columns: 1 << 20, ..EngineConfig::default().cache };
    EngineConfig { default_store, query, query_threads: 1, cache, ..EngineConfig::default() }
}

fn open(access: Access, config: EngineConfig, env: Env) -> Option<Arc<Engine>> {
    static PIPELINE: OnceLock<Arc<Pipeline>> = OnceLock::new();
    let pipeline = PIPELINE.get_or_init(|| Arc::new(pipeline())).clone();
    Engine::open(OpenOptions { location: Location::Memory, access, config, pipeline, env }).ok()
}

/// An empty store to write to.
///
/// # Panics
/// When there is none to be had.
pub(crate) fn memory_engine(store: StoreConfig) -> Arc<Engine> {
    let engine = open(Access::ReadWrite, config(store), env(MemFs::new()));
    let Some(engine) = engine else { panic!("a store in memory cannot be opened") };
    engine
}

/// The store whose files these are, for reading; nothing when it cannot be opened, which is no fault.
pub(crate) fn open_files(files: &[(String, Vec<u8>)]) -> Option<Arc<Engine>> {
    let fs = files_below("/stores/default", files)?;
    open(Access::ReadOnly, config(StoreConfig::default()), env(fs))
}
