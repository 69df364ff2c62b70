//! `POST /ingest`: records over HTTP, acknowledged after they are durable.
//!
//! **Invariant:** an answer of 200 says how many records are durable and names every line that is not. Any other
//! answer means that nothing of the request was stored.

mod answer;
mod attributes;
mod config;
mod handler;
#[doc(hidden)]
pub mod hostile;
mod records;
mod serve;

pub use config::{HttpConfig, SinkResolver};
pub use handler::HttpIngest;
pub use serve::HttpReceiver;
