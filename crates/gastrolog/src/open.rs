//! Opens the stores in this process, with the standard indexers.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_engine::{
    Access, CacheBytes, Engine, EngineConfig, EngineError, Location, OpenOptions, Service,
};
use gastrolog_env::Env;
use gastrolog_index::Pipeline;

use crate::serve::config::{Config, Durability, ErrorsConfig, Recompact, StoreConfig};

/// Opens the stores at `location` with the policies of `config`.
pub(crate) fn open(
    location: Location,
    access: Access,
    config: &Config,
) -> Result<Arc<dyn Service>, EngineError> {
    let env = match location {
        Location::Dir(_) => Env::real(),
        Location::Memory => Env::memory(),
    };
    let stores = config.stores.iter().map(|(name, store)| (name.clone(), policies(store))).collect();
    let default_store = policies(&StoreConfig::default());
    let default = EngineConfig::default();
    let of =
        |bytes: Option<u64>, default| bytes.map_or(default, |b| usize::try_from(b).unwrap_or(usize::MAX));
    let config = EngineConfig {
        stores,
        default_store,
        own_store: own_store(&config.errors),
        query: config.query.limits(),
        cache: CacheBytes {
            columns: of(config.cache.columns, default.cache.columns),
            answers: of(config.cache.answers, default.cache.answers),
            filters: of(config.cache.filters, default.cache.filters),
        },
        ..default
    };
    let pipeline = Arc::new(pipeline());
    Ok(Engine::open(OpenOptions { location, access, config, pipeline, env })?)
}

/// The standard indexers. Their order is part of what a record means: the first that understands it names its
/// fields.
pub(crate) fn pipeline() -> Pipeline {
    Pipeline::new(vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_syslog::Syslog),
        Box::new(gastrolog_indexer_apache::Apache),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ])
}

/// The server's own log. Sealed in eighths of what it may be, because only what is sealed can be removed.
fn own_store(errors: &ErrorsConfig) -> gastrolog_engine::StoreConfig {
    let own = gastrolog_engine::StoreConfig::own();
    let age_ms = errors.retention_age.map(|span| span.as_millis() as u64).or(own.retention_age_ms);
    let bytes = errors.retention_bytes.or(own.retention_bytes);
    gastrolog_engine::StoreConfig {
        seal_bytes: own.seal_bytes.min(bytes.map_or(u64::MAX, |bytes| bytes / 8)).max(64 << 10),
        seal_age_ms: own.seal_age_ms.min(age_ms.map(|ms| ms / 7).or(own.seal_age_ms)),
        retention_age_ms: age_ms,
        retention_bytes: bytes,
        ..own
    }
}

/// What the file says, the engine's defaults for the rest.
fn policies(store: &StoreConfig) -> gastrolog_engine::StoreConfig {
    let default = gastrolog_engine::StoreConfig::default();
    let ms = |span: Duration| span.as_millis() as u64;
    gastrolog_engine::StoreConfig {
        sync_interval_ms: match store.durability {
            Some(Durability::Interval(span)) => Some(ms(span)),
            Some(Durability::Fsync) | None => None,
        },
        seal_bytes: store.seal_bytes.unwrap_or(default.seal_bytes),
        seal_age_ms: store.seal_age.map(ms),
        retention_age_ms: store.retention_age.map(ms),
        retention_bytes: store.retention_bytes,
        reserve_bytes: store.reserve.unwrap_or(default.reserve_bytes),
        recompact_age_ms: match store.recompact {
            // Not unless asked for: it makes chunks smaller, but a needle in them dearer.
            None | Some(Recompact::Never) => None,
            Some(Recompact::After(age)) => Some(ms(age)),
        },
        indexers: store.indexers.clone(),
        footer_values: store.footer_values.unwrap_or(default.footer_values),
        ..default
    }
}
