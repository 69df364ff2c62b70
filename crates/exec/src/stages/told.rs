//! A step that counts the rows through it and measures its time, so that explain can tell them.

use std::time::Instant;

use super::{Next, Step};
use crate::ExecError;
use crate::actual::StageActual;
use crate::stages::Row;

/// One row in so many is timed, and stands for the others: a look at the clock costs as much as a cheap step.
const TIMED_EVERY: u64 = 64;

/// A step with what went through it.
pub(super) struct Told<'q> {
    /// Place of its stage in the query.
    pub(super) place: usize,
    pub(super) step: Box<dyn Step + 'q>,
    pub(super) actual: StageActual,
}

impl<'q> Told<'q> {
    pub(super) fn new(place: usize, step: Box<dyn Step + 'q>) -> Told<'q> {
        Told { place, step, actual: StageActual::default() }
    }

    pub(super) fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError> {
        let timed = self.actual.rows_in.is_multiple_of(TIMED_EVERY);
        self.actual.rows_in += 1;
        if !timed {
            let rows_out = &mut self.actual.rows_out;
            return self.step.push(row, &mut |row| {
                *rows_out += 1;
                next(row)
            });
        }
        self.timed(TIMED_EVERY, |step, next| step.push(row, next), next)
    }

    pub(super) fn finish(&mut self, next: Next<'_>) -> Result<(), ExecError> {
        self.timed(1, |step, next| step.finish(next), next)
    }

    /// Runs the step and counts its time `times`, that of the steps behind it left out.
    fn timed<T>(
        &mut self,
        times: u64,
        run: impl FnOnce(&mut (dyn Step + 'q), Next<'_>) -> Result<T, ExecError>,
        next: Next<'_>,
    ) -> Result<T, ExecError> {
        let (begin, mut behind_ns) = (Instant::now(), 0);
        let rows_out = &mut self.actual.rows_out;
        let done = run(&mut *self.step, &mut |row| {
            *rows_out += 1;
            let begin = Instant::now();
            let wanted = next(row);
            behind_ns += begin.elapsed().as_nanos() as u64;
            wanted
        });
        let own = (begin.elapsed().as_nanos() as u64).saturating_sub(behind_ns);
        self.actual.nanos += own.saturating_mul(times);
        done
    }
}
