//! Takes the samples of one receiver.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::bucket::Bucket;
use super::input::{Cause, Input};
use super::log::Queue;
use super::{SHOWN_BYTES_MAX, Scrub};

/// What is longer is not looked through for secrets.
pub(super) const SCRUBBED_BYTES_MAX: usize = 64 << 10;
/// More of the words about a sample is not kept.
const WORDS_BYTES_MAX: usize = 512;

/// What became of the samples of a receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// They are in the server's own log.
    pub written: u64,
    /// There were enough of their kind.
    pub left_out: u64,
    /// There was no room, or they could not be written.
    pub lost: u64,
}

/// [`SampleCounts`] that count.
#[derive(Debug, Default)]
pub(super) struct Fates {
    pub(super) written: AtomicU64,
    left_out: AtomicU64,
    pub(super) lost: AtomicU64,
}

/// A sample on its way into the log.
pub(super) struct Sample {
    pub(super) from: Arc<From>,
    pub(super) cause: Cause,
    pub(super) place: String,
    pub(super) error: String,
    pub(super) raw: Vec<u8>,
    pub(super) bytes: usize,
    pub(super) packed: bool,
    pub(super) left_out: u64,
}

/// Whose samples they are.
pub(super) struct From {
    pub(super) receiver: String,
    pub(super) kind: String,
    pub(super) scrub: Option<Arc<dyn Scrub>>,
    pub(super) fates: Fates,
}

/// Takes the samples of one receiver: a few of each kind, and now and then one more.
pub struct Sampler {
    from: Arc<From>,
    queue: Arc<Queue>,
    buckets: [Mutex<Bucket>; Cause::COUNT],
}

impl Sampler {
    pub(super) fn new(
        receiver: &str,
        kind: &str,
        scrub: Option<Arc<dyn Scrub>>,
        queue: Arc<Queue>,
    ) -> Sampler {
        let (receiver, kind) = (receiver.to_owned(), kind.to_owned());
        let from = Arc::new(From { receiver, kind, scrub, fates: Fates::default() });
        Sampler { from, queue, buckets: Default::default() }
    }

    /// So many bytes of input are of use.
    pub(crate) fn kept_bytes(&self) -> usize {
        if self.from.scrub.is_some() { SCRUBBED_BYTES_MAX } else { SHOWN_BYTES_MAX }
    }

    /// Takes one, if there may be one more of its kind. `place` is the peer or the file that it comes from.
    pub(crate) fn take(&self, cause: Cause, place: impl Display, error: impl Display, input: Input<'_>) {
        let bucket = self.buckets.get(cause as usize);
        let Some(left_out) = bucket.and_then(|bucket| bucket.lock().take(Instant::now())) else {
            self.from.fates.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let raw = input.raw.get(..self.kept_bytes()).unwrap_or(input.raw).to_vec();
        let sample = Sample {
            from: self.from.clone(),
            cause,
            place: cut(place.to_string()),
            error: cut(error.to_string()),
            raw,
            bytes: input.bytes,
            packed: input.packed,
            left_out,
        };
        if !self.queue.push(sample) {
            self.from.fates.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What became of them.
    pub(crate) fn counts(&self) -> SampleCounts {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Fates { written, left_out, lost } = &self.from.fates;
        SampleCounts { written: now(written), left_out: now(left_out), lost: now(lost) }
    }
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampler").field("receiver", &self.from.receiver).finish_non_exhaustive()
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(WORDS_BYTES_MAX));
    text
}
