//! Has row groups made of records, and looks whether they can be read before anything is let go of for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::ScopedJoinHandle;

use gastrolog_env::spawn_scoped;
use gastrolog_format::Shapes;
use gastrolog_format::row_group::EncodedRowGroup;

use super::error::FlushError;
use super::state::end_seq;
use super::{Encoder, Shared, read_back};
use crate::Pending;

pub(super) type Encoded = (EncodedRowGroup, Shapes);

/// Encodes each plan, all at the same time.
pub(super) fn encode_all(shared: &Shared, plans: &[Vec<Pending>]) -> Result<Vec<Vec<Encoded>>, FlushError> {
    let encode = |plan: &Vec<Pending>| {
        let begin_ns = shared.env.clock.monotonic_ns();
        let encoded = encode_somehow(shared, plan);
        shared.meter.build.note_ns(shared.env.clock.monotonic_ns().saturating_sub(begin_ns));
        encoded
    };
    // The last one is for the thread at hand, which would only wait.
    let Some((last, others)) = plans.split_last() else { return Ok(Vec::new()) };
    std::thread::scope(|scope| {
        let start = |plan| (plan, spawn_scoped(scope, move || encode(plan)));
        let threads: Vec<_> = others.iter().map(start).collect();
        let last = encode(last);
        let died = |_| Err(FlushError::new("the encoder panicked"));
        // Where the system has no thread left it takes longer.
        let finish = |(plan, thread): (_, Option<ScopedJoinHandle<'_, _>>)| {
            thread.map_or_else(|| encode(plan), |thread| thread.join().unwrap_or_else(died))
        };
        threads.into_iter().map(finish).chain([last]).collect()
    })
}

/// The row groups of a plan, which can be read: as they should be, or else as text. Records that were acknowledged must not
/// wait for who mends an encoder.
fn encode_somehow(shared: &Shared, plan: &[Pending]) -> Result<Vec<Encoded>, FlushError> {
    encode_readable(plan, &|plan| shared.encoder.encode(plan)).or_else(|error| {
        shared.state.lock().note(&format!("{}; written as text", error.reason));
        encode_as_text(&*shared.encoder, plan)
    })
}

/// The row groups of a plan as text, of fewer records at a time where that is too much.
fn encode_as_text(encoder: &dyn Encoder, plan: &[Pending]) -> Result<Vec<Encoded>, FlushError> {
    encode_readable(plan, &|plan| encoder.encode_as_text(plan)).or_else(|error| {
        let records: usize = plan.iter().map(|p| p.range.len()).sum();
        if records < 2 {
            return Err(error);
        }
        let (first, others) = Pending::split(plan, records / 2);
        let mut groups = encode_as_text(encoder, &first)?;
        groups.extend(encode_as_text(encoder, &others)?);
        Ok(groups)
    })
}

fn encode_readable(
    plan: &[Pending],
    encode_plan: &dyn Fn(&[Pending]) -> Vec<Encoded>,
) -> Result<Vec<Encoded>, FlushError> {
    let groups = encode(plan, encode_plan)?;
    let looked = read_back::sections(&groups).and_then(|()| {
        // That the values are right is for tests to hold: to read them takes half as long as to write them.
        if cfg!(debug_assertions) { read_back::records(plan, &groups, false) } else { Ok(()) }
    });
    looked.map(|()| groups).map_err(FlushError::new)
}

/// What `encode_plan` makes of a plan: row groups of all of its records, in order.
pub(super) fn encode(
    plan: &[Pending],
    encode_plan: &dyn Fn(&[Pending]) -> Vec<Encoded>,
) -> Result<Vec<Encoded>, FlushError> {
    let encoded = catch_unwind(AssertUnwindSafe(|| encode_plan(plan)));
    let encoded = encoded.map_err(|_| FlushError::new("the encoder panicked"))?;
    let mut seq = plan.first().map(|p| p.first_seq);
    for (EncodedRowGroup { header, .. }, _) in &encoded {
        seq = seq
            .filter(|&seq| seq == header.first_seq && header.rows > 0)
            .map(|seq| seq + u64::from(header.rows));
    }
    if seq.is_some() && seq == plan.last().map(end_seq) {
        Ok(encoded)
    } else {
        Err(FlushError::new("the encoder made row groups of other records than it was given"))
    }
}
