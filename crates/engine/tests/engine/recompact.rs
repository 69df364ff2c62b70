//! Chunks written anew by the engine: by hand, in the background, and while others read and write.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gastrolog_engine::{
    Access, Answer, Engine, EngineConfig, Location, OpenOptions, QueryRequest, Service, StoreConfig, Value,
};
use gastrolog_env::Env;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine, pipeline};

const NOW: i64 = 1_795_000_000_000_000_000;

fn lines(from: u64, count: u64) -> String {
    let line =
        |i: u64| format!("{{\"id\":{i},\"status\":{},\"msg\":\"took {} ms\"}}\n", 200 + i % 7, i * 37 % 1000);
    (from..from + count).map(line).collect()
}

fn add(engine: &Engine, from: u64, count: u64) {
    let host = Attributes::new([("host", &b"h"[..])]);
    engine.append("", Batch::from_lines(lines(from, count).into_bytes(), host, Timestamp(NOW))).unwrap();
}

fn count(engine: &Engine, query: &str) -> i64 {
    let request = QueryRequest { query: format!("{query} | stats count()"), ..QueryRequest::default() };
    match ask(engine, &request).last() {
        Some(Answer::Row(row)) => match row[..] {
            [Value::Int(n)] => n,
            _ => panic!("{row:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn by_hand_small_chunks_become_one_and_say_the_same() {
    let engine = memory_engine(StoreConfig { row_group_bytes: 4 << 10, ..StoreConfig::default() });
    for i in 0..8 {
        add(&engine, 500 * i, 500);
        engine.seal("").unwrap();
    }
    let all = QueryRequest { query: "*".into(), with_fields: true, ..QueryRequest::default() };
    let (before, info) = (ask(&engine, &all), engine.stores().unwrap());
    let mut steps = Vec::new();
    let report = engine
        .compact("", &mut |done, of| {
            steps.push((done, of));
            true
        })
        .unwrap();
    assert_eq!((report.chunks_before, report.chunks_after, report.records), (8, 1, 4000));
    assert!(report.bytes_after * 2 < report.bytes_before, "{report:?}");
    assert!(steps.is_sorted() && steps.last().is_some_and(|s| s.0 == s.1 && s.0 == report.raw_bytes));
    assert_eq!(ask(&engine, &all), before);
    let now = engine.stores().unwrap();
    assert_eq!(
        (now[0].records, now[0].raw_bytes, now[0].oldest),
        (info[0].records, info[0].raw_bytes, info[0].oldest)
    );
    assert_eq!(now[0].stored_bytes, report.bytes_after);
    assert!(engine.verify("", &mut |_, _| ()).unwrap().problems.is_empty());
    assert_eq!(engine.compact("", &mut |_, _| true).unwrap().chunks_before, 0, "each only once");
    add(&engine, 4000, 100);
    engine.seal("").unwrap();
    assert_eq!(engine.compact("", &mut |_, _| false).unwrap().chunks_before, 0, "stopped by the caller");
    assert_eq!(engine.compact("", &mut |_, _| true).unwrap().chunks_after, 1);
    assert_eq!(count(&engine, "status=203"), (0..4100).filter(|i| i % 7 == 3).count() as i64);
}

#[test]
fn a_store_that_is_read_only_is_refused() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format/v1");
    let engine = Engine::open(OpenOptions {
        location: Location::Dir(dir),
        access: Access::ReadOnly,
        config: EngineConfig::default(),
        pipeline: pipeline(),
        env: Env::real(),
    })
    .unwrap();
    assert!(engine.compact("", &mut |_, _| true).is_err());
    assert!(engine.compact("nowhere", &mut |_, _| true).is_err());
}

#[test]
fn in_the_background_it_goes_on_while_records_come_and_queries_run() {
    let store = StoreConfig {
        row_group_bytes: 4 << 10,
        seal_bytes: 16 << 10,
        recompact_age_ms: Some(0),
        recompact_row_group_bytes: 64 << 10,
        ..StoreConfig::default()
    };
    let config = EngineConfig { default_store: store, recompact_check_ms: 5, ..EngineConfig::default() };
    let engine = Engine::open(OpenOptions {
        location: Location::Memory,
        access: Access::ReadWrite,
        config,
        pipeline: pipeline(),
        env: Env::memory(),
    })
    .unwrap();
    let done = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // Batches are of a hundred, and none may be seen twice or not at all.
                assert_eq!(count(&engine, "id=*") % 100, 0);
            }
        });
        for i in 0..60 {
            add(&engine, 100 * i, 100);
            std::thread::sleep(Duration::from_millis(5));
        }
        engine.seal("").unwrap();
        let row_groups = || engine.chunks("").unwrap().iter().map(|c| c.row_groups).sum::<u64>();
        let chunks = || engine.chunks("").unwrap().len() as u64;
        // One row group for each chunk is what is left when all are written anew.
        for _ in 0..12_000 {
            if row_groups() == chunks() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
        assert_eq!(row_groups(), chunks(), "{:?}", engine.chunks("").unwrap());
    });
    assert_eq!(count(&engine, "*"), 6000);
    let request = QueryRequest { query: "*".into(), oldest_first: true, ..QueryRequest::default() };
    let texts: Vec<u8> = ask(&engine, &request)
        .into_iter()
        .flat_map(|answer| match answer {
            Answer::Record(found) => [found.record.text, b"\n".to_vec()].concat(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(String::from_utf8(texts).unwrap(), lines(0, 6000));
}
