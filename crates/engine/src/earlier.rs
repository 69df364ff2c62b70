//! What `new` compares with: the patterns of the window before the query's.

use gastrolog_chunk::Snapshot;
use gastrolog_exec::{Actual, Answer, Context, ExecError, Request, SideTable, run};
use gastrolog_query::{Query, Stage, TimeRange};
use gastrolog_types::Timestamp;

use crate::ask::plan;

/// The query for the patterns of the window of the same length before that of `query`, if that asks for what is new. A
/// query without an end goes until `now`.
fn earlier(query: &Query, now: Timestamp) -> Option<Query> {
    let (Some(Stage::New { of }), Some(start)) = (query.stages.first(), query.time.start) else {
        return None;
    };
    let length = query.time.end.unwrap_or(now).0.saturating_sub(start.0).max(0);
    let before = Timestamp(start.0.saturating_sub(length));
    Some(Query {
        filter: query.filter.clone(),
        time: TimeRange { start: Some(before), end: Some(start) },
        stages: vec![Stage::Patterns { of: of.clone(), by: Vec::new() }],
    })
}

/// The patterns that are not new, and what it took to find them; `None` when nobody asks.
pub(crate) fn known_before(
    query: &Query,
    now: Timestamp,
    snapshot: &Snapshot,
    request: &Request<'_>,
    context: Context<'_>,
) -> Result<Option<(SideTable, Actual)>, ExecError> {
    let Some(query) = earlier(query, now) else { return Ok(None) };
    let plan = plan(&query, request.order, snapshot);
    let request = Request { limit: None, after: None, with_fields: false, ..*request };
    let mut table = SideTable::default();
    let mut keep = |answer: Answer| {
        match answer {
            Answer::Columns(columns) => table.columns = columns,
            Answer::Row(row) => table.rows.push(row),
            Answer::Record(_) | Answer::Notice(_) => {}
        }
        true
    };
    let actual = run(&plan, snapshot, &request, context, &mut keep)?;
    Ok(Some((table, actual)))
}
