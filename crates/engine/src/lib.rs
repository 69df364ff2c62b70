//! The store as a library: open it, append batches, ask queries, seal, verify. The one façade for embedding.

mod api;
mod ask;
mod config;
mod earlier;
mod encoder;
mod engine;
mod explain;
mod info;
mod service;

pub use api::*;
pub use config::{EngineConfig, OpenOptions, StoreConfig};
pub use engine::{DEFAULT_STORE, Engine};
pub use service::{AnswerSink, Cancel, Service};
