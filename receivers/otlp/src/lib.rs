//! OTLP: log records over gRPC and HTTP, in protobuf and JSON, each stored as one JSON line that keeps everything.
//!
//! Requests are read field by field and never built in memory: one of empty records is two bytes for each, and would
//! become structs of a hundred times its size.
//!
//! **Invariant:** success means that every log record of the request is durable; any other answer that nothing of it
//! was acknowledged.

mod answer;
mod config;
mod draft;
mod gather;
mod grpc;
#[doc(hidden)]
pub mod hostile;
mod http;
mod ingest;
mod json;
mod protobuf;

pub use config::OtlpConfig;
pub use ingest::OtlpIngest;
