//! Tail sampling: a trace is kept or left out as a whole, by what comes in any of its records.

mod hold;
mod trace;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use gastrolog_index::Pipeline;
use gastrolog_ingest::DropReason;
use rapidhash::v3::rapidhash_v3;

use self::hold::Hold;
use self::trace::Seen;
use crate::draft::Draft;
use crate::remember::Decisions;
use crate::sample::Share;
use crate::view::{Scratch, View};
use crate::{Condition, ProcessError};

/// A sender waits no longer for the rest of a trace: less than what exporters of OTLP wait for an answer (10 s).
const WAIT_MAX: Duration = Duration::from_secs(if cfg!(test) { 60 } else { 5 });

/// What a record costs while it is held, beside its text.
const RECORD_BYTES: usize = 64;

/// How traces are sampled.
#[derive(Clone, Debug, PartialEq)]
pub struct TailConfig {
    /// Which records it is about; none: all that have the field.
    pub when: Option<String>,
    /// The field or attribute that names the trace; records without it are kept.
    pub by: String,
    /// The share of the traces that is kept whatever they hold, 0 to 1.
    pub rate: f64,
    /// A trace with a record for which this holds is kept, as is one with a record of [`ERRORS`](crate::ERRORS).
    pub keep: Option<String>,
    /// How long a batch, and who waits for its acknowledgement, is held for the rest of its traces. With zero a trace is
    /// judged by what its batch holds and what came before.
    pub wait: Duration,
    /// Traces of which something is known; beyond it the oldest is decided on, then forgotten.
    pub traces_max: usize,
    /// Bytes of the batches that are held; beyond it the traces of the oldest are decided on.
    pub bytes_max: usize,
}

impl Default for TailConfig {
    fn default() -> Self {
        TailConfig {
            when: None,
            by: "trace_id".into(),
            rate: 0.0,
            keep: None,
            wait: Duration::ZERO,
            traces_max: 50_000,
            bytes_max: 64 << 20,
        }
    }
}

/// Tail sampling, ready to use.
pub(crate) struct Tail {
    when: Option<Condition>,
    by: String,
    share: Share,
    hold: Hold,
}

/// Records of one batch by their traces.
#[derive(Default)]
struct ByTrace {
    /// By piece: its trace, if it depends on it.
    pieces: Vec<Option<u64>>,
    traces: HashMap<u64, Seen>,
}

impl Tail {
    pub(crate) fn new(config: &TailConfig) -> Result<Tail, ProcessError> {
        if config.wait > WAIT_MAX {
            let why = format!("`wait` of tail sampling is longer than {} s", WAIT_MAX.as_secs());
            return Err(ProcessError::Config(why));
        }
        if config.traces_max == 0 {
            return Err(ProcessError::Config("`traces_max` of tail sampling is 0".into()));
        }
        Ok(Tail {
            when: config.when.as_deref().map(Condition::new).transpose()?,
            by: config.by.clone(),
            share: Share::new(config.rate, config.keep.as_deref())?,
            hold: Hold::new(config.wait, config.traces_max, config.bytes_max),
        })
    }

    /// Removes what is left out; waits for the rest of the traces if it is to. A batch that is tried again meets the
    /// decisions of the first time.
    pub(crate) fn apply(
        &self,
        draft: &mut Draft<'_>,
        pipeline: &Pipeline,
        scratch: &Scratch,
        decisions: &mut Decisions,
    ) -> Vec<(u32, DropReason)> {
        let kept = decisions.decide_all(draft.pieces.len(), || self.decide(draft, pipeline, scratch));
        let mut removed = Vec::new();
        let mut kept = kept.into_iter();
        draft.pieces.retain(|piece| {
            let stays = kept.next().unwrap_or(true);
            if !stays {
                removed.push((piece.id, DropReason::Sampled));
            }
            stays
        });
        removed
    }

    /// By piece: whether it is kept.
    fn decide(&self, draft: &Draft<'_>, pipeline: &Pipeline, scratch: &Scratch) -> Vec<bool> {
        let ByTrace { pieces, traces } = self.by_trace(draft, pipeline, scratch);
        if traces.is_empty() {
            return vec![true; pieces.len()];
        }
        let bytes = draft.pieces.iter().map(|piece| draft.text_of(piece).len() + RECORD_BYTES).sum();
        let left_out: HashSet<u64> = self.hold.left_out(&traces, bytes);
        pieces.iter().map(|trace| trace.is_none_or(|key| !left_out.contains(&key))).collect()
    }

    fn by_trace(&self, draft: &Draft<'_>, pipeline: &Pipeline, scratch: &Scratch) -> ByTrace {
        let mut by = ByTrace::default();
        for piece in &draft.pieces {
            let view = View::new(draft.text_of(piece), draft.attributes_of(piece), pipeline, scratch);
            let id = self.when.as_ref().is_none_or(|when| when.holds(&view)).then(|| view.value_of(&self.by));
            // A trace that the share keeps needs no looking after.
            let id = id.flatten().filter(|id| !id.is_empty() && !self.share.has(rapidhash_v3(id)));
            let key = id.map(|id| self.hold.key(&id));
            if let Some(key) = key {
                let seen = by.traces.entry(key).or_default();
                seen.records += 1;
                seen.keeps = seen.keeps || self.share.is_kept_always(&view);
            }
            by.pieces.push(key);
        }
        by
    }

    /// Decides on all that is held, and holds nothing from now on.
    pub(crate) fn drain(&self) {
        self.hold.drain();
    }

    /// Records that were left out before their time, because too much was held.
    pub(crate) fn early_records(&self) -> u64 {
        self.hold.early_records()
    }

    /// Batches that wait now.
    #[cfg(test)]
    pub(crate) fn batches_held(&self) -> usize {
        self.hold.batches_held()
    }
}
