//! What `new` compares with: the patterns of the window before the query's.

use gastrolog_query::{Query, Stage, TimeRange};
use gastrolog_types::Timestamp;

/// The query for the patterns of the window of the same length before that of `query`, if that begins with `new`. A
/// query without an end goes until `now`.
pub(super) fn earlier(query: &Query, now: Timestamp) -> Option<Query> {
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
