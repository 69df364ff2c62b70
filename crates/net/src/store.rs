//! From a connection into the store, for senders that get an acknowledgement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::{Accepted, Counters, DropReason, Outcome, Shutdown, Sink, SinkError, store_batch};
use gastrolog_types::Batch;

/// Stores `batch` and counts: received, then stored or dropped (`handed_back` when the store is not available,
/// `refused`). Blocks.
pub fn append(sink: &dyn Sink, batch: Batch, counters: &Counters) -> Result<Accepted, SinkError> {
    let count = batch.len() as u64;
    counters.received_batch(&batch);
    let first = counters.keep_first(&batch);
    let stored = counters.timed(|| sink.append(batch));
    if let Err(e) = &stored {
        counters.said(e);
    }
    match &stored {
        Ok(accepted) => counters.accepted(accepted),
        Err(SinkError::Unavailable(_)) => {
            counters.store_away();
            counters.dropped(DropReason::HandedBack, count);
        }
        Err(e @ SinkError::Refused(_)) => counters.refused(&first, e, count),
    }
    stored
}

/// [`append`] on a thread that may block. Who waits may go away: what was begun goes on and is counted all the same.
pub async fn store(
    sink: Arc<dyn Sink>,
    batch: Batch,
    counters: &Arc<Counters>,
) -> Result<Accepted, SinkError> {
    let counters = counters.clone();
    blocking(move || append(&*sink, batch, &counters)).await?
}

/// How long a batch is held while the store is not available, before its sender must keep it.
#[derive(Clone)]
pub struct Patience {
    /// Attempts go on for this long. Shorter than what the sender waits for an acknowledgement.
    pub hold: Duration,
    /// Ends them at once.
    pub shutdown: Shutdown,
}

/// Like [`store`], for protocols whose acknowledgement covers records that have nothing to do with each other: a
/// record that the store can never take is dropped and counted alone, and a store that is not available is tried
/// again for a while. `Err` means that the sender must keep all of the batch (some of it may be stored).
pub async fn store_or_hand_back(
    sink: Arc<dyn Sink>,
    batch: Batch,
    counters: &Arc<Counters>,
    patience: &Patience,
) -> Result<(), SinkError> {
    let (counters, Patience { hold, shutdown }) = (counters.clone(), patience.clone());
    blocking(move || {
        counters.received_batch(&batch);
        let until = Instant::now() + hold;
        let mut wait = |pause| Instant::now() + pause < until && !shutdown.wait_timeout(pause);
        match store_batch(&*sink, batch, &counters, &mut wait) {
            Outcome::Settled => Ok(()),
            Outcome::GivenUp(left) => {
                counters.dropped(DropReason::HandedBack, left.len() as u64);
                Err(SinkError::Unavailable("the store is not available".into()))
            }
        }
    })
    .await?
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, SinkError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| SinkError::Unavailable(format!("storing ended badly: {e}")))
}
