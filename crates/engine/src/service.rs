//! What can be asked of gastrolog, in process or over its API: the engine and the client both answer to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gastrolog_ingest::{Accepted, ReceiverStatus, RouteStatus};
use gastrolog_types::Batch;

use crate::{
    Answer, ChunkDetail, ChunkInfo, CompactReport, EngineError, EngineMeasures, ExplainNode, FieldList,
    QueryEnd, QueryRequest, StoreInfo, StoreUsage, ValueList, ValuesRequest, VerifyReport,
};

/// Tells a running query to stop. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks everything that watches this token to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Takes the pieces of an answer as they come; returns `false` to stop the query (the reader has left).
pub type AnswerSink<'a> = &'a mut dyn FnMut(Answer) -> bool;

/// Everything a user can do with a set of stores. All calls block; none needs an async runtime.
pub trait Service: Send + Sync {
    /// Stores a batch in `store` (empty: `default`); returns once it is durable.
    fn append(&self, store: &str, batch: Batch) -> Result<Accepted, EngineError>;

    /// Stores a batch in the server's own log, which [`Service::append`] does not reach. For the server itself alone.
    fn append_own(&self, _batch: Batch) -> Result<Accepted, EngineError> {
        Err(EngineError::Refused("the server's own log is written by the server alone".to_owned()))
    }

    /// Runs a query and hands its answer out piece by piece, in order.
    fn query(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError>;

    /// The plan of a query; with `analyze` it is run (its answer thrown away) and actual figures are added.
    fn explain(
        &self,
        request: &QueryRequest,
        analyze: bool,
        cancel: &Cancel,
    ) -> Result<ExplainNode, EngineError>;

    /// The names of the fields of the records that a query selects (of all, without a text).
    fn fields(&self, request: &QueryRequest, cancel: &Cancel) -> Result<FieldList, EngineError>;

    /// The values of a field with their counts.
    fn values(&self, request: &ValuesRequest) -> Result<ValueList, EngineError>;

    /// Hands out matching records as they are stored, until cancelled or the reader leaves. Starts with nothing
    /// older than the call unless the query has a time bound.
    fn follow(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError>;

    /// All stores.
    fn stores(&self) -> Result<Vec<StoreInfo>, EngineError>;

    /// The chunks of a store, oldest first.
    fn chunks(&self, store: &str) -> Result<Vec<ChunkInfo>, EngineError>;

    /// What is in a chunk (its id, or a unique beginning of it).
    fn inspect(&self, store: &str, chunk: &str) -> Result<ChunkDetail, EngineError>;

    /// What the chunks of a store cost, field by field, and how often queries needed them.
    fn usage(&self, store: &str) -> Result<StoreUsage, EngineError>;

    /// Reads everything and checks it; `progress` gets bytes done and bytes in all.
    fn verify(&self, store: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, EngineError>;

    /// Seals the active chunk; returns the ids of the chunks sealed.
    fn seal(&self, store: &str) -> Result<Vec<String>, EngineError>;

    /// Writes sealed chunks anew that were not yet, smaller; `progress` gets bytes of text done and in all, and ends
    /// the work by `false`: what is done stays done.
    fn compact(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<CompactReport, EngineError>;

    /// What is measured of stores and queries. Only the engine itself knows, not a client of it.
    fn measures(&self) -> Result<EngineMeasures, EngineError> {
        Err(EngineError::Refused("what is measured is told by GET /metrics of the server".to_owned()))
    }

    /// The receivers that bring records in, with what each has counted. The engine itself has none: a server does.
    fn receivers(&self) -> Result<Vec<ReceiverStatus>, EngineError> {
        Err(EngineError::Refused("receivers are those of a server, and none answers here".to_owned()))
    }

    /// The rules that say which records go to which store, with what each has taken. As receivers, those of a server.
    fn routes(&self) -> Result<Vec<RouteStatus>, EngineError> {
        Err(EngineError::Refused("routes are those of a server, and none answers here".to_owned()))
    }
}

impl Service for crate::Engine {
    fn append(&self, store: &str, batch: Batch) -> Result<Accepted, EngineError> {
        Self::append(self, store, batch)
    }

    fn append_own(&self, batch: Batch) -> Result<Accepted, EngineError> {
        Self::append_own(self, batch)
    }

    fn query(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        self.query_meter.query(|| self.run_query(request, cancel, out))
    }

    fn explain(
        &self,
        request: &QueryRequest,
        analyze: bool,
        cancel: &Cancel,
    ) -> Result<ExplainNode, EngineError> {
        self.run_explain(request, analyze, cancel)
    }

    fn fields(&self, request: &QueryRequest, cancel: &Cancel) -> Result<FieldList, EngineError> {
        self.list_fields(request, cancel)
    }

    fn values(&self, request: &ValuesRequest) -> Result<ValueList, EngineError> {
        self.list_values(request)
    }

    fn follow(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        self.query_meter.follow(|| self.run_follow(request, cancel, out))
    }

    fn stores(&self) -> Result<Vec<StoreInfo>, EngineError> {
        self.store_infos()
    }

    fn chunks(&self, store: &str) -> Result<Vec<ChunkInfo>, EngineError> {
        self.chunk_infos(store)
    }

    fn inspect(&self, store: &str, chunk: &str) -> Result<ChunkDetail, EngineError> {
        self.chunk_detail(store, chunk)
    }

    fn usage(&self, store: &str) -> Result<StoreUsage, EngineError> {
        self.store_usage(store)
    }

    fn verify(&self, store: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, EngineError> {
        self.verify_store(store, progress)
    }

    fn seal(&self, store: &str) -> Result<Vec<String>, EngineError> {
        Self::seal(self, store)
    }

    fn compact(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<CompactReport, EngineError> {
        self.compact_store(store, progress)
    }

    fn measures(&self) -> Result<EngineMeasures, EngineError> {
        self.measure()
    }
}
