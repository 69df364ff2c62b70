//! The sink as a whole, against models.

mod processing;
mod redaction;
mod routing;
mod tail;

use std::sync::Arc;

use gastrolog_index::Pipeline;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{DropReason, Routes, Sink};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::{Process, ProcessConfig, ProcessSink, Rest, Router, RuleConfig};

/// JSON, logfmt, key=value.
pub(crate) fn pipeline() -> Arc<Pipeline> {
    Arc::new(Pipeline::new(vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
    ]))
}

pub(crate) fn process(config: &ProcessConfig) -> Arc<Process> {
    Arc::new(Process::new(config, pipeline()).unwrap())
}

/// Records with a peer each.
pub(crate) fn batch<T: AsRef<[u8]>>(records: &[(&str, T)]) -> Batch {
    let mut batch = Batch::default();
    for (i, (peer, text)) in records.iter().enumerate() {
        let attributes =
            Attributes::new([("receiver", "test"), ("peer", peer)].map(|(n, v)| (n, v.as_bytes())));
        batch.push(text.as_ref(), &attributes, Timestamp(i as i64), Timestamp::NONE);
    }
    batch
}

pub(crate) fn lines(texts: &[&str]) -> Batch {
    batch(&texts.iter().map(|text| ("p", *text)).collect::<Vec<_>>())
}

/// Stores by name, and rules before them.
pub(crate) struct World {
    pub(crate) stores: Vec<(&'static str, Arc<MemorySink>)>,
    pub(crate) routes: Routes,
}

impl World {
    pub(crate) fn new(stores: Vec<(&'static str, MemorySink)>) -> World {
        let stores = stores.into_iter().map(|(name, sink)| (name, Arc::new(sink))).collect();
        World { stores, routes: Routes::default() }
    }

    pub(crate) fn store(&self, name: &str) -> Arc<MemorySink> {
        self.stores.iter().find(|(n, _)| *n == name).map(|(_, sink)| sink.clone()).unwrap()
    }

    /// The sink of a receiver whose own store is `own`.
    pub(crate) fn sink(
        &self,
        rules: &[RuleConfig],
        rest: Rest,
        process: Option<Arc<Process>>,
    ) -> ProcessSink {
        let store = |name: &str| self.store(name) as Arc<dyn Sink>;
        let router = Router::new(rules, rest, pipeline(), &self.routes, &store).unwrap();
        ProcessSink::new("own", self.store("own"), process, Some(Arc::new(router)))
    }
}

pub(crate) fn rule(when: &str, stores: &[&str], goes_on: bool) -> RuleConfig {
    let stores = stores.iter().map(|s| (*s).to_owned()).collect();
    RuleConfig { name: when.to_owned(), when: when.to_owned(), stores, goes_on, process: None }
}

/// What was dropped, by reason.
pub(crate) fn dropped(accepted: &gastrolog_ingest::Accepted) -> Vec<(DropReason, u64)> {
    accepted.dropped.iter().collect()
}
