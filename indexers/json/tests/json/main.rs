//! Tests of the JSON indexer from outside: a table, a public test suite, properties.

mod property;
mod suite;
mod table;

use gastrolog_index::{Claim, Indexer, Name, RangeSet, TimeRole};
use gastrolog_indexer_json::JsonIndexer;

/// What the indexer alone makes of `record`; `None` if it refuses.
fn index(record: &[u8]) -> Option<RangeSet> {
    let mut out = RangeSet::default();
    (JsonIndexer.index(record, 0..record.len(), &mut out) == Claim::Yes).then_some(out)
}

/// Path and raw value of each range in order; unnamed ones are called `text`, a time has a `!` after its path.
fn fields(record: &[u8], out: &RangeSet) -> Vec<(String, String)> {
    let field = |s: &gastrolog_index::Span| {
        let mut path = if s.name == Name::TEXT { "text".to_owned() } else { out.path(s.name, record) };
        if s.time != TimeRole::No {
            path.push('!');
        }
        let raw = &record[s.start as usize..s.end as usize];
        (path, String::from_utf8_lossy(raw).into_owned())
    };
    out.spans().iter().map(field).collect()
}
