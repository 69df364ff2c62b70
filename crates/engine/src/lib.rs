//! The store as a library: open it, append batches, ask queries, seal, verify. The one façade for embedding.

mod api;
mod ask;
mod config;
mod encoder;
mod engine;
mod explain;
mod fields;
mod follow;
mod info;
mod kind;
mod limits;
mod measures;
mod notes;
mod recompact;
mod repair;
mod resume;
mod service;
mod sides;
mod usage;
mod values;

pub use api::*;
pub use config::{EngineConfig, OpenOptions, StoreConfig};
pub use engine::{DEFAULT_STORE, Engine, OWN_STORE, check_store_name};
pub use gastrolog_chunk::{StoreMeasures, StoreStats};
pub use gastrolog_exec::CacheBytes;
pub use limits::QueryLimits;
pub use measures::{EngineMeasures, QueryMeasures, QueryOutcome};
pub use repair::{forget_losses, repair};
pub use service::{AnswerSink, Cancel, Service};
pub use usage::{FieldUsage, IndexUsage, StoreUsage};
