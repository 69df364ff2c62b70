//! Tables that stages look in, gathered before a query is run: the answers of subqueries, look-up tables, and the patterns
//! that are not new.

mod csv;
mod earlier;
mod lookup;
mod subquery;

use std::collections::BTreeMap;

use gastrolog_chunk::Snapshot;
use gastrolog_exec::{Actual, Budget, Check, SideTable, value_bytes};
use gastrolog_query::{Query, Stage};

use self::earlier::earlier;
use crate::{Engine, EngineError, QueryRequest};

/// What the gathering shares with the query it is for.
pub(crate) struct Gathering<'a> {
    pub(crate) request: &'a QueryRequest,
    /// Subqueries see the same records.
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) budget: &'a Budget,
    pub(crate) check: Check<'a>,
}

/// The tables by the place of their stage, and what it took to gather them.
#[derive(Default)]
pub(crate) struct Sides {
    pub(crate) tables: BTreeMap<usize, SideTable>,
    damage: Vec<String>,
    bytes_read: u64,
}

impl Engine {
    /// Gathers the tables that the stages of a query look in.
    pub(crate) fn sides(&self, query: &Query, with: &Gathering<'_>) -> Result<Sides, EngineError> {
        let mut sides = Sides::default();
        for (at, stage) in query.stages.iter().enumerate() {
            let table = match stage {
                Stage::Lookup { table, key, fields, .. } => self.lookup_table(table, key, fields, with)?,
                Stage::Join { subquery, .. } => {
                    self.subquery_table(subquery, query.time, with, &mut sides)?
                }
                Stage::New { .. } => match earlier(query, self.env.clock.now()) {
                    Some(earlier) => self.subquery_table(&earlier, earlier.time, with, &mut sides)?,
                    None => continue,
                },
                _ => continue,
            };
            sides.tables.insert(at, table);
        }
        Ok(sides)
    }
}

impl Sides {
    /// Adds what the gathering took to what the query took.
    pub(crate) fn add_to(&self, actual: &mut Actual) {
        actual.damage.extend(self.damage.iter().cloned());
        actual.side_bytes_read += self.bytes_read;
    }
}

/// About what a row of a table takes in memory.
fn row_bytes(row: &[gastrolog_exec::Value]) -> u64 {
    row.iter().map(value_bytes).sum::<u64>() + size_of::<Vec<gastrolog_exec::Value>>() as u64
}
