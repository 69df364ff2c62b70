//! Limits of one query: what was hit, how far it came.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use gastrolog_engine::{
    Access, Cancel, Engine, EngineConfig, EngineError, Location, OpenOptions, QueryEnd, QueryLimits,
    QueryRequest, Service, StoreConfig,
};
use gastrolog_env::Env;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::pipeline;

fn engine(query: QueryLimits) -> Arc<Engine> {
    let default_store = StoreConfig { row_group_bytes: 4000, ..StoreConfig::default() };
    let config = EngineConfig { default_store, query, query_threads: 2, ..EngineConfig::default() };
    let (location, access, env) = (Location::Memory, Access::ReadWrite, Env::memory());
    let engine = Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env }).unwrap();
    for part in 0..20 {
        let lines: Vec<String> = (0..100).map(|i| format!("n={} id=id{}", i % 7, part * 100 + i)).collect();
        let batch = Batch::from_lines(lines.join("\n").into_bytes(), Attributes::default(), Timestamp(part));
        engine.append("", batch).unwrap();
    }
    engine.seal("").unwrap();
    engine
}

fn run(engine: &Engine, request: QueryRequest) -> Result<QueryEnd, EngineError> {
    engine.query(&request, &Cancel::default(), &mut |_| true)
}

fn said(engine: &Engine, request: QueryRequest) -> String {
    match run(engine, request) {
        Err(EngineError::LimitReached(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn ask(query: &str) -> QueryRequest {
    QueryRequest { query: query.into(), ..QueryRequest::default() }
}

#[test]
fn reading_is_limited() {
    let engine = engine(QueryLimits::default());
    for query in ["*", "* | stats count() by id", "* | stats sum(n) by bin(1s)", "* | sort id"] {
        let text = said(&engine, QueryRequest { read_bytes_max: Some(1000), ..ask(query) });
        assert!(text.starts_with("the query read more than its limit of 1.00 kB; it had matched "), "{text}");
        assert!(text.contains(" row groups (") && text.contains("--max-scan"), "{text}");
    }
    assert!(run(&engine, QueryRequest { read_bytes_max: Some(1 << 30), ..ask("*") }).is_ok());
}

/// Also what neighbours and subqueries read.
#[test]
fn reading_around_and_beside_matches_is_limited() {
    let engine = engine(QueryLimits::default());
    let near = "id=id500 | context before=900 after=900";
    let end = run(&engine, ask("id=id500")).unwrap();
    let few = QueryRequest { read_bytes_max: Some(end.bytes_read + 500), ..ask(near) };
    assert!(said(&engine, few).starts_with("the query read more than its limit"));
    assert!(run(&engine, ask(near)).is_ok());
    let beside = "id=id5 | join on n (* | stats count() as c, max(id) as m by n)";
    let refused = run(&engine, QueryRequest { limit_cost_bytes: Some(3000), ..ask(beside) });
    assert!(
        matches!(&refused, Err(EngineError::Refused(why)) if why.contains("would read up to")),
        "{refused:?}"
    );
    assert!(run(&engine, ask(beside)).is_ok());
}

#[test]
fn time_is_limited() {
    let engine = engine(QueryLimits::default());
    for query in ["*", "* | stats count() by id", "* | sort id | head 3"] {
        let text = said(&engine, QueryRequest { timeout_ms: Some(0), ..ask(query) });
        assert!(text.starts_with("the query took longer than its timeout of 0 ms; "), "{text}");
    }
}

#[test]
fn memory_is_limited() {
    let engine = engine(QueryLimits::default());
    let queries = [
        "* | sort id",
        "* | stats count() by id",
        "* | stats count_distinct(id)",
        "* | dedup id",
        "* | tail 2000",
        "* | where id=id* | stats median(n) by id",
        "* | join left on id (* | stats count() as c by id)",
    ];
    for query in queries {
        let text = said(&engine, QueryRequest { memory_bytes_max: Some(10_000), ..ask(query) });
        assert!(text.starts_with("the query held more in memory than its limit of 10.0"), "{query}: {text}");
        assert!(text.contains("--max-memory"), "{text}");
        assert!(run(&engine, ask(query)).is_ok(), "{query}");
    }
    let few = "* | stats count() by n";
    assert!(run(&engine, QueryRequest { memory_bytes_max: Some(100_000), ..ask(few) }).is_ok());
}

#[test]
fn rows_are_cut_and_a_request_cannot_ask_for_more_than_is_configured() {
    let limits = QueryLimits { rows: Some(3), read_bytes: Some(1000), ..QueryLimits::default() };
    let engine = engine(limits);
    let generous = |query| QueryRequest {
        read_bytes_max: Some(u64::MAX),
        memory_bytes_max: Some(u64::MAX),
        limit: Some(1000),
        ..ask(query)
    };
    assert!(said(&engine, generous("*")).contains("limit of 1.00 kB"));
    let limits = QueryLimits { rows: Some(3), ..QueryLimits::default() };
    let engine = self::engine(limits);
    for query in ["*", "* | sort id", "* | stats count() by id"] {
        let end = run(&engine, generous(query)).unwrap();
        assert_eq!((end.returned, end.more), (3, true), "{query}");
        assert_eq!(end.resume.is_empty(), query != "*", "{query}");
    }
    let end =
        run(&engine, QueryRequest { limit: Some(7), ..ask("* | stats count() by n | head 3") }).unwrap();
    assert_eq!((end.returned, end.more), (3, false));
}

/// Records of twenty row groups that overlap in time, in order, though few may be open at the same time.
#[test]
fn many_row_groups_that_overlap_in_time_need_little_memory() {
    let default_store = StoreConfig { row_group_bytes: 4000, ..StoreConfig::default() };
    let config = EngineConfig { default_store, query_threads: 1, ..EngineConfig::default() };
    let (location, access, env) = (Location::Memory, Access::ReadWrite, Env::memory());
    let engine = Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env }).unwrap();
    for part in 0..20 {
        let mut batch = Batch::default();
        for i in 0..50i64 {
            let time = Timestamp(i * 1000 + (part * 7 + i * 3) % 20);
            let text = format!("part={part} i={i} of a text that is found by its needle{}", i % 3);
            batch.push(text.as_bytes(), &Attributes::default(), time, Timestamp::NONE);
        }
        engine.append("", batch).unwrap();
        engine.seal("").unwrap();
    }
    for query in ["*", "/eedle[01]/", "i>10 | where part<15", "/eedle2/ | head 70", "i=7 | context 1"] {
        for oldest_first in [false, true] {
            let all = |memory_bytes_max| {
                let request = QueryRequest { memory_bytes_max, oldest_first, ..ask(query) };
                crate::support::ask(&engine, &request)
            };
            let plenty = format!("{:?}", all(None));
            assert!(plenty.len() > 5000, "{plenty}");
            assert_eq!(format!("{:?}", all(Some(60_000))), plenty, "{query}");
        }
    }
}

/// In the middle of a row group, or of records that wait, as well as between them.
#[test]
fn a_query_is_stopped_wherever_it_takes_long() {
    let default_store = StoreConfig::default();
    let config = EngineConfig { default_store, query_threads: 1, ..EngineConfig::default() };
    let (location, access, env) = (Location::Memory, Access::ReadWrite, Env::memory());
    let engine = Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env }).unwrap();
    let mut state = 1u64;
    let mut bit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if state >> 63 == 1 { '1' } else { '0' }
    };
    let mut lines: Vec<String> = (0..60).map(|_| (0..8000).map(|_| bit()).collect()).collect();
    lines.extend((0..20_000).map(|i| format!("k={i}.5 z=1")));
    let batch = Batch::from_lines(lines.join("\n").into_bytes(), Attributes::default(), Timestamp(1));
    engine.append("", batch).unwrap();
    let numbers: Vec<String> = (90..7000).map(|i| format!("{i}.25")).collect();
    let queries = ["/1[01]{4000}2/".to_owned(), format!("k in ({})", numbers.join(","))];
    for sealed in [false, true] {
        for query in &queries {
            for rest in ["", " | stats count()", " | patterns"] {
                let query = format!("{query}{rest}");
                let text = said(&engine, QueryRequest { timeout_ms: Some(50), ..ask(&query) });
                assert!(
                    text.starts_with("the query took longer than its timeout of 50 ms; "),
                    "{sealed}: {text}"
                );
            }
        }
        engine.seal("").unwrap();
    }
}
