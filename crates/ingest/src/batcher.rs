//! Gathers single records of senders that get no acknowledgement into batches, and stores them on a thread.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use crate::store::{Outcome, store_batch};
use crate::{Counters, DropReason, ReceiverError, Sink};

/// What a record costs in the queue beside its text.
const RECORD_BYTES: usize = std::mem::size_of::<NewRecord>();
/// Attribute sets that a batch may hold before it is handed on (each may be large, and many peers may send).
const ATTRIBUTE_SETS_MAX: usize = 4096;
/// The offsets of a batch are 32 bits wide.
const QUEUE_BYTES_MAX: usize = 1 << 30;

/// Limits of a [`Batcher`].
#[derive(Clone, Copy, Debug)]
pub struct BatcherConfig {
    /// A batch goes to the store when it has this many bytes …
    pub batch_bytes: usize,
    /// … or this many records …
    pub batch_records: usize,
    /// … or when its first record has waited this long.
    pub delay: Duration,
    /// What may wait while the store is busy; beyond it senders wait (or UDP drops). As much again may be on its
    /// way into the store.
    pub queue_bytes: usize,
    /// How long [`Batcher::close`] waits for a store that is not available before it drops what is left.
    pub drain: Duration,
}

impl Default for BatcherConfig {
    fn default() -> Self {
        BatcherConfig {
            batch_bytes: 1 << 20,
            batch_records: 16 * 1024,
            delay: Duration::from_millis(50),
            queue_bytes: 16 << 20,
            drain: Duration::from_secs(4),
        }
    }
}

/// One record on its way into a [`Batcher`].
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Its text.
    pub text: &'a [u8],
    /// What is known beside it.
    pub attributes: &'a Attributes,
    /// When it arrived.
    pub ingest: Timestamp,
    /// When it happened, or [`Timestamp::NONE`].
    pub source: Timestamp,
}

/// The queue and its thread. Records are copied once, into the batch that goes to the store; while the store is
/// busy the next batch grows, so that a slow store gets larger batches. Order of arrival is kept.
pub struct Batcher {
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

struct Shared {
    config: BatcherConfig,
    counters: Arc<Counters>,
    open: Mutex<Open>,
    /// The worker waits here.
    work: Condvar,
    /// Blocking senders wait here.
    space: Condvar,
    /// Async senders wait here.
    space_async: Notify,
}

#[derive(Default)]
struct Open {
    batch: Batch,
    sets: HashMap<Attributes, u32>,
    since: Option<Instant>,
    closed: bool,
}

impl Open {
    fn bytes(&self) -> usize {
        self.batch.text.len() + self.batch.records.len() * RECORD_BYTES
    }

    fn add(&mut self, record: &Incoming<'_>) {
        let start = self.batch.text.len() as u32;
        self.batch.text.extend_from_slice(record.text);
        let end = self.batch.text.len() as u32;
        let attributes = self.set(record.attributes);
        self.batch.records.push(NewRecord {
            start,
            end,
            attributes,
            ingest: record.ingest,
            source: record.source,
        });
    }

    fn set(&mut self, attributes: &Attributes) -> u32 {
        if self.batch.attributes.last() == Some(attributes) {
            return self.batch.attributes.len() as u32 - 1;
        }
        if let Some(&at) = self.sets.get(attributes) {
            return at;
        }
        let at = self.batch.attributes.len() as u32;
        self.batch.attributes.push(attributes.clone());
        self.sets.insert(attributes.clone(), at);
        at
    }

    fn take(&mut self) -> Batch {
        self.since = None;
        self.sets.clear();
        std::mem::take(&mut self.batch)
    }
}

impl Shared {
    fn is_due(&self, open: &Open) -> bool {
        open.bytes() >= self.config.batch_bytes
            || open.batch.len() >= self.config.batch_records
            || open.batch.attributes.len() >= ATTRIBUTE_SETS_MAX
    }

    /// A record larger than the whole queue passes when the queue is empty.
    fn has_room(&self, open: &Open, bytes: usize) -> bool {
        let limit = self.config.queue_bytes.min(QUEUE_BYTES_MAX);
        open.batch.is_empty()
            || (open.bytes() + bytes + RECORD_BYTES <= limit && open.sets.len() < 4 * ATTRIBUTE_SETS_MAX)
    }

    fn add(&self, open: &mut Open, record: &Incoming<'_>) {
        let was_due = self.is_due(open);
        open.add(record);
        if open.since.is_none() {
            open.since = Some(Instant::now());
            self.work.notify_one();
        } else if !was_due && self.is_due(open) {
            self.work.notify_one();
        }
    }
}

impl Batcher {
    /// Starts the thread that stores into `sink`. `counters` gets `stored` and `dropped`; the caller counts
    /// `received`.
    pub fn start(
        name: &str,
        sink: Arc<dyn Sink>,
        counters: Arc<Counters>,
        config: BatcherConfig,
    ) -> Result<Batcher, ReceiverError> {
        let shared = Arc::new(Shared {
            config,
            counters,
            open: Mutex::default(),
            work: Condvar::new(),
            space: Condvar::new(),
            space_async: Notify::new(),
        });
        let worker = std::thread::Builder::new()
            .name(format!("batch-{name}"))
            .spawn({
                let shared = shared.clone();
                move || work(&shared, &*sink)
            })
            .map_err(ReceiverError::io("starting a thread"))?;
        Ok(Batcher { shared, worker: Some(worker) })
    }

    /// Takes the record if there is room. For senders that cannot wait: the caller counts the drop.
    #[must_use]
    pub fn try_push(&self, record: &Incoming<'_>) -> bool {
        let mut open = self.shared.open.lock();
        let room = !open.closed && self.shared.has_room(&open, record.text.len());
        if room {
            self.shared.add(&mut open, record);
        }
        room
    }

    /// Takes the record, waiting for room in an async task.
    pub async fn push(&self, record: &Incoming<'_>) {
        while !self.try_push(record) {
            let notified = self.shared.space_async.notified();
            tokio::pin!(notified);
            // Registered before the second look, so that room made between the two is not missed.
            notified.as_mut().enable();
            if self.try_push(record) {
                return;
            }
            notified.await;
        }
    }

    /// Takes the record, blocking the thread until there is room.
    pub fn push_blocking(&self, record: &Incoming<'_>) {
        let mut open = self.shared.open.lock();
        while !self.shared.has_room(&open, record.text.len()) {
            self.shared.space.wait(&mut open);
        }
        self.shared.add(&mut open, record);
    }

    /// Stores what is left and ends the thread. Blocks, for [`BatcherConfig::drain`] or so at most while the store
    /// is not available; what it then still holds is counted as dropped.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.open.lock().closed = true;
        self.shared.work.notify_all();
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            tracing::error!("the thread of a batcher panicked");
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.end();
    }
}

fn work(shared: &Shared, sink: &dyn Sink) {
    let mut drain_until = None;
    while let Some(batch) = next_batch(shared) {
        let mut wait = |pause: Duration| sleep_unless_drained(shared, pause, &mut drain_until);
        if let Outcome::GivenUp(left) = store_batch(sink, batch, &shared.counters, &mut wait) {
            tracing::error!(records = left.len(), "dropped: the store was not available until the end");
            shared.counters.said("dropped at the end: the store was not available");
            shared.counters.dropped(DropReason::Shutdown, left.len() as u64);
        }
    }
}

/// The next batch once it is due; `None` after the last one.
fn next_batch(shared: &Shared) -> Option<Batch> {
    let mut open = shared.open.lock();
    loop {
        if open.closed && open.batch.is_empty() {
            return None;
        }
        match open.since {
            None => shared.work.wait(&mut open),
            Some(since) => {
                let deadline = since + shared.config.delay;
                if open.closed || shared.is_due(&open) || Instant::now() >= deadline {
                    break;
                }
                shared.work.wait_until(&mut open, deadline);
            }
        }
    }
    let batch = open.take();
    drop(open);
    shared.space.notify_all();
    shared.space_async.notify_waiters();
    Some(batch)
}

/// Sleeps between attempts; false once the batcher was closed and the time to drain is over.
fn sleep_unless_drained(shared: &Shared, pause: Duration, drain_until: &mut Option<Instant>) -> bool {
    let deadline = Instant::now() + pause;
    let mut open = shared.open.lock();
    loop {
        if open.closed {
            let until = *drain_until.get_or_insert_with(|| Instant::now() + shared.config.drain);
            drop(open);
            let now = Instant::now();
            // Short sleeps while draining: whoever waits for the end should not wait for a long pause.
            let left = until.saturating_duration_since(now).min(Duration::from_millis(100));
            std::thread::sleep(left.min(pause));
            return now < until;
        }
        if shared.work.wait_until(&mut open, deadline).timed_out() {
            return true;
        }
    }
}
