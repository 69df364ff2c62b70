//! Filters of row groups that are kept in memory: they answer as those on disk do, and spare reading them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use gastrolog_engine::{
    Access, CacheBytes, Cancel, Engine, EngineConfig, Fact, Location, OpenOptions, QueryRequest, Service,
    StoreConfig,
};
use gastrolog_env::Env;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, pipeline};

const NOW: i64 = 1_795_000_000_000_000_000;

fn engine(filters: usize) -> Arc<Engine> {
    let default_store = StoreConfig { row_group_bytes: 4 << 10, footer_values: 4, ..StoreConfig::default() };
    let cache = CacheBytes { filters, ..CacheBytes::default() };
    let config = EngineConfig { default_store, cache, ..EngineConfig::default() };
    let (location, access, env) = (Location::Memory, Access::ReadWrite, Env::memory());
    Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env }).unwrap()
}

/// An id that is in one record.
fn id(i: u64) -> String {
    format!("{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn add(engine: &Engine, records: std::ops::Range<u64>) {
    for i in records {
        let line = format!("{{\"id\":\"{}\",\"msg\":\"took it and went\"}}\n", id(i));
        let at = Timestamp(NOW + i as i64);
        engine.append("", Batch::from_lines(line.into_bytes(), Attributes::default(), at)).unwrap();
    }
}

fn request(query: String) -> QueryRequest {
    QueryRequest { query, ..QueryRequest::default() }
}

fn bytes_to_plan(engine: &Engine, query: String) -> u64 {
    let root = engine.explain(&request(query), false, &Cancel::default()).unwrap();
    let fact = root.facts.iter().find(|(name, _)| name == "bytes to plan");
    fact.map_or(0, |(_, fact)| if let Fact::Bytes(n) = fact { *n } else { panic!("{fact:?}") })
}

/// What is read of filters to plan the search for an id that is nowhere: a field that is nowhere is known to be so by
/// the footers alone.
fn filter_bytes(engine: &Engine, nowhere: u64) -> u64 {
    bytes_to_plan(engine, id(nowhere << 40)) - bytes_to_plan(engine, "nowhere=1".to_owned())
}

fn asked_again(filters: usize) -> (u64, u64) {
    let engine = engine(filters);
    let mut first = 0;
    for part in 0..4 {
        add(&engine, 500 * part..500 * (part + 1));
        // The chunk that grows has more row groups now than when its filters were read.
        first = first.max(filter_bytes(&engine, 1));
        for n in (0..500 * (part + 1)).step_by(97) {
            assert_eq!(ask(&engine, &request(id(n))).len(), 1, "record {n}");
            assert_eq!(ask(&engine, &request(id(n + 5000))).len(), 0);
        }
        engine.seal("").unwrap();
    }
    // A filter says yes where it should not once in a while, by which records came to be in a row group: of what an id
    // reads then, no filter is to blame.
    (first, (1..9).map(|nowhere| filter_bytes(&engine, nowhere)).min().unwrap())
}

#[test]
fn a_filter_that_was_asked_often_is_not_read_again() {
    let (first, again) = asked_again(1 << 20);
    assert!(first > 0);
    assert_eq!(again, 0, "of {first} bytes");
}

#[test]
fn without_room_they_are_read_each_time() {
    let (first, again) = asked_again(0);
    assert!(again > first / 2, "{again} of {first} bytes");
}

#[test]
fn with_little_room_they_come_and_go() {
    asked_again(4 << 10);
}
