//! The steps of processing, in their order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use gastrolog_index::Pipeline;
use gastrolog_ingest::DropReason;
use gastrolog_ingest::multiline::{Multiline, MultilineConfig};

use crate::draft::{Draft, Piece};
use crate::redact::{RedactConfig, Redactor};
use crate::remember::Decisions;
use crate::sample::Sample;
use crate::tail::Tail;
use crate::view::{Scratch, View};
use crate::{Condition, Limits, ProcessError, RateConfig, RateLimit, SampleConfig, TailConfig, multiline};

/// What is done with records; nothing by default. The steps are in the order in which they are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessConfig {
    /// Put lines together.
    pub multiline: Option<MultilineConfig>,
    /// Drop what satisfies one of these conditions.
    pub drop: Vec<String>,
    /// Keep a share; the first rule that is about a record decides.
    pub sample: Vec<SampleConfig>,
    /// Bound what a source may bring.
    pub rate_limit: Option<RateConfig>,
    /// Keep or leave out traces as a whole.
    pub tail_sample: Option<TailConfig>,
    /// Take secrets out.
    pub redact: Vec<RedactConfig>,
    /// Cut what is too long.
    pub limits: Limits,
}

/// Processing, ready to use.
pub struct Process {
    pipeline: Arc<Pipeline>,
    multiline: Option<Multiline>,
    drop: Vec<Condition>,
    sample: Vec<Sample>,
    rate_limit: Option<RateLimit>,
    pub(crate) tail: Option<Tail>,
    redact: Option<Redactor>,
    limits: Limits,
}

/// What one run leaves behind.
#[derive(Default)]
pub(crate) struct Removed {
    /// Records that are gone, and why.
    pub(crate) records: Vec<(u32, DropReason)>,
    /// What was cut by source, to be told of once it is final.
    pub(crate) cuts: HashMap<Vec<u8>, u64>,
}

impl Process {
    /// Compiles it; `pipeline` finds the fields.
    pub fn new(config: &ProcessConfig, pipeline: Arc<Pipeline>) -> Result<Process, ProcessError> {
        Ok(Process {
            pipeline,
            multiline: config.multiline.clone().map(Multiline::new).transpose()?,
            drop: config.drop.iter().map(|c| Condition::new(c)).collect::<Result<_, _>>()?,
            sample: config.sample.iter().map(Sample::new).collect::<Result<_, _>>()?,
            rate_limit: config.rate_limit.clone().map(RateLimit::new).transpose()?,
            tail: config.tail_sample.as_ref().map(Tail::new).transpose()?,
            redact: (!config.redact.is_empty()).then(|| Redactor::new(&config.redact)).transpose()?,
            limits: config.limits,
        })
    }

    /// The limit of rates, for those who show what it cut.
    pub fn rate_limit(&self) -> Option<&RateLimit> {
        self.rate_limit.as_ref()
    }

    /// Whether something is decided by more than the record itself.
    pub(crate) fn depends_on_others(&self) -> bool {
        self.rate_limit.is_some() || self.tail.is_some()
    }

    /// From now on no batch is held for the rest of its traces; those that are go on.
    pub fn drain(&self) {
        self.tail.iter().for_each(Tail::drain);
    }

    /// Records that tail sampling left out before their time because too much was held; none without it.
    pub fn sampled_early(&self) -> Option<u64> {
        self.tail.as_ref().map(Tail::early_records)
    }

    /// Whether it takes secrets out.
    pub(crate) fn redacts(&self) -> bool {
        self.redact.is_some()
    }

    /// Whether it takes out values by the names of their fields.
    pub(crate) fn redacts_fields(&self) -> bool {
        self.redact.as_ref().is_some_and(Redactor::names_fields)
    }

    /// `text` without its secrets; `None` when it has none.
    pub(crate) fn redacted(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.redact.as_ref()?.text(text, &self.pipeline)
    }

    /// Puts lines together; returns which records are part of others now.
    pub(crate) fn group(&self, draft: &mut Draft<'_>) -> Vec<u32> {
        self.multiline.as_ref().map_or_else(Vec::new, |by| multiline::group(draft, by))
    }

    /// Takes all other steps, after `merged` have become part of other records. Nothing but the limit of rates and tail
    /// sampling depends on more than the records. Blocks while tail sampling holds the batch.
    pub(crate) fn run(
        &self,
        draft: &mut Draft<'_>,
        merged: Vec<u32>,
        decisions: &mut Decisions,
        now: Instant,
    ) -> Removed {
        let (scratch, mut removed) = (Scratch::default(), Removed::default());
        removed.records.extend(merged.into_iter().map(|id| (id, DropReason::Merged)));
        if !(self.drop.is_empty() && self.sample.is_empty() && self.rate_limit.is_none()) {
            let pieces = std::mem::take(&mut draft.pieces);
            let kept = pieces.into_iter().filter(|piece| {
                let reason = self.reason(draft, piece, &scratch, decisions, now, &mut removed);
                removed.records.extend(reason.map(|reason| (piece.id, reason)));
                reason.is_none()
            });
            draft.pieces = kept.collect();
        }
        if let Some(tail) = &self.tail {
            removed.records.extend(tail.apply(draft, &self.pipeline, &scratch, decisions));
        }
        if let Some(redactor) = &self.redact {
            redactor.apply(draft, &self.pipeline, &scratch);
        }
        if self.limits != Limits::default() {
            self.limits.apply(draft, &self.pipeline, &scratch);
        }
        removed
    }

    /// Makes known what a run has cut, once that is final.
    pub(crate) fn settle(&self, removed: &Removed) {
        if let Some(limit) = &self.rate_limit {
            removed.cuts.iter().for_each(|(source, records)| limit.was_cut(source, *records));
        }
    }

    fn reason(
        &self,
        draft: &Draft<'_>,
        piece: &Piece,
        scratch: &Scratch,
        decisions: &mut Decisions,
        now: Instant,
        removed: &mut Removed,
    ) -> Option<DropReason> {
        let (text, attributes) = (draft.text_of(piece), draft.attributes_of(piece));
        let view = View::new(text, attributes, &self.pipeline, scratch);
        if self.drop.iter().any(|condition| condition.holds(&view)) {
            return Some(DropReason::Filtered);
        }
        if self.sample.iter().find(|s| s.is_about(&view)).is_some_and(|s| !s.keeps(&view, text)) {
            return Some(DropReason::Sampled);
        }
        let limit = self.rate_limit.as_ref()?;
        let source = attributes.iter().find(|(name, _)| *name == limit.per()).map_or(&b""[..], |(_, v)| v);
        if decisions.decide(|| limit.admits(source, now)) {
            return None;
        }
        match removed.cuts.get_mut(source) {
            Some(count) => *count += 1,
            None => drop(removed.cuts.insert(source.to_vec(), 1)),
        }
        Some(DropReason::RateLimited)
    }
}
