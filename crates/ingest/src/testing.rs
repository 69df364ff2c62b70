//! A sink in memory that fails on purpose, for tests of receivers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gastrolog_types::{Batch, Record};
use parking_lot::{Mutex, MutexGuard};

use crate::{Accepted, Sink, SinkError};

/// Keeps what it is given; can be told to be away, to be slow, or to refuse certain records.
#[derive(Default)]
pub struct MemorySink {
    records: Mutex<Vec<Record>>,
    batch_sizes: Mutex<Vec<usize>>,
    failures_left: AtomicU64,
    fail_every: u64,
    appends: AtomicU64,
    refuse: Option<Vec<u8>>,
    delay: Duration,
    held: Mutex<()>,
}

impl MemorySink {
    /// A sink that takes everything.
    pub fn new() -> MemorySink {
        MemorySink::default()
    }

    /// Not available for the next `times` appends.
    pub fn fail_next(self, times: u64) -> MemorySink {
        self.fail_from_now(times);
        self
    }

    /// Like [`MemorySink::fail_next`], on a sink in use; 0 brings it back.
    pub fn fail_from_now(&self, times: u64) {
        self.failures_left.store(times, Ordering::SeqCst);
    }

    /// Not available each `n`-th time (0: never).
    pub fn fail_every(mut self, n: u64) -> MemorySink {
        self.fail_every = n;
        self
    }

    /// Refuses batches with a record that contains `needle`.
    pub fn refuse_texts_with(mut self, needle: &[u8]) -> MemorySink {
        self.refuse = Some(needle.to_vec());
        self
    }

    /// Takes this long for each append.
    pub fn slow(mut self, delay: Duration) -> MemorySink {
        self.delay = delay;
        self
    }

    /// Appends wait while the guard lives.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.held.lock()
    }

    /// What was stored.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().clone()
    }

    /// The texts of what was stored; invalid UTF-8 is replaced.
    pub fn texts(&self) -> Vec<String> {
        self.records.lock().iter().map(|r| String::from_utf8_lossy(&r.text).into_owned()).collect()
    }

    /// How many records were stored.
    pub fn len(&self) -> usize {
        self.records.lock().len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records each batch had.
    pub fn batch_sizes(&self) -> Vec<usize> {
        self.batch_sizes.lock().clone()
    }

    fn is_away(&self) -> bool {
        let nth = self.appends.fetch_add(1, Ordering::SeqCst) + 1;
        let told = self
            .failures_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        told || (self.fail_every > 0 && nth.is_multiple_of(self.fail_every))
    }

    fn refuses(&self, batch: &Batch) -> bool {
        let Some(needle) = &self.refuse else { return false };
        (0..batch.len()).any(|i| batch.text_of(i).windows(needle.len().max(1)).any(|w| w == &needle[..]))
    }
}

impl Sink for MemorySink {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        drop(self.held.lock());
        std::thread::sleep(self.delay);
        if self.is_away() {
            return Err(SinkError::Unavailable("told to fail".into()));
        }
        if self.refuses(&batch) {
            return Err(SinkError::Refused("told to refuse".into()));
        }
        let mut records = self.records.lock();
        let first_seq = records.len() as u64;
        for (i, new) in batch.records.iter().enumerate() {
            records.push(Record {
                seq: first_seq + i as u64,
                source: new.source,
                ingest: new.ingest,
                attributes: batch.attributes.get(new.attributes as usize).cloned().unwrap_or_default(),
                text: batch.text_of(i).to_vec(),
            });
        }
        self.batch_sizes.lock().push(batch.len());
        Ok(Accepted::stored(first_seq, batch.len() as u64))
    }
}
