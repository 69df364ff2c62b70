//! Stores the records of all containers, then moves their bookmarks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Counters, DropReason, Outcome, Shutdown, Sink, store_batch};
use gastrolog_types::Batch;
use parking_lot::Mutex;
use tokio::sync::mpsc::Receiver;

use super::marks::{Mark, Marks};

/// A batch goes to the store when it has so many bytes or …
const BATCH_BYTES: usize = 1 << 20;
/// … so many records, or …
const BATCH_RECORDS: usize = 16 << 10;
/// … when its first record has waited this long.
const DELAY: Duration = Duration::from_millis(50);

/// Records of a container, and where its bookmark goes once they are stored.
pub(crate) struct Taken {
    pub(crate) batch: Batch,
    pub(crate) mark: Mark,
}

/// What storing needs.
#[derive(Clone)]
pub(crate) struct Storer {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) marks: Arc<Mutex<Marks>>,
    pub(crate) present: Arc<Mutex<HashSet<String>>>,
    pub(crate) shutdown: Shutdown,
}

impl Storer {
    /// Stores what comes until nobody is left who could send. Meanwhile the queue fills, and its senders wait.
    pub(crate) async fn run(self, mut queue: Receiver<Taken>) {
        while let Some(first) = queue.recv().await {
            let (batch, marks) = gather(first, &mut queue).await;
            let storer = self.clone();
            let stored = tokio::task::spawn_blocking(move || storer.store(batch, marks)).await;
            if !stored.unwrap_or(false) {
                return;
            }
        }
    }

    /// False when the store did not come back before the end; then the engine still has the records.
    fn store(&self, batch: Batch, marks: Vec<Mark>) -> bool {
        self.counters.received_batch(&batch);
        self.counters.too_long_records(&batch);
        let mut wait = |pause| !self.shutdown.wait_timeout(pause);
        if let Outcome::GivenUp(left) = store_batch(&*self.sink, batch, &self.counters, &mut wait) {
            self.counters.dropped(DropReason::HandedBack, left.len() as u64);
            return false;
        }
        let mut all = self.marks.lock();
        all.all.extend(marks.into_iter().map(|mark| (mark.id.clone(), mark)));
        if let Err(e) = all.save(&self.present.lock()) {
            self.counters.fault();
            self.counters.said(format_args!("the bookmarks cannot be written: {e}"));
        }
        true
    }
}

async fn gather(first: Taken, queue: &mut Receiver<Taken>) -> (Batch, Vec<Mark>) {
    let Taken { mut batch, mark } = first;
    let mut marks = vec![mark];
    let end = tokio::time::sleep(DELAY);
    tokio::pin!(end);
    while batch.text.len() < BATCH_BYTES && batch.len() < BATCH_RECORDS {
        let next = tokio::select! {
            next = queue.recv() => next,
            () = &mut end => break,
        };
        let Some(Taken { batch: more, mark }) = next else { break };
        for (i, record) in more.records.iter().enumerate() {
            let attributes = more.attributes.get(record.attributes as usize).cloned().unwrap_or_default();
            batch.push(more.text_of(i), &attributes, record.ingest, record.source);
        }
        marks.push(mark);
    }
    (batch, marks)
}
