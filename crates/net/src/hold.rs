//! Keeps a batch until the store takes it, for protocols whose sender waits for the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gastrolog_ingest::{Counters, DropReason, Outcome, Shutdown, Sink, store_batch};
use gastrolog_types::Batch;
use tokio::task::JoinHandle;

/// How often a waiting thread looks whether its sender is still there.
const LOOK: Duration = Duration::from_millis(200);

/// A batch on its way into the store. While the store is away it is tried again and again, and the sender is made to
/// wait; it ends without success when the sender went away ([`Hold::abandon`]) or the time to drain is over.
#[derive(Debug)]
pub struct Hold {
    task: JoinHandle<bool>,
    abandoned: Arc<AtomicBool>,
}

/// How long a batch is held.
#[derive(Clone, Copy, Debug)]
pub struct HoldLimits {
    /// How long to go on after shutdown.
    pub drain: Duration,
    /// What a batch is counted as that could not be stored: [`DropReason::HandedBack`] where the sender keeps it until it
    /// is acknowledged.
    pub lost: DropReason,
}

/// Begins to store `batch` on a thread that may block, and counts it: received, then stored or dropped. A record that
/// the store can never take is dropped alone.
pub fn hold(
    sink: Arc<dyn Sink>,
    batch: Batch,
    counters: &Arc<Counters>,
    shutdown: &Shutdown,
    limits: HoldLimits,
) -> Hold {
    let abandoned = Arc::<AtomicBool>::default();
    let (counters, shutdown, gone) = (counters.clone(), shutdown.clone(), abandoned.clone());
    let task = tokio::task::spawn_blocking(move || {
        counters.received_batch(&batch);
        let mut stop_at = None;
        let mut wait = |pause: Duration| sleep(pause, &gone, &shutdown, &mut stop_at, limits.drain);
        match store_batch(&*sink, batch, &counters, &mut wait) {
            Outcome::Settled => true,
            Outcome::GivenUp(left) => {
                counters.dropped(limits.lost, left.len() as u64);
                false
            }
        }
    });
    Hold { task, abandoned }
}

impl Hold {
    /// Waits for the end; true when all of the batch is durable (or refused for good, and counted). May be cancelled
    /// and called again, until it has answered.
    pub async fn done(&mut self) -> bool {
        (&mut self.task).await.unwrap_or(false)
    }

    /// The sender is gone and still has the records: try no more. An attempt that is under way goes on.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }
}

/// Sleeps for `pause`; false when the batch is to be given up.
fn sleep(
    pause: Duration,
    gone: &AtomicBool,
    shutdown: &Shutdown,
    stop_at: &mut Option<Instant>,
    drain: Duration,
) -> bool {
    let until = Instant::now() + pause;
    loop {
        let now = Instant::now();
        let over = shutdown.is_set() && now >= *stop_at.get_or_insert(now + drain);
        if over || gone.load(Ordering::Acquire) {
            return false;
        }
        let left = until.saturating_duration_since(now).min(LOOK);
        if left.is_zero() {
            return true;
        }
        if shutdown.is_set() {
            std::thread::sleep(left);
        } else {
            shutdown.wait_timeout(left);
        }
    }
}
