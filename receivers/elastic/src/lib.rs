//! Elasticsearch's bulk API: documents, each a record as it stands. What clients ask before they send is answered too.
//!
//! **Invariant:** an answer of 200 says of each document whether it is durable. When the store is away the whole
//! request is refused with 429: clients count all of an answer with 200 as delivered.

mod answer;
mod bulk;
mod config;
#[doc(hidden)]
pub mod hostile;
mod ingest;
mod stubs;

pub use config::ElasticConfig;
pub use ingest::ElasticIngest;
