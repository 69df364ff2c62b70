//! From the stages of a query to the steps that do them.

use gastrolog_index::Pipeline;
use gastrolog_plan::Aggregation;
use gastrolog_query::{Stage, columns};

use super::Step;
use super::aggregate::Aggregate;
use super::cut::{Extract, Parse};
use super::eval::Eval;
use super::fields::{Fields, Rename};
use super::head::{Head, Tail};
use super::keep::Where;
use super::side::Side;
use super::sort::Sort;
use super::thin::{Dedup, Sample};
use super::told::Told;
use crate::{ExecError, Request, SideTable};

type Steps<'q> = Vec<Told<'q>>;

/// For a stage that was given none.
const NO_TABLE: &SideTable = &SideTable { columns: Vec::new(), rows: Vec::new() };

/// Whether rows come out of these stages as they go in: nothing waits for the last row.
pub fn streams(stages: &[Stage]) -> bool {
    stages.iter().all(|stage| {
        matches!(
            stage,
            Stage::Where(_)
                | Stage::Eval(_)
                | Stage::Extract { .. }
                | Stage::Parse { .. }
                | Stage::Fields(_)
                | Stage::Rename(_)
                | Stage::Head(_)
                | Stage::Dedup { .. }
                | Stage::Sample(_)
                | Stage::Lookup { .. }
                | Stage::Join { .. }
        )
    })
}

/// The steps of the stages from the place `from` on, and the columns that come out.
pub(super) fn steps<'q>(
    stages: &'q [Stage],
    from: usize,
    input: Option<Vec<String>>,
    request: &Request<'q>,
    pipeline: &'q Pipeline,
) -> Result<(Steps<'q>, Option<Vec<String>>), ExecError> {
    let mut steps: Steps<'q> = Vec::new();
    let mut now = input;
    for (at, stage) in stages.iter().enumerate().skip(from) {
        let after = columns(std::slice::from_ref(stage), now.clone());
        let wanted = Wanted {
            first: first_wanted(stages.get(at + 1)),
            side: request.sides.get(&at).unwrap_or(NO_TABLE),
            request,
            pipeline,
        };
        let step = wanted.step(stage, now.as_deref(), after.as_deref())?;
        steps.extend(step.map(|step| Told::new(at, step)));
        now = after;
    }
    Ok((steps, now))
}

/// How many of the first rows the next stage takes.
fn first_wanted(next: Option<&Stage>) -> Option<u64> {
    if let Some(Stage::Head(n)) = next { Some(*n) } else { None }
}

/// What a step is made of beside its stage.
struct Wanted<'r, 'q> {
    first: Option<u64>,
    side: &'q SideTable,
    request: &'r Request<'q>,
    pipeline: &'q Pipeline,
}

impl<'q> Wanted<'_, 'q> {
    /// The step of a stage; none for those that only begin a query, which are done before.
    fn step(
        &self,
        stage: &'q Stage,
        input: Option<&[String]>,
        output: Option<&[String]>,
    ) -> Result<Option<Box<dyn Step + 'q>>, ExecError> {
        let budget = self.request.budget;
        Ok(Some(match stage {
            Stage::Where(filter) => Box::new(Where::new(filter, input)),
            Stage::Eval(assignments) => Box::new(Eval::new(assignments, output)),
            Stage::Extract { pattern, from } => Box::new(Extract::new(pattern, from, input, output)),
            Stage::Parse { format, from, prefix } => {
                Box::new(Parse::new(format, from, prefix, self.pipeline))
            }
            Stage::Fields(names) => Box::new(Fields::new(names, input)),
            Stage::Rename(pairs) => Box::new(Rename::new(pairs)),
            Stage::Sort(keys) => Box::new(Sort::new(keys, input, self.first, budget)),
            Stage::Head(n) => Box::new(Head { left: *n }),
            Stage::Tail(n) => Box::new(Tail::new(*n, budget)),
            Stage::Dedup { count, fields } => Box::new(Dedup::new(*count, fields, input, budget)),
            Stage::Sample(one_in) => Box::new(Sample::new(*one_in)),
            Stage::Lookup { key, field, fields, .. } => {
                Box::new(Side::lookup(self.side, (key, field), fields, (input, output), budget)?)
            }
            Stage::Join { kind, on, .. } => {
                Box::new(Side::join(self.side, *kind, on, (input, output), budget)?)
            }
            Stage::Stats { .. } | Stage::Timechart { .. } | Stage::Top { .. } => {
                let Some(aggregation) = Aggregation::of(stage) else { return Ok(None) };
                Box::new(Aggregate::new(aggregation, input, budget))
            }
            Stage::Context { .. } | Stage::Patterns { .. } | Stage::New { .. } => return Ok(None),
        }))
    }
}
