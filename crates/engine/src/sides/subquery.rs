//! The answer of the query inside of a `join`.

use gastrolog_exec::{Answer, Order, Request, SideTable, plan_over, run};
use gastrolog_plan::TimeKind;
use gastrolog_query::{Query, TimeRange};

use super::{Gathering, Sides, row_bytes};
use crate::explain::check_cost;
use crate::{Engine, EngineError};

/// Most rows that the query inside of a join may give.
const ROWS_MAX: usize = 100_000;

/// Most MiB that they may take.
const MIB_MAX: u64 = 64;

impl Engine {
    /// Runs a subquery over the same records as the query around it, whose time it takes if it has none of its own.
    pub(super) fn subquery_table(
        &self,
        subquery: &Query,
        outer_time: TimeRange,
        with: &Gathering<'_>,
        sides: &mut Sides,
    ) -> Result<SideTable, EngineError> {
        let mut query = subquery.clone();
        if query.time == TimeRange::default() {
            query.time = outer_time;
        }
        let inner = self.sides(&query, with)?;
        let request = with.request;
        let kind = if request.order == Order::Ingest { TimeKind::Ingest } else { TimeKind::Source };
        let plan = plan_over(&query, kind, with.snapshot, &self.cache);
        check_cost(&plan, request)?;
        with.budget.read(plan.planning_bytes);
        let exec_request = Request {
            order: request.order,
            oldest_first: request.oldest_first,
            limit: None,
            with_fields: false,
            sides: &inner.tables,
            after: None,
            fresh: false,
            budget: with.budget,
        };
        let context = self.context(with.check);
        let mut table = Gathered::default();
        let mut actual = run(&plan, with.snapshot, &exec_request, context, &mut |piece| table.take(piece))?;
        if table.too_large {
            return Err(EngineError::LimitReached(format!(
                "the query inside of join gave more than {ROWS_MAX} rows or {MIB_MAX} MiB; narrow its filter, group \
                 by fewer fields, or end it with head"
            )));
        }
        with.budget.hold(table.bytes)?;
        inner.add_to(&mut actual);
        sides.bytes_read += actual.bytes_read() + plan.planning_bytes;
        sides.damage.append(&mut actual.damage);
        Ok(table.table)
    }
}

/// An answer while it comes.
#[derive(Default)]
struct Gathered {
    table: SideTable,
    bytes: u64,
    too_large: bool,
}

impl Gathered {
    fn take(&mut self, piece: Answer) -> bool {
        match piece {
            Answer::Columns(columns) => self.table.columns = columns,
            Answer::Row(row) => {
                self.bytes += row_bytes(&row);
                self.too_large = self.table.rows.len() >= ROWS_MAX || self.bytes > MIB_MAX << 20;
                if !self.too_large {
                    self.table.rows.push(row);
                }
            }
            // The parser sees to it that subqueries give tables.
            _ => {}
        }
        !self.too_large
    }
}
