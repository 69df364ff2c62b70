//! Loki's push API: lines with labels, in snappy protobuf or JSON. A line is a record, labels are its attributes.
//!
//! **Invariant:** 204 means that every line of the request is durable; any other answer that nothing of it was
//! acknowledged.

mod config;
mod gather;
#[doc(hidden)]
pub mod hostile;
mod ingest;
mod json;
mod labels;
mod protobuf;

pub use config::LokiConfig;
pub use ingest::LokiIngest;
