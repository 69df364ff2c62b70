//! The sink in front of the stores.

use std::sync::Arc;
use std::time::Instant;

use gastrolog_ingest::{Accepted, Sink, SinkError};
use gastrolog_types::Batch;

use crate::draft::Draft;
use crate::fates::Fates;
use crate::parts::{Part, Parts};
use crate::process::Removed;
use crate::remember::{Attempt, Memory};
use crate::route::Plan;
use crate::{Process, Router};

/// Tells the time for limits of rates.
type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Processes batches of one receiver and hands them on to the stores that the rules name. A batch is acknowledged when
/// all of these stores have it; if one is away the batch is to be tried again, and does not reach the others twice
/// while it is remembered.
pub struct ProcessSink {
    lanes: Vec<Arc<dyn Sink>>,
    own: usize,
    process: Option<Arc<Process>>,
    groups: bool,
    router: Option<Arc<Router>>,
    /// None where nothing depends on more than the batch.
    memory: Option<Memory>,
    now: Now,
}

/// Something of the rule with this number.
type ByRule<T> = (usize, T);

/// How a batch goes on.
enum Next {
    /// As it came, to one store.
    Whole(usize),
    /// It has gone, in parts; the first number it was given.
    Gone(u64),
}

impl ProcessSink {
    /// In front of `sink`, which is the store `own`, and of the stores of `router`.
    pub fn new(
        own: &str,
        sink: Arc<dyn Sink>,
        process: Option<Arc<Process>>,
        router: Option<Arc<Router>>,
    ) -> ProcessSink {
        let (lanes, own) = match &router {
            Some(router) => router.lanes(own, sink),
            None => (vec![sink], 0),
        };
        let depends = process.as_ref().is_some_and(|p| p.depends_on_others());
        let memory = (lanes.len() > 1 || depends).then(Memory::default);
        ProcessSink { lanes, own, process, groups: true, router, memory, now: Arc::new(Instant::now) }
    }

    /// For a receiver that has put lines together already.
    pub fn without_grouping(self) -> ProcessSink {
        ProcessSink { groups: false, ..self }
    }

    /// With a clock of its own, for tests.
    pub fn with_clock(self, now: impl Fn() -> Instant + Send + Sync + 'static) -> ProcessSink {
        ProcessSink { now: Arc::new(now), ..self }
    }

    fn work(&self, batch: Batch, attempt: &mut Attempt) -> Result<Accepted, SinkError> {
        let now = (self.now)();
        let mut draft = Draft::new(&batch);
        let mut fates = Fates::of(draft.len());
        let removed = match &self.process {
            Some(process) => {
                let merged = if self.groups { process.group(&mut draft) } else { Vec::new() };
                process.run(&mut draft, merged, &mut attempt.decisions, now)
            }
            None => Removed::default(),
        };
        let plan = self.router.as_ref().map(|router| router.plan(&draft, self.own));
        let (drafts, special) = self.special(&draft, plan.as_ref(), attempt, now);
        let parts = self.parts(&draft, plan.as_ref(), &drafts);
        let next = match &parts[..] {
            [part] if part.is_whole(&batch) => Next::Whole(part.lane),
            _ => Next::Gone(Parts { lanes: &self.lanes, parts: &parts }.send(&mut fates, attempt)?),
        };
        drop(parts);
        drop((drafts, draft));
        let first_seq = match next {
            Next::Gone(first_seq) => first_seq,
            Next::Whole(lane) => {
                let sink = self.lanes.get(lane).ok_or_else(no_lane)?;
                let accepted = sink.append(batch)?;
                fates.all_stored();
                accepted.first_seq
            }
        };
        special.iter().for_each(|(_, removed)| fates.removed(removed));
        self.settle(&removed, plan.as_ref(), &special, &mut fates);
        Ok(fates.accepted(first_seq))
    }

    /// Runs the processing of the rules that have one.
    fn special<'b>(
        &self,
        draft: &Draft<'b>,
        plan: Option<&Plan>,
        attempt: &mut Attempt,
        now: Instant,
    ) -> (Vec<ByRule<Draft<'b>>>, Vec<ByRule<Removed>>) {
        let (mut drafts, mut all_removed) = (Vec::new(), Vec::new());
        let (Some(plan), Some(router)) = (plan, &self.router) else { return (drafts, all_removed) };
        for (i, (rule, pieces)) in router.rules.iter().zip(&plan.special).enumerate() {
            if let Some(process) = rule.process.as_ref().filter(|_| !pieces.is_empty()) {
                let mut own = draft.with_pieces(pieces.clone());
                let removed = process.run(&mut own, Vec::new(), &mut attempt.decisions, now);
                drafts.push((i, own));
                all_removed.push((i, removed));
            }
        }
        (drafts, all_removed)
    }

    /// What goes to each store: records as they are, then those that rules have processed. A record that is on its way to a
    /// store does not go there once more.
    fn parts<'d, 'b>(
        &self,
        draft: &'d Draft<'b>,
        plan: Option<&Plan>,
        special: &'d [ByRule<Draft<'b>>],
    ) -> Vec<Part<'d, 'b>> {
        let Some((plan, router)) = plan.zip(self.router.as_ref()) else {
            let all = Part { lane: self.own, draft, pieces: draft.pieces.clone() };
            return [all].into_iter().filter(|part| !part.pieces.is_empty()).collect();
        };
        let mut parts = Vec::new();
        for lane in 0..self.lanes.len() {
            let goes = |&(_, bits): &(_, &u64)| bits & (1 << lane) != 0;
            let pieces = draft.pieces.iter().zip(&plan.lanes).filter(goes).map(|(piece, _)| *piece);
            parts.push(Part { lane, draft, pieces: pieces.collect() });
        }
        for (i, own) in special {
            for lane in router.rules.get(*i).into_iter().flat_map(|rule| rule.lanes.iter().copied()) {
                let before = parts.iter().filter(|part| part.lane == lane);
                let gone: std::collections::HashSet<u32> =
                    before.flat_map(|part| part.pieces.iter().map(|piece| piece.id)).collect();
                let pieces = own.pieces.iter().filter(|piece| !gone.contains(&piece.id)).copied();
                parts.push(Part { lane, draft: own, pieces: pieces.collect() });
            }
        }
        parts.retain(|part| !part.pieces.is_empty());
        parts
    }

    /// Counts, now that all is stored.
    fn settle(&self, removed: &Removed, plan: Option<&Plan>, special: &[ByRule<Removed>], fates: &mut Fates) {
        fates.removed(removed);
        if let Some(process) = &self.process {
            process.settle(removed);
        }
        let Some((plan, router)) = plan.zip(self.router.as_ref()) else { return };
        router.settle(plan);
        plan.unrouted.iter().for_each(|id| fates.unrouted(*id));
        for (i, removed) in special {
            if let Some(process) = router.rules.get(*i).and_then(|rule| rule.process.as_ref()) {
                process.settle(removed);
            }
        }
    }
}

pub(crate) fn no_lane() -> SinkError {
    SinkError::Refused("a route leads nowhere".into())
}

impl Sink for ProcessSink {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        let Some(memory) = &self.memory else { return self.work(batch, &mut Attempt::default()) };
        let key = memory.key(&batch);
        let mut attempt = memory.take(key);
        let done = self.work(batch, &mut attempt);
        if matches!(done, Err(SinkError::Unavailable(_))) {
            memory.put(key, attempt);
        }
        done
    }
}
