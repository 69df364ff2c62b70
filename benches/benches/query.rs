//! Queries before they run: parsed, printed, tested on a record, and planned over many row groups.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::{ARRIVED, Kind, batch};
use gastrolog_chunk::{Encoder, Pending, Snapshot, Store, StoreOptions};
use gastrolog_env::Env;
use gastrolog_exec::{Cache, CacheBytes, plan_over};
use gastrolog_format::row_group::{EncodedRowGroup, Header};
use gastrolog_format::{Compressor, Shapes};
use gastrolog_index::{Caps, Pipeline, RowGroupBuilder};
use gastrolog_plan::TimeKind;
use gastrolog_query::{ParseContext, Query, parse};

/// Short, as people type them, and long, as programs write them.
const QUERIES: [&str; 6] = [
    "deadlock",
    "status=500 method=POST | stats count()",
    "remote_addr=203.0.113.7",
    "bytes>50000 NOT path=/health* (timeout OR refused) last=1d",
    "| stats count(), p99(bytes) by method, bin(5m) | sort -count | head 10",
    r"path=/\/carts\/[0-9]+$/ status in (500, 502) remote_addr!=10.*",
];

/// Row groups that are planned over.
const GROUPS: usize = 256;
const GROUP_BYTES: usize = 32 << 10;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

fn parsed(text: &str) -> Query {
    parse(text, &ParseContext::utc(ARRIVED)).unwrap()
}

#[divan::bench(args = QUERIES)]
fn parse_query(bencher: Bencher<'_, '_>, text: &str) {
    bencher.counter(BytesCount::new(text.len())).counter(ItemsCount::new(1usize)).bench(|| parsed(text));
}

#[divan::bench(args = QUERIES)]
fn print_query(bencher: Bencher<'_, '_>, text: &str) {
    let query = parsed(text);
    bencher.counter(ItemsCount::new(1usize)).bench(|| query.to_string());
}

/// Row groups of lines, as the engine makes them.
struct Columns(Pipeline);

impl Encoder for Columns {
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        let mut builder = RowGroupBuilder::new(&self.0, u64::MAX, Caps::default());
        records.iter().for_each(|pending| assert_eq!(builder.push(&pending.batch), pending.batch.len()));
        let first_seq = records.first().map_or(0, |pending| pending.first_seq);
        let encoded = builder.finish(first_seq, &mut Compressor::new(1));
        let body = &encoded.bytes[Header::body_offset(&encoded.bytes).unwrap()..];
        let shapes = encoded.header.shapes(body).unwrap();
        vec![(encoded, shapes)]
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        self.encode(records)
    }
}

/// A sealed chunk of many row groups.
fn snapshot() -> Snapshot {
    let options = StoreOptions { direct_bytes: 1, ..StoreOptions::default() };
    let encoder = Arc::new(Columns(gastrolog_benches::pipeline()));
    let store = Store::open(Env::memory(), Path::new("/store"), options, encoder).unwrap();
    let batch = batch(Kind::Apache, GROUP_BYTES);
    for _ in 0..GROUPS {
        store.append(batch.clone()).unwrap();
    }
    store.seal().unwrap();
    store.snapshot()
}

/// The counter is of row groups.
#[divan::bench(args = QUERIES)]
fn plan(bencher: Bencher<'_, '_>, text: &str) {
    let (query, snapshot, cache) =
        (parsed(text), snapshot(), Cache::new(CacheBytes { filters: 1 << 20, ..CacheBytes::default() }));
    let groups: usize = snapshot.chunks.iter().map(|chunk| chunk.row_groups().unwrap().len()).sum();
    assert_eq!(groups, GROUPS);
    bencher
        .counter(ItemsCount::new(groups))
        .bench_local(|| plan_over(&query, TimeKind::Source, &snapshot, &cache));
}
