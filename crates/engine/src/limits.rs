//! What one query may take: what the engine is configured for, or less where the request says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gastrolog_exec::{Budget, ExecError, Limit};

use crate::{Cancel, EngineError, QueryRequest};

/// Limits of every query. A request may ask for less, never for more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Wall time; `None`: as long as it takes.
    pub timeout_ms: Option<u64>,
    /// Records or rows that are returned; `None`: all. What is left out is not an error.
    pub rows: Option<u64>,
    /// Bytes read from the store; `None`: all of it.
    pub read_bytes: Option<u64>,
    /// Bytes held in memory: rows to sort, groups, tables to look in.
    pub memory_bytes: u64,
}

impl Default for QueryLimits {
    fn default() -> QueryLimits {
        QueryLimits { timeout_ms: None, rows: None, read_bytes: None, memory_bytes: 1 << 30 }
    }
}

impl QueryLimits {
    /// These limits, lowered to those of a request.
    pub(crate) fn of(&self, request: &QueryRequest) -> QueryLimits {
        QueryLimits {
            timeout_ms: lower(self.timeout_ms, request.timeout_ms),
            rows: lower(self.rows, request.limit),
            read_bytes: lower(self.read_bytes, request.read_bytes_max),
            memory_bytes: request.memory_bytes_max.map_or(self.memory_bytes, |m| m.min(self.memory_bytes)),
        }
    }

    /// The budget of a query with these limits.
    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.memory_bytes, self.read_bytes.unwrap_or(u64::MAX))
    }

    /// What a query asks often: whether it was cancelled or is out of time, what it waited for its reader
    /// not counted.
    pub(crate) fn check(
        &self,
        begin: Instant,
        waited_ns: Arc<AtomicU64>,
        cancel: &Cancel,
    ) -> impl Fn() -> Result<(), ExecError> + Sync + use<> {
        let max = self.timeout_ms.map(Duration::from_millis);
        let cancel = cancel.clone();
        move || match max {
            _ if cancel.is_cancelled() => Err(ExecError::Cancelled),
            Some(max)
                if begin.elapsed().saturating_sub(Duration::from_nanos(waited_ns.load(Relaxed))) > max =>
            {
                Err(ExecError::limit(Limit::Time { max }))
            }
            _ => Ok(()),
        }
    }
}

fn lower(configured: Option<u64>, asked: Option<u64>) -> Option<u64> {
    match (configured, asked) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

impl From<ExecError> for EngineError {
    fn from(error: ExecError) -> EngineError {
        let text = error.to_string();
        match error {
            ExecError::Cancelled => EngineError::Cancelled(text),
            ExecError::Limit { .. } | ExecError::TooLarge { .. } | ExecError::TooManyBins { .. } => {
                EngineError::LimitReached(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_lowers_limits_and_never_raises_them() {
        let configured =
            QueryLimits { timeout_ms: Some(100), rows: None, read_bytes: Some(10), memory_bytes: 50 };
        let asked = |n| QueryRequest {
            timeout_ms: Some(n),
            limit: Some(n),
            read_bytes_max: Some(n),
            memory_bytes_max: Some(n),
            ..QueryRequest::default()
        };
        let less = QueryLimits { timeout_ms: Some(5), rows: Some(5), read_bytes: Some(5), memory_bytes: 5 };
        assert_eq!(configured.of(&asked(5)), less);
        assert_eq!(configured.of(&asked(1000)), QueryLimits { rows: Some(1000), ..configured.clone() });
        assert_eq!(configured.of(&QueryRequest::default()), configured);
    }
}
