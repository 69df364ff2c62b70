//! Hands a batch to a sink until it is stored or refused for good, for senders that get no acknowledgement.

use std::time::Duration;

use gastrolog_types::Batch;

use crate::{Accepted, Counters, Sink, SinkError};

/// How long to wait between attempts: doubling from 50 ms to 5 s.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

/// First wait.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// Longest wait.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

impl Default for Backoff {
    fn default() -> Self {
        Backoff { next: BACKOFF_MIN }
    }
}

impl Backoff {
    /// The next wait.
    pub fn step(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(BACKOFF_MAX);
        now
    }
}

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// All of it is durable, or refused for good, and counted.
    Settled,
    /// `wait` gave up while the store was not available. These records are not counted yet.
    GivenUp(Batch),
}

/// Stores `batch`, trying again for as long as the store is not available and `wait` (which sleeps for what it is
/// given) returns true. A batch the store refuses is halved until the records at fault stand alone: they are
/// dropped and counted, the others stored. Counts `stored` and `dropped`, not `received`.
pub fn store_batch(
    sink: &dyn Sink,
    batch: Batch,
    counters: &Counters,
    wait: &mut dyn FnMut(Duration) -> bool,
) -> Outcome {
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        let count = part.len() as u64;
        match store_part(sink, &part, counters, wait) {
            Fate::Stored(accepted) => counters.accepted(&accepted),
            Fate::Refused(_) if count > 1 => {
                let (first, second) = halve(&part);
                parts.push(second);
                parts.push(first);
            }
            Fate::Refused(reason) => {
                tracing::warn!(reason, "the store refused a record; it is dropped");
                counters.said(format_args!("a record was dropped: {reason}"));
                counters.refused(&counters.keep_first(&part), reason, count);
            }
            Fate::GivenUp => {
                parts.push(part);
                return Outcome::GivenUp(join(parts));
            }
        }
    }
    Outcome::Settled
}

enum Fate {
    Stored(Accepted),
    Refused(String),
    GivenUp,
}

fn store_part(
    sink: &dyn Sink,
    part: &Batch,
    counters: &Counters,
    wait: &mut dyn FnMut(Duration) -> bool,
) -> Fate {
    if part.is_empty() {
        return Fate::Stored(Accepted::default());
    }
    let mut backoff = Backoff::default();
    loop {
        match counters.timed(|| sink.append(part.clone())) {
            Ok(accepted) => return Fate::Stored(accepted),
            Err(SinkError::Refused(reason)) => return Fate::Refused(reason),
            Err(SinkError::Unavailable(reason)) => {
                counters.store_away();
                counters.said(format_args!("records are held: {reason}"));
                tracing::warn!(reason, "the store is not available; records are held");
                if !wait(backoff.step()) {
                    return Fate::GivenUp;
                }
            }
        }
    }
}

fn halve(batch: &Batch) -> (Batch, Batch) {
    let (first, second) = batch.records.split_at(batch.len() / 2);
    (pick(batch, first), pick(batch, second))
}

/// The records `picked` of `batch` as a batch of their own.
fn pick(batch: &Batch, picked: &[gastrolog_types::NewRecord]) -> Batch {
    let mut out = Batch::default();
    for record in picked {
        let text = batch.text.get(record.start as usize..record.end as usize).unwrap_or(&[]);
        let attributes = batch.attributes.get(record.attributes as usize).cloned().unwrap_or_default();
        out.push(text, &attributes, record.ingest, record.source);
    }
    out
}

/// Parts wait on a stack, so the last is the first in order.
fn join(parts: Vec<Batch>) -> Batch {
    let mut whole = Batch::default();
    parts.into_iter().rev().for_each(|part| whole.append(part));
    whole
}

#[cfg(test)]
mod tests {
    use gastrolog_types::{Attributes, Timestamp};

    use super::*;
    use crate::DropReason;
    use crate::testing::MemorySink;

    fn lines(text: &str) -> Batch {
        Batch::from_lines(text.into(), Attributes::default(), Timestamp(1))
    }

    #[test]
    fn a_refused_record_does_not_take_the_others_with_it() {
        let sink = MemorySink::new().refuse_texts_with(b"bad");
        let counters = Counters::default();
        let outcome = store_batch(&sink, lines("a\nb\nbad\nc\nd\n"), &counters, &mut |_| false);
        assert!(matches!(outcome, Outcome::Settled));
        assert_eq!(sink.texts(), ["a", "b", "c", "d"]);
        let now = counters.snapshot();
        assert_eq!((now.stored, now.dropped_for(DropReason::Refused)), (4, 1));
    }

    #[test]
    fn waits_while_the_store_is_away_and_gives_the_rest_back_in_order() {
        let sink = MemorySink::new().fail_next(3);
        let counters = Counters::default();
        let mut waits = Vec::new();
        let mut wait = |d: Duration| {
            waits.push(d.as_millis());
            true
        };
        assert!(matches!(store_batch(&sink, lines("a\nb"), &counters, &mut wait), Outcome::Settled));
        assert_eq!(waits, [50, 100, 200]);
        sink.fail_from_now(u64::MAX);
        let Outcome::GivenUp(left) = store_batch(&sink, lines("x\ny"), &counters, &mut |_| false) else {
            panic!("stored by a store that is away");
        };
        assert_eq!((left.text_of(0), left.text_of(1)), (&b"x"[..], &b"y"[..]));
        assert_eq!(counters.snapshot().stored, 2);
    }
}
