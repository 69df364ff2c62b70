//! `Ingest.Append`: stores a batch, and counts it like any other receiver does.

use std::sync::Arc;

use gastrolog_engine::{EngineError, Service};
use gastrolog_ingest::{Accepted, Counters, DropReason};
use gastrolog_types::Batch;

/// Runs where it may block, so that a caller who hangs up does not stop what was begun, nor its counting.
pub(crate) fn append(
    service: &Arc<dyn Service>,
    store: &str,
    batch: Batch,
    counters: &Counters,
) -> Result<Accepted, EngineError> {
    let count = batch.len() as u64;
    counters.received_batch(&batch);
    let first = counters.keep_first(&batch);
    let done = counters.timed(|| service.append(store, batch));
    match &done {
        Ok(accepted) => counters.accepted(accepted),
        Err(e) => {
            counters.said(e);
            match reason(e) {
                DropReason::Refused => counters.refused(&first, e, count),
                other => counters.dropped(other, count),
            }
            if matches!(e, EngineError::Unavailable(_)) {
                counters.store_away();
            }
        }
    }
    done
}

fn reason(error: &EngineError) -> DropReason {
    match error {
        EngineError::Unavailable(_) | EngineError::Locked(_) | EngineError::Cancelled(_) => {
            DropReason::HandedBack
        }
        _ => DropReason::Refused,
    }
}
