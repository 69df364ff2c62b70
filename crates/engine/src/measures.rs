//! What the engine measures: stores, and the queries that ran since it was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use gastrolog_chunk::StoreMeasures;
use gastrolog_types::{Histogram, HistogramCounts};

use crate::engine::OpenStore;
use crate::{Engine, EngineError, QueryEnd};

/// How a query ended, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum QueryOutcome {
    /// With its answer.
    Done,
    /// With an answer that lacks what could not be read.
    Incomplete,
    /// By whoever asked.
    Cancelled,
    /// By a limit of time, reading or memory.
    Limit,
    /// Before it began: the text is wrong, or there is no such store.
    Invalid,
    /// By the disk, or something else that the asker can do nothing about.
    Failed,
}

impl QueryOutcome {
    /// All of them.
    pub const ALL: [QueryOutcome; 6] = [
        QueryOutcome::Done,
        QueryOutcome::Incomplete,
        QueryOutcome::Cancelled,
        QueryOutcome::Limit,
        QueryOutcome::Invalid,
        QueryOutcome::Failed,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            QueryOutcome::Done => "done",
            QueryOutcome::Incomplete => "incomplete",
            QueryOutcome::Cancelled => "cancelled",
            QueryOutcome::Limit => "limit",
            QueryOutcome::Invalid => "invalid",
            QueryOutcome::Failed => "failed",
        }
    }

    fn of(ended: &Result<QueryEnd, EngineError>) -> QueryOutcome {
        match ended {
            Ok(end) if end.damage.is_empty() => QueryOutcome::Done,
            Ok(_) => QueryOutcome::Incomplete,
            Err(EngineError::Cancelled(_)) => QueryOutcome::Cancelled,
            Err(EngineError::LimitReached(_)) => QueryOutcome::Limit,
            Err(EngineError::BadQuery(_) | EngineError::NotFound(_) | EngineError::Refused(_)) => {
                QueryOutcome::Invalid
            }
            Err(EngineError::Locked(_) | EngineError::Unavailable(_) | EngineError::Damaged(_)) => {
                QueryOutcome::Failed
            }
        }
    }
}

/// Counts queries.
#[derive(Default)]
pub(crate) struct QueryMeter {
    running: AtomicU64,
    following: AtomicU64,
    bytes_read: AtomicU64,
    times: [Histogram; QueryOutcome::ALL.len()],
}

/// One more of something, until it is dropped.
struct OneMore<'a>(&'a AtomicU64);

impl<'a> OneMore<'a> {
    fn of(count: &'a AtomicU64) -> OneMore<'a> {
        count.fetch_add(1, Relaxed);
        OneMore(count)
    }
}

impl Drop for OneMore<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl QueryMeter {
    /// Runs a query and counts it.
    pub(crate) fn query(
        &self,
        run: impl FnOnce() -> Result<QueryEnd, EngineError>,
    ) -> Result<QueryEnd, EngineError> {
        let _running = OneMore::of(&self.running);
        let begin = Instant::now();
        let ended = run();
        if let Some(times) = self.times.get(QueryOutcome::of(&ended) as usize) {
            times.note_ns(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        self.bytes_read.fetch_add(ended.as_ref().map_or(0, |end| end.bytes_read), Relaxed);
        ended
    }

    /// Runs a follower and counts that it runs.
    pub(crate) fn follow<T>(&self, run: impl FnOnce() -> T) -> T {
        let _following = OneMore::of(&self.following);
        run()
    }

    fn read(&self) -> QueryMeasures {
        let times = QueryOutcome::ALL.map(|outcome| {
            (outcome, self.times.get(outcome as usize).map(Histogram::read).unwrap_or_default())
        });
        QueryMeasures {
            running: self.running.load(Relaxed),
            following: self.following.load(Relaxed),
            bytes_read: self.bytes_read.load(Relaxed),
            times,
        }
    }
}

/// Queries since the engine was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryMeasures {
    /// Queries that run now.
    pub running: u64,
    /// Followers that run now.
    pub following: u64,
    /// Bytes that finished queries have read from stores.
    pub bytes_read: u64,
    /// How long they took, by how they ended; waiting for their readers included.
    pub times: [(QueryOutcome, HistogramCounts); QueryOutcome::ALL.len()],
}

/// What an engine measures, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineMeasures {
    /// Each store that is open for writing, by its name.
    pub stores: Vec<(String, StoreMeasures)>,
    /// Queries.
    pub queries: QueryMeasures,
}

impl Engine {
    pub(crate) fn measure(&self) -> Result<EngineMeasures, EngineError> {
        let mut stores = Vec::new();
        for name in self.store_names() {
            if let OpenStore::Writing(store) = &*self.store(&name)? {
                stores.push((name, store.measures()));
            }
        }
        Ok(EngineMeasures { stores, queries: self.query_meter.read() })
    }
}
