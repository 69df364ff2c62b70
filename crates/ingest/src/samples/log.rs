//! The way of samples into the server's own log: a short queue and a thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gastrolog_types::{Attributes, Batch, Timestamp};
use parking_lot::{Condvar, Mutex};

use super::sampler::{Sample, Sampler};
use super::{Scrub, line};
use crate::{Clock, ReceiverError, Sink};

/// Samples that wait, and bytes of them. Their rate is limited before they come here.
const QUEUE_SAMPLES_MAX: usize = 256;
const QUEUE_BYTES_MAX: usize = 1 << 20;
/// What comes together is written together.
const DELAY: Duration = Duration::from_millis(50);

/// Finds what takes secrets out of the input of a receiver; `None` where nothing is to be taken out.
type ScrubFor = Box<dyn Fn(&str) -> Option<Arc<dyn Scrub>> + Send + Sync>;

/// Writes samples into the server's own log until it is closed.
pub struct SampleLog {
    queue: Arc<Queue>,
    scrub_for: ScrubFor,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// Samples on their way.
#[derive(Default)]
pub(super) struct Queue {
    open: Mutex<Open>,
    work: Condvar,
}

#[derive(Default)]
struct Open {
    samples: VecDeque<Sample>,
    bytes: usize,
    since: Option<Instant>,
    closed: bool,
}

impl Queue {
    /// Takes the sample if there is room for it.
    pub(super) fn push(&self, sample: Sample) -> bool {
        let mut open = self.open.lock();
        let bytes = open.bytes + sample.raw.len();
        if open.closed || open.samples.len() >= QUEUE_SAMPLES_MAX || bytes > QUEUE_BYTES_MAX {
            return false;
        }
        open.bytes = bytes;
        open.samples.push_back(sample);
        if open.since.is_none() {
            open.since = Some(Instant::now());
            self.work.notify_one();
        }
        true
    }

    /// What has come together; `None` after the last.
    fn next(&self) -> Option<VecDeque<Sample>> {
        let mut open = self.open.lock();
        loop {
            let due = open.since.map(|since| since + DELAY);
            match due {
                None if open.closed => return None,
                None => self.work.wait(&mut open),
                Some(due) if open.closed || Instant::now() >= due => break,
                Some(due) => drop(self.work.wait_until(&mut open, due)),
            }
        }
        (open.bytes, open.since) = (0, None);
        Some(std::mem::take(&mut open.samples))
    }
}

impl SampleLog {
    /// Begins a log in `sink`, which must be written past all receivers.
    pub fn start(
        sink: Arc<dyn Sink>,
        clock: Clock,
        scrub_for: impl Fn(&str) -> Option<Arc<dyn Scrub>> + Send + Sync + 'static,
    ) -> Result<SampleLog, ReceiverError> {
        let queue = Arc::<Queue>::default();
        let reader = queue.clone();
        let writer = std::thread::Builder::new()
            .name("samples".to_owned())
            .spawn(move || {
                while let Some(samples) = reader.next() {
                    write(&samples, &*sink, clock());
                }
            })
            .map_err(ReceiverError::io("starting a thread"))?;
        Ok(SampleLog { queue, scrub_for: Box::new(scrub_for), writer: Mutex::new(Some(writer)) })
    }

    /// What takes samples of `receiver`.
    pub fn sampler(&self, receiver: &str, kind: &str) -> Sampler {
        Sampler::new(receiver, kind, (self.scrub_for)(receiver), self.queue.clone())
    }

    /// Writes what waits, takes no more, and ends the thread.
    pub fn close(&self) {
        self.queue.open.lock().closed = true;
        self.queue.work.notify_all();
        if let Some(writer) = self.writer.lock().take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that writes samples panicked");
        }
    }
}

impl Drop for SampleLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn write(samples: &VecDeque<Sample>, sink: &dyn Sink, now: Timestamp) {
    let (mut batch, none) = (Batch::default(), Attributes::default());
    for sample in samples {
        batch.push(line::of(sample).as_bytes(), &none, now, Timestamp::NONE);
    }
    let written = sink.append(batch);
    if let Err(e) = &written {
        // Not into the log, of course.
        tracing::warn!(error = %e, "samples of input that could not be stored are lost");
    }
    for sample in samples {
        let fates = &sample.from.fates;
        let count = if written.is_ok() { &fates.written } else { &fates.lost };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
