//! The pieces a query reads, in the order of its answer: row groups and pending records.

use std::sync::Arc;

use crate::Order;
use gastrolog_chunk::{Pending, RowGroup, Snapshot};
use gastrolog_plan::{Plan, RowGroupPlan};

/// Place of a record in the order of an answer: time and sequence number, turned so that what comes first is
/// smaller.
pub(crate) type Key = (i64, u64);

/// Where a record stands among all: the time that the query goes by, and its sequence number. Neither changes when a
/// chunk is sealed or written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Nanoseconds since 1970; of no meaning in write order.
    pub time: i64,
    /// Sequence number.
    pub seq: u64,
}

/// Which order, and from which end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Direction {
    pub(crate) order: Order,
    pub(crate) oldest_first: bool,
}

impl Direction {
    /// The key of a record.
    #[inline]
    pub(crate) fn key(self, time: i64, seq: u64) -> Key {
        let time = if self.order == Order::Write { 0 } else { time };
        if self.oldest_first { (time, seq) } else { (!time, !seq) }
    }

    /// The place that a key stands for.
    pub(crate) fn place(self, (time, seq): Key) -> Place {
        if self.oldest_first { Place { time, seq } } else { Place { time: !time, seq: !seq } }
    }
}

/// A piece to read.
pub(crate) enum Unit<'a> {
    /// A row group that was not pruned.
    RowGroup { chunk: usize, plan: &'a RowGroupPlan, group: &'a Arc<RowGroup> },
    /// Records in memory.
    Pending(&'a Pending),
}

impl Unit<'_> {
    /// Times and sequence numbers that no record of the unit lies outside of: both first and last.
    fn span(&self, order: Order) -> ((i64, u64), (i64, u64)) {
        let (min, max, first_seq, rows) = match self {
            Unit::RowGroup { plan, group, .. } => {
                (plan.span.min.0, plan.span.max.0, group.entry.first_seq, u64::from(group.entry.rows))
            }
            Unit::Pending(p) => {
                // Their source times are not known before they are parsed: they may come anywhere.
                let known = order == Order::Ingest;
                let times = || p.batch.records.get(p.range.clone()).unwrap_or(&[]).iter().map(|r| r.ingest.0);
                let min = if known { times().min().unwrap_or(0) } else { i64::MIN };
                let max = if known { times().max().unwrap_or(0) } else { i64::MAX };
                (min, max, p.first_seq, p.range.len() as u64)
            }
        };
        ((min, first_seq), (max, first_seq + rows.saturating_sub(1)))
    }

    /// No record of the unit comes before this key.
    pub(crate) fn bound(&self, direction: Direction) -> Key {
        let ((min, first), (max, last)) = self.span(direction.order);
        let by_seq = direction.order == Order::Write;
        if direction.oldest_first {
            direction.key(min, if by_seq { first } else { 0 })
        } else {
            direction.key(max, if by_seq { last } else { u64::MAX })
        }
    }

    /// No record of the unit comes after this key.
    fn last(&self, direction: Direction) -> Key {
        let ((min, first), (max, last)) = self.span(direction.order);
        if direction.oldest_first { direction.key(max, last) } else { direction.key(min, first) }
    }
}

/// All units of a plan, in the order of their bounds, without those that have nothing behind `after`.
pub(crate) fn units<'a>(
    plan: &'a Plan,
    snapshot: &'a Snapshot,
    direction: Direction,
    after: Option<Place>,
) -> Vec<Unit<'a>> {
    let after = after.map(|place| direction.key(place.time, place.seq));
    let group = |chunk: usize, ordinal: usize| snapshot.chunks.get(chunk)?.row_groups().ok()?.get(ordinal);
    let mut units: Vec<Unit<'a>> = plan
        .reads()
        .filter_map(|(chunk, plan)| {
            Some(Unit::RowGroup { chunk: chunk.index, plan, group: group(chunk.index, plan.ordinal)? })
        })
        .chain(snapshot.pending.iter().map(Unit::Pending))
        .filter(|unit| after.is_none_or(|after| unit.last(direction) > after))
        .collect();
    units.sort_by_key(|u| u.bound(direction));
    units
}
