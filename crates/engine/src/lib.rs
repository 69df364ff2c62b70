//! The store as a library: open it, append batches, ask queries, seal, verify. The one façade for embedding.

mod api;
mod service;

pub use api::*;
pub use service::{AnswerSink, Cancel, Service};
