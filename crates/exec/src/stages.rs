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

use gastrolog_index::Pipeline;
use gastrolog_query::Stage;
use gastrolog_types::Record;

use crate::record::fields_of;
use crate::{Answer, ExecError, FoundRecord, Request};

pub(crate) use order::compare;
pub(crate) use row::Row;
pub use steps::streams;

/// Takes the answer; `false` when it wants no more.
pub(crate) type Out<'a> = &'a mut dyn FnMut(Answer) -> bool;

/// Takes the rows of a step; `false` when it wants no more.
type Next<'a> = &'a mut dyn FnMut(Row) -> Result<bool, ExecError>;

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
    steps: Vec<Box<dyn Step + 'q>>,
    end: End,
    pipeline: &'q Pipeline,
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
        pipeline: &'q Pipeline,
    ) -> Result<Chain<'q>, ExecError> {
        let (steps, columns) = steps::steps(stages, from, input, request, pipeline)?;
        let limit = request.limit.unwrap_or(u64::MAX);
        let with_fields = request.with_fields;
        let end = End { limit, returned: 0, with_fields, columns, columns_said: false };
        Ok(Chain { steps, end, pipeline })
    }

    /// Whether some stage looks at fields of records, so that records must come with theirs.
    pub(crate) fn needs_fields(&self) -> bool {
        self.steps.iter().any(|step| step.needs_fields())
    }

    /// Rows handed out.
    pub(crate) fn returned(&self) -> u64 {
        self.end.returned
    }

    /// Puts a row in; `false` when no more are wanted.
    pub(crate) fn push(&mut self, row: Row, out: Out<'_>) -> Result<bool, ExecError> {
        push(&mut self.steps, row, &mut |row| Ok(self.end.hand_out(row, out)))
    }

    /// Lets stages that hold rows give them. Call once, after the last row.
    pub(crate) fn finish(&mut self, out: Out<'_>) -> Result<(), ExecError> {
        let mut rest = self.steps.as_mut_slice();
        while let Some((step, behind)) = rest.split_first_mut() {
            step.finish(&mut |row| push(behind, row, &mut |row| Ok(self.end.hand_out(row, out))))?;
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

fn push(steps: &mut [Box<dyn Step + '_>], row: Row, out: Next<'_>) -> Result<bool, ExecError> {
    match steps.split_first_mut() {
        Some((step, behind)) => step.push(row, &mut |row| push(behind, row, out)),
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
