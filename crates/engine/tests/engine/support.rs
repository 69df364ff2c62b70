//! Stores in memory for tests, with the standard indexers.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use gastrolog_engine::{
    Access, Answer, Cancel, Engine, EngineConfig, Location, OpenOptions, QueryRequest, Service, StoreConfig,
};
use gastrolog_env::Env;
use gastrolog_index::Pipeline;

/// The standard pipeline, in the order of the command line.
pub(crate) fn pipeline() -> Arc<Pipeline> {
    Arc::new(Pipeline::new(vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_syslog::Syslog),
        Box::new(gastrolog_indexer_apache::Apache),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ]))
}

/// An engine in memory whose stores are kept as `store` says.
pub(crate) fn memory_engine(store: StoreConfig) -> Arc<Engine> {
    let config = EngineConfig { default_store: store, query_threads: 2, ..EngineConfig::default() };
    Engine::open(OpenOptions {
        location: Location::Memory,
        access: Access::ReadWrite,
        config,
        pipeline: pipeline(),
        env: Env::memory(),
    })
    .unwrap()
}

/// The whole answer of a query.
pub(crate) fn ask(engine: &Engine, request: &QueryRequest) -> Vec<Answer> {
    let mut answers = Vec::new();
    let end = engine.query(request, &Cancel::default(), &mut |answer| {
        answers.push(answer);
        true
    });
    let end = end.unwrap_or_else(|e| panic!("{}: {e}", request.query));
    assert!(end.damage.is_empty(), "{:?}", end.damage);
    answers
}
