//! Appending: a frame of the log encoded and committed, and a batch that goes straight into a row group.
//!
//! The file system is one in memory, so what is measured is our own work and not the disk.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::{Kind, batch};
use gastrolog_chunk::wal::{Prepared, Wal, WalOptions, decode_batch, encode_batch};
use gastrolog_engine::{Access, Engine, EngineConfig, Location, OpenOptions};
use gastrolog_env::Env;

/// A batch that takes the way by the log, and one that does not.
const SMALL_BYTES: usize = 256 << 10;
const LARGE_BYTES: usize = 4 << 20;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

#[divan::bench(args = [Kind::Apache, Kind::Json])]
fn frame_prepare(bencher: Bencher<'_, '_>, kind: Kind) {
    let batch = batch(kind, SMALL_BYTES);
    let (bytes, records) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(records).bench(|| Prepared::new(&batch).unwrap());
}

#[divan::bench]
fn frame_commit(bencher: Bencher<'_, '_>) {
    let batch = batch(Kind::Apache, SMALL_BYTES);
    let prepared = Prepared::new(&batch).unwrap();
    let (wal, _) = Wal::open(&Env::memory(), Path::new("/log"), 0, WalOptions::default()).unwrap();
    let mut seq = 0;
    bencher.counter(BytesCount::new(batch.text.len())).counter(ItemsCount::new(batch.len())).bench_local(
        || {
            let ticket = wal.append_prepared(seq, &prepared).unwrap();
            wal.commit(ticket).unwrap();
            seq += prepared.records();
            // Else the log would grow for as long as this is measured.
            wal.release(seq).unwrap();
        },
    );
}

#[divan::bench]
fn frame_decode(bencher: Bencher<'_, '_>) {
    let batch = batch(Kind::Apache, SMALL_BYTES);
    let mut bytes = Vec::new();
    encode_batch(&batch, 0..batch.len(), &mut bytes).unwrap();
    let counter = BytesCount::new(batch.text.len());
    bencher.counter(counter).counter(ItemsCount::new(batch.len())).bench(|| decode_batch(&bytes).unwrap());
}

/// Through the engine until it is acknowledged; each time into an empty store.
#[divan::bench(args = [SMALL_BYTES, LARGE_BYTES])]
fn engine_append(bencher: Bencher<'_, '_>, bytes: usize) {
    let batch = batch(Kind::Apache, bytes);
    let (size, records) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(size).counter(records).with_inputs(|| (engine(), batch.clone())).bench_local_values(
        |(engine, batch)| {
            engine.append("", batch).unwrap();
            engine
        },
    );
}

fn engine() -> Arc<Engine> {
    Engine::open(OpenOptions {
        location: Location::Memory,
        access: Access::ReadWrite,
        config: EngineConfig::default(),
        pipeline: Arc::new(gastrolog_benches::pipeline()),
        env: Env::memory(),
    })
    .unwrap()
}
