//! Shared by the benchmarks.

pub mod lines;

use gastrolog_index::Pipeline;

/// The standard pipeline, as the command line uses it.
pub fn pipeline() -> Pipeline {
    Pipeline::new(vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_syslog::Syslog),
        Box::new(gastrolog_indexer_apache::Apache),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ])
}
