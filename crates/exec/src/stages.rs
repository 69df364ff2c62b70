//! What is done with rows after the filter: each stage takes rows and hands rows on.

mod aggregate;
mod cut;
mod eval;
mod fields;
mod head;
mod keep;
mod memory;
mod order;
mod row;
mod side;
mod sort;
mod steps;
mod thin;
mod told;

use std::cell::Cell;

use gastrolog_index::Pipeline;
use gastrolog_query::Stage;
use gastrolog_types::Record;

use crate::actual::StageActual;
use crate::pace::Check;
use crate::record::fields_of;
use crate::run::Context;
use crate::{Answer, ExecError, FoundRecord, Request};

pub(crate) use order::compare;
pub(crate) use row::Row;
pub use steps::streams;
use told::Told;

/// Takes the answer; `false` when it wants no more.
pub(crate) type Out<'a> = &'a mut dyn FnMut(Answer) -> bool;

/// Takes the rows of a step; `false` when it wants no more.
type Next<'a> = &'a mut dyn FnMut(Row) -> Result<bool, ExecError>;

/// Rows that steps take between two looks at whether the query shall go on: an expression may take long for each.
const ROWS_BETWEEN_CHECKS: u32 = 16;

/// One stage at work.
trait Step {
    /// Takes a row and gives what comes of it to `next`; `false` when no more rows are wanted.
    fn push(&mut self, row: Row, next: Next<'_>) -> Result<bool, ExecError>;

    /// Gives the rows that were held back. Called once, after the last row.
    fn finish(&mut self, _next: Next<'_>) -> Result<(), ExecError> {
        Ok(())
    }

    /// Whether it looks at fields of records, so that they must come with theirs.
    fn needs_fields(&self) -> bool {
        true
    }
}

/// The stages of a query as a chain. Rows go in at the front and come out of the far end as an answer.
pub(crate) struct Chain<'q> {
    steps: Vec<Told<'q>>,
    end: End,
    pulse: Pulse<'q>,
    pipeline: &'q Pipeline,
}

/// Asks now and then whether the query shall go on: one row in may be very many rows further on.
struct Pulse<'q> {
    rows: Cell<u32>,
    check: Check<'q>,
}

impl Pulse<'_> {
    fn beat(&self) -> Result<(), ExecError> {
        self.rows.set(self.rows.get().wrapping_add(1));
        if self.rows.get().is_multiple_of(ROWS_BETWEEN_CHECKS) { (self.check)() } else { Ok(()) }
    }
}

/// Where the rows come out.
struct End {
    limit: u64,
    returned: u64,
    with_fields: bool,
    /// Columns of the table that comes out; `None` while records do.
    columns: Option<Vec<String>>,
    columns_said: bool,
}

impl<'q> Chain<'q> {
    /// A chain of the stages of a query from the place `from` on, for rows that have the columns `input` (`None`:
    /// records).
    pub(crate) fn new(
        stages: &'q [Stage],
        from: usize,
        input: Option<Vec<String>>,
        request: &Request<'q>,
        context: Context<'q>,
    ) -> Result<Chain<'q>, ExecError> {
        let pipeline = context.pipeline;
        let (steps, columns) = steps::steps(stages, from, input, request, pipeline)?;
        let limit = request.limit.unwrap_or(u64::MAX);
        let with_fields = request.with_fields;
        let end = End { limit, returned: 0, with_fields, columns, columns_said: false };
        let pulse = Pulse { rows: Cell::new(0), check: context.check };
        Ok(Chain { steps, end, pulse, pipeline })
    }

    /// Whether some stage looks at fields of records, so that records must come with theirs.
    pub(crate) fn needs_fields(&self) -> bool {
        self.steps.iter().any(|told| told.step.needs_fields())
    }

    /// What went through each stage, with the place of it in the query.
    pub(crate) fn told(&self) -> impl Iterator<Item = (usize, StageActual)> {
        self.steps.iter().map(|told| (told.place, told.actual))
    }

    /// Rows handed out.
    pub(crate) fn returned(&self) -> u64 {
        self.end.returned
    }

    /// Puts a row in; `false` when no more are wanted.
    pub(crate) fn push(&mut self, row: Row, out: Out<'_>) -> Result<bool, ExecError> {
        push(&mut self.steps, row, &self.pulse, &mut |row| Ok(self.end.hand_out(row, out)))
    }

    /// Lets stages that hold rows give them. Call once, after the last row.
    pub(crate) fn finish(&mut self, out: Out<'_>) -> Result<(), ExecError> {
        let mut rest = self.steps.as_mut_slice();
        while let Some((step, behind)) = rest.split_first_mut() {
            let (end, pulse) = (&mut self.end, &self.pulse);
            step.finish(&mut |row| push(behind, row, pulse, &mut |row| Ok(end.hand_out(row, out))))?;
            rest = behind;
        }
        self.end.say_columns(out);
        Ok(())
    }

    /// A record as a row, with its fields if they are needed.
    pub(crate) fn row_of(&self, record: Record, with_fields: bool) -> Row {
        let fields = if with_fields { fields_of(&record, self.pipeline) } else { Vec::new() };
        Row::Record(FoundRecord { record, fields, computed: Vec::new(), context: None })
    }
}

fn push(steps: &mut [Told<'_>], row: Row, pulse: &Pulse<'_>, out: Next<'_>) -> Result<bool, ExecError> {
    pulse.beat()?;
    match steps.split_first_mut() {
        Some((step, behind)) => step.push(row, &mut |row| push(behind, row, pulse, out)),
        None => out(row),
    }
}

impl End {
    fn hand_out(&mut self, row: Row, out: Out<'_>) -> bool {
        if self.returned >= self.limit || !self.say_columns(out) {
            return false;
        }
        self.returned += 1;
        let wanted = match row {
            Row::Record(found) if self.with_fields => out(Answer::Record(found)),
            // They were for the stages alone.
            Row::Record(found) => out(Answer::Record(FoundRecord { fields: Vec::new(), ..found })),
            Row::Table(values) => out(Answer::Row(values)),
        };
        wanted && self.returned < self.limit
    }

    fn say_columns(&mut self, out: Out<'_>) -> bool {
        if self.columns_said {
            return true;
        }
        self.columns_said = true;
        self.columns.as_ref().is_none_or(|names| out(Answer::Columns(names.clone())))
    }
}
