//! Queries that begin with `context`: each match with the records around it that came from the same source.
//!
//! A stretch is found from the first of its matches in the order of the answer: back to where it begins, then forward
//! while it is handed out. Nothing of it is held but the few records that are part of it only if another match follows.

mod timeline;

use std::collections::{BTreeMap, HashMap};

use gastrolog_chunk::Snapshot;
use gastrolog_plan::Plan;
use gastrolog_query::Stage;
use gastrolog_types::Seq;

use self::timeline::{Seen, Spot, Timeline};
use crate::actual::Actual;
use crate::pace::Check;
use crate::run::Context;
use crate::stages::{Chain, Out, Row};
use crate::{Budget, ExecError, InContext, Order, Request};

/// Most records of other sources and of the same one that are looked at on one side of a match. A neighbour that is
/// farther away is not found.
const WALK_RECORDS_MAX: u64 = 100_000;

/// Most matches of one stretch. One more begins another stretch.
const STRETCH_MATCHES_MAX: u64 = 10_000;

/// What a stretch that is done takes in memory.
const STRETCH_BYTES: u64 = 64;

/// Finds the neighbours of matches.
pub(crate) struct Neighbours<'a> {
    before: u64,
    after: u64,
    timeline: Timeline<'a>,
    /// For each source the stretches handed out: first and last sequence number.
    done: HashMap<u32, BTreeMap<Seq, Seq>>,
    stretches: u64,
    with_fields: bool,
}

/// Where a stretch may reach to: not into those that were handed out.
#[derive(Clone, Copy)]
struct Room {
    source: u32,
    /// Sequence numbers from here on are free.
    from: Seq,
    /// … and up to here, exclusively.
    to: Seq,
}

impl<'a> Neighbours<'a> {
    /// For a query that begins with `context`.
    pub(crate) fn of(
        plan: &'a Plan,
        snapshot: &'a Snapshot,
        (order, with_fields): (Order, bool),
        context: Context<'a>,
    ) -> Option<Neighbours<'a>> {
        let Some(&Stage::Context { before, after }) = plan.query.stages.first() else { return None };
        let timeline = Timeline::new(plan, snapshot, order, context);
        Some(Neighbours { before, after, timeline, done: HashMap::new(), stretches: 0, with_fields })
    }

    /// What could not be read.
    pub(crate) fn damage(&mut self) -> Vec<String> {
        std::mem::take(&mut self.timeline.damage)
    }

    /// Counts what was read since this was last asked.
    pub(crate) fn count_reads(&mut self, budget: &Budget, actual: &mut Actual) -> Result<(), ExecError> {
        for (chunk, bytes) in self.timeline.reads.drain(..) {
            actual.late_read(chunk, bytes);
            budget.read(bytes);
        }
        budget.check_read()
    }

    /// Hands out the stretch of a match, unless it was handed out before; `false` when no more is wanted.
    pub(crate) fn around(
        &mut self,
        seq: Seq,
        request: &Request<'_>,
        chain: &mut Chain<'_>,
        out: Out<'_>,
    ) -> Result<bool, ExecError> {
        let Some(at) = self.timeline.find(seq) else { return Ok(true) };
        let Some(seen) = self.timeline.see(at) else { return Ok(true) };
        let Some(room) = self.room(seen) else { return Ok(true) };
        request.budget.hold(STRETCH_BYTES)?;
        let start = self.start(at, room)?;
        let first = self.timeline.see(start).map_or(seq, |s| s.seq);
        let mut last = first;
        let mut walk = Walk::default();
        let mut maybe: Vec<Spot> = Vec::new();
        let mut next = Some(start);
        let mut wanted = true;
        while let Some(at) = next.filter(|_| wanted && !self.is_over(&walk)) {
            next = self.timeline.next(at);
            walk.step(self.timeline.check())?;
            let Some(seen) = self.timeline.see(at) else { continue };
            if seen.source != room.source {
                continue;
            }
            if seen.seq >= room.to || (seen.matched && walk.matches == STRETCH_MATCHES_MAX) {
                break;
            }
            if seen.matched {
                walk.found();
                for at in maybe.drain(..) {
                    wanted = wanted && self.hand_out(at, false, chain, out)?;
                }
            } else if walk.matches == 0 {
                // It leads to the first match, which is not too far: that was seen on the way back.
                walk.records = 0;
            } else {
                walk.since += 1;
                if walk.since > self.after {
                    maybe.push(at);
                    continue;
                }
            }
            wanted = wanted && self.hand_out(at, seen.matched, chain, out)?;
            last = seen.seq;
        }
        self.stretches += 1;
        self.done.entry(room.source).or_default().insert(first, last.max(seq));
        Ok(wanted)
    }

    /// Whether no match can follow that belongs to the stretch.
    fn is_over(&self, walk: &Walk) -> bool {
        let far = walk.matches > 0 && walk.since >= self.after + self.before;
        far || walk.records > WALK_RECORDS_MAX
    }

    /// The room around a match; `None` when it was handed out.
    fn room(&self, seen: Seen) -> Option<Room> {
        let Seen { seq, source, .. } = seen;
        let Some(done) = self.done.get(&source) else { return Some(Room { source, from: 0, to: Seq::MAX }) };
        let from = match done.range(..=seq).next_back() {
            Some((_, &last)) if last >= seq => return None,
            Some((_, &last)) => last + 1,
            None => 0,
        };
        let to = done.range(seq..).next().map_or(Seq::MAX, |(&first, _)| first);
        Some(Room { source, from, to })
    }

    /// Where the stretch of the match at `at` begins.
    fn start(&mut self, at: Spot, room: Room) -> Result<Spot, ExecError> {
        let mut start = at;
        let mut walk = Walk { matches: 1, ..Walk::default() };
        let mut next = self.timeline.previous(at);
        while let Some(at) = next.filter(|_| !self.is_over(&walk)) {
            next = self.timeline.previous(at);
            walk.step(self.timeline.check())?;
            let Some(seen) = self.timeline.see(at) else { continue };
            if seen.seq < room.from {
                break;
            }
            if seen.source != room.source {
                continue;
            }
            walk.since += 1;
            if seen.matched {
                if walk.matches >= STRETCH_MATCHES_MAX / 2 {
                    break;
                }
                walk.found();
                start = at;
            } else if walk.since <= self.before {
                start = at;
            }
        }
        Ok(start)
    }

    fn hand_out(
        &mut self,
        at: Spot,
        matched: bool,
        chain: &mut Chain<'_>,
        out: Out<'_>,
    ) -> Result<bool, ExecError> {
        let Some(record) = self.timeline.record(at) else { return Ok(true) };
        let mut row = chain.row_of(record, self.with_fields);
        if let Row::Record(found) = &mut row {
            found.context = Some(InContext { stretch: self.stretches, matched });
        }
        chain.push(row, out)
    }
}

/// What a walk in one direction has met.
#[derive(Default)]
struct Walk {
    matches: u64,
    /// Records of the source since the last match.
    since: u64,
    /// Records since the last match.
    records: u64,
    steps: u64,
}

impl Walk {
    fn found(&mut self) {
        self.matches += 1;
        (self.since, self.records) = (0, 0);
    }

    fn step(&mut self, check: Check<'_>) -> Result<(), ExecError> {
        self.records += 1;
        self.steps += 1;
        if self.steps.is_multiple_of(1024) { check() } else { Ok(()) }
    }
}
