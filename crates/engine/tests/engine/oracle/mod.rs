//! The engine against a full scan: whatever the store looks like, the same records come back.
//!
//! Records of all formats and odd ones are stored in several ways at once: waiting in memory, in row groups of an
//! active chunk, sealed, opened again, with damaged footers, and with no indexer allowed to lay out columns. Each query must
//! select exactly what `matches` selects from the plain list of records, in the same order; aggregates and chains of
//! stages must give what they give when records come to them one by one.
//!
//! `ORACLE_CASES=20000` runs that many cases of each property instead of the few hundred of every day.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod chains;
mod filters;
mod lines;
mod properties;
mod stores;

use gastrolog_engine::{Answer, Cancel, Engine, Order, QueryRequest, Service};
use gastrolog_exec::ParsedView;
use gastrolog_index::{Pipeline, RangeSet, source_time};
use gastrolog_query::{ParseContext, Query, matches, parse};
use gastrolog_types::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use chains::WEIGHTS;
pub(crate) use filters::{bounds, filter};
pub(crate) use lines::{Line, attributes_of, line};
use stores::Shape;
pub(crate) use stores::{shapes, store};

const NOW: i64 = 1_795_000_000_000_000_000;

/// Cases of each property: few, unless the environment asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("ORACLE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let seeds = FileFailurePersistence::Direct("tests/engine/oracle.regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(seeds)), ..ProptestConfig::default() }
}

/// What a full scan finds: places of the lines that match, in the order asked for.
pub(crate) fn expected(
    lines: &[Line],
    query: &Query,
    pipeline: &Pipeline,
    request: &QueryRequest,
) -> Vec<usize> {
    let mut found: Vec<((i64, usize), usize)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let mut ranges = RangeSet::default();
        pipeline.parse(&line.text, &mut ranges);
        let ingest = Timestamp(line.ingest);
        let source = line.source.map_or_else(|| source_time(&line.text, ranges.spans(), ingest), Timestamp);
        let time = if request.order == Order::Ingest { ingest } else { source.or(ingest) };
        let inside = query.time.start.is_none_or(|s| time >= s) && query.time.end.is_none_or(|e| time < e);
        let attributes = attributes_of(line);
        if inside && matches(&query.filter, &ParsedView::new(&line.text, &attributes, pipeline)) {
            let key = if request.order == Order::Write { 0 } else { time.0 };
            found.push(((key, i), i));
        }
    }
    found.sort_unstable();
    if !request.oldest_first {
        found.reverse();
    }
    found.into_iter().map(|(_, i)| i).collect()
}

pub(crate) fn parse_query(text: &str) -> Query {
    let context = ParseContext::utc(Timestamp(NOW));
    parse(text, &context).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

/// The whole answer of a query, or what is wrong with it. Damage is no error: some stores have some.
fn try_ask(engine: &Engine, request: &QueryRequest) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::new();
    let mut take = |answer| {
        answers.push(answer);
        true
    };
    engine
        .query(request, &Cancel::default(), &mut take)
        .map(|_| answers)
        .map_err(|e| e.to_string().lines().next().unwrap_or_default().to_owned())
}

/// The stages must give the same whatever the store looks like, and the same as when records come to them one by one,
/// which is a different path from that of columns and footers.
fn answers_alike(lines: &[Line], other: &Shape, filter: &str, stages: &str) -> Result<(), TestCaseError> {
    let request = |query: String| QueryRequest {
        query,
        lookups: vec![("weights".to_owned(), WEIGHTS.as_bytes().to_vec())],
        ..QueryRequest::default()
    };
    let whole = request(format!("{filter} | {stages}"));
    let rowwise = request(format!("{filter} | head 1000000 | {stages}"));
    let shapes: Vec<Shape> = shapes().into_iter().chain([other.clone()]).collect();
    let wanted = try_ask(&store(lines, &shapes[0]), &rowwise);
    for shape in &shapes {
        let engine = store(lines, shape);
        prop_assert_eq!(&try_ask(&engine, &whole), &wanted, "{:?} of {}", shape, &whole.query);
        prop_assert_eq!(&try_ask(&engine, &whole), &wanted, "again {:?} of {}", shape, &whole.query);
        prop_assert_eq!(&try_ask(&engine, &rowwise), &wanted, "rows of {:?} of {}", shape, &rowwise.query);
    }
    Ok(())
}
