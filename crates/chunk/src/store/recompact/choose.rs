//! Which chunks are written anew next.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use gastrolog_types::Timestamp;

use super::RecompactPolicy;
use crate::store::Retention;
use crate::{Chunk, ChunkSummary};

/// A run of small chunks waits this many times the age for more of them, if it is not large enough before.
const PATIENCE: i64 = 4;

/// Chunks become one only if their records arrived within this part of the age at which they are removed: the whole
/// chunk goes when its newest record is that old.
const RETENTION_PART: u64 = 8;

/// The first run of chunks that `policy` names: one, or several small ones.
pub(super) fn choose(
    chunks: &[Arc<Chunk>],
    policy: &RecompactPolicy,
    now: Timestamp,
    retention: Retention,
    left_alone: &BTreeMap<u128, String>,
) -> Option<Range<usize>> {
    let span_ns_max = retention.age_ms.map_or(i64::MAX, |ms| ns(ms / RETENTION_PART));
    let chooser = Chooser { chunks, policy, now, span_ns_max, left_alone };
    let mut start = 0;
    while start < chunks.len() {
        let run = chooser.run(start);
        if chooser.is_worthwhile(&run) && chooser.is_ripe(&run) {
            return Some(run);
        }
        start = run.end.max(start + 1);
    }
    None
}

/// Bytes of its text, or of its file where attributes make that the larger one.
fn weight(summary: &ChunkSummary) -> u64 {
    summary.raw_bytes.max(summary.file_bytes)
}

fn ns(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

struct Chooser<'a> {
    chunks: &'a [Arc<Chunk>],
    policy: &'a RecompactPolicy,
    now: Timestamp,
    span_ns_max: i64,
    left_alone: &'a BTreeMap<u128, String>,
}

impl Chooser<'_> {
    fn may(&self, chunk: &Chunk) -> bool {
        let s = &chunk.summary;
        let small = weight(s) < self.policy.chunk_bytes / 2;
        // What was written anew once is small only where nothing fitted beside it: by hand it is tried again.
        let fresh = s.generation == 0 || self.policy.age_ms.is_none() && small;
        let known = s.records > 0 && !self.left_alone.contains_key(&s.id);
        chunk.sealed && known && fresh && self.is_old(s.ingest_time.max, 1)
    }

    fn is_old(&self, time: Timestamp, times: i64) -> bool {
        let age_ns = self.now.0.saturating_sub(time.0);
        self.policy.age_ms.is_none_or(|ms| age_ns >= ns(ms).saturating_mul(times))
    }

    /// As many chunks from `start` on as may become one.
    fn run(&self, start: usize) -> Range<usize> {
        let mut run = start..start;
        let (mut bytes, mut end_seq, mut begin) = (0u64, 0, i64::MAX);
        for chunk in self.chunks.get(start..).unwrap_or(&[]) {
            let s = &chunk.summary;
            let fits = bytes.saturating_add(weight(s)) <= self.policy.chunk_bytes;
            begin = begin.min(s.ingest_time.min.0);
            let near = s.ingest_time.max.0.saturating_sub(begin) <= self.span_ns_max;
            let follows = run.is_empty() || fits && near && s.first_seq >= end_seq;
            if !self.may(chunk) || !follows {
                break;
            }
            bytes = bytes.saturating_add(weight(s));
            end_seq = s.end_seq;
            run.end += 1;
        }
        run
    }

    fn of(&self, run: &Range<usize>) -> &[Arc<Chunk>] {
        self.chunks.get(run.clone()).unwrap_or(&[])
    }

    fn is_worthwhile(&self, run: &Range<usize>) -> bool {
        run.len() > 1 || self.of(run).iter().any(|c| c.summary.generation == 0)
    }

    /// Whether nothing will come that could be part of it.
    fn is_ripe(&self, run: &Range<usize>) -> bool {
        let bytes: u64 = self.of(run).iter().map(|c| weight(&c.summary)).sum();
        let next_is_settled =
            self.chunks.get(run.end).is_some_and(|c| c.sealed && self.is_old(c.summary.ingest_time.max, 1));
        let oldest = self.of(run).iter().map(|c| c.summary.ingest_time.min).min();
        self.policy.age_ms.is_none()
            || bytes >= self.policy.chunk_bytes / 2
            || next_is_settled
            || oldest.is_some_and(|t| self.is_old(t, PATIENCE))
    }
}
