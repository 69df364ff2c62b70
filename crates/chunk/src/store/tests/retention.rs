//! Sealing by policy, removing by age and size, and very many chunks.

use std::io::ErrorKind;

use gastrolog_env::{Clock, Fault, FaultFs, ManualClock, Operation, SystemClock};
use gastrolog_format::row_group::TimeSpan;

use super::*;
use crate::ChunkSummary;
use crate::catalog::Catalog;

fn with(env: &Env, change: impl FnOnce(&mut StoreOptions)) -> Arc<Store> {
    let mut options = options();
    change(&mut options);
    Store::open(env.clone(), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap()
}

fn clocked() -> (Arc<ManualClock>, Env) {
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    (clock.clone(), Env { clock, ..env(MemFs::new()) })
}

#[test]
fn chunks_are_sealed_by_bytes_records_and_age() {
    let (clock, env) = clocked();
    let store = with(&env, |o| o.seal.records = Some(10));
    append(&store, 0, 9);
    store.flush().unwrap();
    assert_eq!(store.stats().sealed_chunks, 0);
    append(&store, 9, 1);
    store.flush().unwrap();
    assert_eq!(store.stats().sealed_chunks, 1);
    drop(store);
    let store = with(&env, |o| o.seal.age_ms = Some(1000));
    append(&store, 10, 1);
    clock.advance_ns(999_000_000);
    store.maintain().unwrap();
    assert_eq!(store.stats().pending_records, 1);
    clock.advance_ns(1_000_000);
    store.maintain().unwrap();
    let stats = store.stats();
    assert_eq!((stats.pending_records, stats.sealed_chunks, stats.chunks), (0, 2, 2));
    store.maintain().unwrap();
    assert_eq!((store.stats().chunks, texts_of(&store)), (2, texts(0, 11)));
}

#[test]
fn old_chunks_are_removed_and_a_snapshot_reads_on() {
    // A real disk: what is removed is really gone, but for the map.
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let env = Env { clock: clock.clone(), ..Env::real() };
    let mut options = options();
    options.retention.age_ms = Some(10);
    let store = Store::open(env.clone(), dir.path(), options, Arc::new(TextEncoder)).unwrap();
    for i in 0..3 {
        append(&store, 5 * i, 5);
        store.seal().unwrap();
    }
    append(&store, 15, 5);
    let held = store.snapshot();
    store.maintain().unwrap();
    assert_eq!(store.stats().removed_chunks, 0);
    clock.advance_ns(20_000_000);
    store.maintain().unwrap();
    let stats = store.stats();
    assert_eq!((stats.removed_chunks, stats.removed_records, stats.chunks), (3, 15, 0));
    assert_eq!(env.fs.list(&dir.path().join("chunks")).unwrap().len(), 0);
    assert_eq!(texts_of(&store), texts(15, 5));
    assert_eq!(rows(&held).len(), 20);
    assert_eq!(
        rows(&held)[..15],
        texts(0, 15).into_iter().enumerate().map(|(i, t)| (i as u64, t)).collect::<Vec<_>>()
    );
    store.close();
    let store = Store::open(env, dir.path(), options, Arc::new(TextEncoder)).unwrap();
    assert!(is_sound(store.report()));
    assert_eq!((texts_of(&store), store.stats().next_seq), (texts(15, 5), 20));
}

#[test]
fn the_oldest_go_first_when_the_store_is_too_large_and_seqs_are_never_used_again() {
    let env = env(MemFs::new());
    let store = open(&env);
    for i in 0..6 {
        append(&store, 5 * i, 5);
        store.seal().unwrap();
    }
    let most = store.stats().disk_bytes * 2 / 3;
    drop(store);
    let store = with(&env, |o| o.retention.bytes = Some(most));
    store.maintain().unwrap();
    assert!(store.stats().disk_bytes <= most);
    let left = store.stats().records as usize;
    assert!((10..=20).contains(&left));
    assert_eq!(texts_of(&store), texts(30 - left, left));
    drop(store);
    let store = with(&env, |o| o.retention.bytes = Some(0));
    store.maintain().unwrap();
    assert_eq!((store.stats().chunks, texts_of(&store)), (0, Vec::new()));
    drop(store);
    let store = open(&env);
    assert!(is_sound(store.report()));
    assert_eq!(store.append(batch(&["a"])).unwrap().0, 30);
}

#[test]
fn removal_can_be_interrupted_at_any_write() {
    for after in 0..12 {
        let fs = FaultFs::new();
        let env = env(fs.clone());
        let store = open(&env);
        for i in 0..3 {
            append(&store, 5 * i, 5);
            store.seal().unwrap();
        }
        drop(store);
        let store = with(&env, |o| o.retention.bytes = Some(600));
        fs.inject(Fault { operation: Operation::AnyWrite, after, times: u64::MAX, error: ErrorKind::Other });
        let _ = store.maintain();
        for seed in 0..20 {
            let env = self::env(FaultFs::over(&fs.crash(seed).unwrap()).unwrap());
            let store = open(&env);
            assert!(is_sound(store.report()), "after {after}, seed {seed}: {:?}", store.report());
            // A file that was not removed for good is back, whole; the newest was never to go.
            let left = texts_of(&store);
            let whole = |c: &[Vec<u8>]| (0..3).any(|i| c == texts(5 * i, 5));
            assert!(left.chunks(5).all(whole) && left.ends_with(&texts(10, 5)), "after {after}, seed {seed}");
        }
    }
}

#[test]
fn ten_thousand_chunks_are_opened_by_the_catalog_alone() {
    const CHUNKS: u64 = 10_000;
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let dir = Path::new(DIR).join("chunks");
    env.fs.create_dir_all(&dir).unwrap();
    let span = TimeSpan { min: Timestamp(1), max: Timestamp(2) };
    let mut catalog = Catalog { next_seq: 3 * CHUNKS, ..Catalog::default() };
    for i in 0..CHUNKS {
        let id = u128::from(i + 1) << 64;
        // None is a chunk: opening one would fail.
        let path = dir.join(format!("{}.chunk", ulid::Ulid::from(id)));
        env.fs.create_new(&path).unwrap().append(b"no chunk").unwrap();
        let (first_seq, end_seq) = (3 * i, 3 * i + 3);
        let (time, ingest_time) = (span, span);
        let (file_bytes, records, raw_bytes, row_groups) = (8, 3, 99, 1);
        let summary = ChunkSummary {
            id,
            file_bytes,
            first_seq,
            end_seq,
            records,
            raw_bytes,
            row_groups,
            time,
            ingest_time,
            generation: 0,
        };
        catalog.chunks.push(summary);
    }
    catalog.store(&env, &Path::new(DIR).join("catalog")).unwrap();
    // One file is read: the catalog.
    fs.inject(Fault { operation: Operation::Read, after: 1, times: u64::MAX, error: ErrorKind::Other });
    let clock = SystemClock::new();
    let store = open(&env);
    let opened_ms = clock.monotonic_ns() / 1_000_000;
    let snapshot = store.snapshot();
    println!("{CHUNKS} chunks opened in {opened_ms} ms");
    assert!(is_sound(store.report()));
    assert_eq!((snapshot.chunks.len() as u64, snapshot.next_seq), (CHUNKS, 3 * CHUNKS));
    assert!(snapshot.chunks.iter().all(|c| c.sealed && c.summary.records == 3));
}

/// The log forgets whole files, so it may have records that were in a chunk, which was removed since.
#[test]
fn what_was_removed_does_not_come_back_from_the_log() {
    let (clock, env) = clocked();
    let store = with(&env, |o| o.retention.age_ms = Some(10));
    append(&store, 0, 5);
    // The log has these in one file with those before.
    store.flush().unwrap();
    append(&store, 5, 5);
    let log = store.shared.dir.join("wal");
    let kept: Vec<(PathBuf, Vec<u8>)> = env
        .fs
        .list(&log)
        .unwrap()
        .into_iter()
        .map(|entry| {
            let path = log.join(entry.name);
            let bytes = env.fs.read(&path).unwrap();
            (path, bytes)
        })
        .collect();
    store.seal().unwrap();
    clock.advance_ns(20_000_000);
    store.maintain().unwrap();
    assert_eq!((store.stats().records, store.stats().removed_records), (0, 10));
    store.close();
    drop(store);
    // As if a younger record had kept the file.
    for (path, bytes) in kept {
        if !env.fs.exists(&path).unwrap() {
            env.fs.create_new(&path).unwrap().append(&bytes).unwrap();
        }
    }
    assert_eq!(Store::open_read_only(&env, Path::new(DIR)).unwrap().snapshot().pending.len(), 0);
    let store = with(&env, |_| {});
    assert_eq!(texts_of(&store), texts(0, 0));
    assert_eq!(store.append(batch(&["next"])).unwrap().0, 10);
}

/// A sealed chunk has lost its end, which the log still has.
#[test]
fn what_a_sealed_chunk_has_lost_comes_back_from_the_log() {
    let env = env(MemFs::new());
    let store = two_groups_and_five_that_wait(&env);
    let log = store.shared.dir.join("wal");
    let path = log.join(&env.fs.list(&log).unwrap()[0].name);
    let kept = env.fs.read(&path).unwrap();
    store.seal().unwrap();
    store.close();
    drop(store);
    if env.fs.exists(&path).unwrap() {
        env.fs.remove_file(&path).unwrap();
    }
    env.fs.create_new(&path).unwrap().append(&kept).unwrap();
    let chunk = chunk_files(&env).remove(0);
    let groups = crate::scan::scan(&env.fs.read(&chunk).unwrap()).groups;
    env.fs.truncate(&chunk, groups.last().unwrap().entry.offset + 10).unwrap();
    for _ in 0..2 {
        // Also after a crash right behind the opening.
        assert_eq!(texts_of(&open(&env)), texts(0, 15));
    }
}
