//! Tests of the log as a whole; what they share, and how it works when nothing fails.

#![expect(clippy::single_range_in_vec_init, reason = "missing seqs are ranges, also when there is one")]

mod damage;
mod faults;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_env::{Env, FaultFs, Fs, MemFs, SeededRandom};
use gastrolog_types::{Attributes, Batch, Seq, Timestamp};

use super::*;

const DIR: &str = "/wal";

/// A record with everything the log keeps of it, for comparison.
type Row = (Seq, Vec<u8>, Timestamp, Timestamp, Attributes);

fn rows(first_seq: Seq, batch: &Batch) -> Vec<Row> {
    let row = |(i, r): (usize, &gastrolog_types::NewRecord)| {
        let attributes = batch.attributes[r.attributes as usize].clone();
        (first_seq + i as u64, batch.text_of(i).to_vec(), r.ingest, r.source, attributes)
    };
    batch.records.iter().enumerate().map(row).collect()
}

/// `count` records that differ from each other and from those of other `first_seq`s.
fn batch(first_seq: Seq, count: u64) -> Batch {
    let mut batch = Batch::default();
    for seq in first_seq..first_seq + count {
        let attributes = Attributes::new([("host", format!("h{}", seq % 3).into_bytes())]);
        let source = if seq % 2 == 0 { Timestamp(seq as i64 * 7) } else { Timestamp::NONE };
        let text = format!("record {seq} {}", "x".repeat((seq * 37 % 101) as usize));
        batch.push(text.as_bytes(), &attributes, Timestamp(1_700_000_000_000_000_000 + seq as i64), source);
    }
    batch
}

fn env(fs: impl Fs + 'static) -> Env {
    Env { random: Arc::new(SeededRandom::new(1)), ..Env::memory().with_fs(Arc::new(fs)) }
}

fn open(env: &Env, stored_below: Seq) -> (Wal, Recovered) {
    let options = WalOptions { segment_bytes: 2000, ..WalOptions::default() };
    Wal::open(env, Path::new(DIR), stored_below, options).unwrap()
}

fn recovered_rows(recovered: Recovered) -> Vec<Row> {
    recovered.flat_map(|item| item.map(|(seq, batch)| rows(seq, &batch)).unwrap()).collect()
}

/// Appends and commits batches of `counts` records from `seq` on; returns the rows of each.
fn fill(wal: &Wal, counts: &[u64]) -> Vec<Vec<Row>> {
    let one = |&count: &u64| {
        let seq = wal.next_seq();
        let batch = batch(seq, count);
        wal.commit(wal.append(seq, &batch).unwrap()).unwrap();
        rows(seq, &batch)
    };
    counts.iter().map(one).collect()
}

fn files(env: &Env) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = Path::new(DIR);
    let entries = env.fs.list(dir).unwrap();
    entries.iter().map(|e| (dir.join(&e.name), env.fs.read(&dir.join(&e.name)).unwrap())).collect()
}

fn disk_of(files: &[(PathBuf, Vec<u8>)]) -> Env {
    let env = env(MemFs::new());
    env.fs.create_dir_all(Path::new(DIR)).unwrap();
    for (path, bytes) in files {
        env.fs.create_new(path).unwrap().append(bytes).unwrap();
    }
    env
}

#[test]
fn what_is_committed_comes_back_and_the_log_goes_on() {
    let env = env(MemFs::new());
    let (wal, recovered) = open(&env, 5);
    assert_eq!((recovered.count(), wal.next_seq()), (0, 5));
    // 120 records are split into three frames under the limits of the tests.
    let mut all = fill(&wal, &[1, 120, 3, 0, 9]).concat();
    assert!(env.fs.list(Path::new(DIR)).unwrap().len() > 1);
    let on_disk: u64 = files(&env).iter().map(|(_, bytes)| bytes.len() as u64).sum();
    assert_eq!(wal.bytes(), on_disk);
    drop(wal);

    let (wal, recovered) = open(&env, 5);
    assert_eq!(wal.bytes(), on_disk);
    let report = recovered.report().clone();
    assert!(report.is_whole() && report.torn_bytes == 0, "{report:?}");
    assert_eq!((report.frames, report.records, wal.next_seq()), (6, 133, 138));
    assert_eq!(recovered_rows(recovered), all);
    all.extend(fill(&wal, &[4]).concat());
    assert_eq!(recovered_rows(open(&env, 5).1), all);
}

#[test]
fn seqs_do_not_go_back_and_a_gap_is_told() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    fill(&wal, &[3]);
    let again = wal.append(2, &batch(2, 1)).unwrap_err();
    assert!(matches!(again, WalError::OutOfOrder { first_seq: 2, next_seq: 3 }), "{again}");
    wal.commit(wal.append(10, &batch(10, 2)).unwrap()).unwrap();
    assert!(wal.append(u64::MAX, &batch(0, 1)).is_err());
    let report = open(&env, 0).1.report().clone();
    assert_eq!((report.missing, report.missing_records, report.damaged_places), (vec![3..10], 7, 0));
}

#[test]
fn release_removes_whole_segments_only() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let first = fill(&wal, &[5]).concat();
    wal.rotate().unwrap();
    let second = fill(&wal, &[5]).concat();
    wal.release(4).unwrap();
    assert_eq!(recovered_rows(open(&env, 0).1), [first, second.clone()].concat());
    wal.release(5).unwrap();
    assert_eq!(recovered_rows(open(&env, 5).1), second);
    wal.release(10).unwrap();
    assert_eq!((wal.bytes(), files(&env).len()), (0, 0));
    let third = fill(&wal, &[2]).concat();
    let (_, recovered) = open(&env, 10);
    assert!(recovered.report().is_whole());
    assert_eq!(recovered_rows(recovered), third);
    // Without the hint that they are safe, they are missed.
    assert_eq!(open(&env, 7).1.report().missing, [7..10]);
}

#[test]
fn one_sync_serves_all_who_wait() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let order = parking_lot::Mutex::new(());
    std::thread::scope(|scope| {
        // While the disk is held up, eight threads append and wait.
        let held = wal.hold_writer();
        for _ in 0..8 {
            scope.spawn(|| {
                let prepared = Prepared::new(&batch(0, 3)).unwrap();
                let ticket = {
                    let _order = order.lock();
                    wal.append_prepared(wal.next_seq(), &prepared).unwrap()
                };
                wal.commit(ticket).unwrap();
            });
        }
        while wal.next_seq() < 24 {
            std::thread::yield_now();
        }
        drop(held);
    });
    assert_eq!(wal.syncs(), 1);
    assert_eq!(open(&env, 0).1.report().records, 24);
}

#[test]
fn threads_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("wal");
    let options = WalOptions { segment_bytes: 20_000, ..WalOptions::default() };
    let (wal, _) = Wal::open(&Env::real(), &dir, 0, options).unwrap();
    let order = parking_lot::Mutex::new(());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let ticket = {
                        let _order = order.lock();
                        let seq = wal.next_seq();
                        wal.append(seq, &batch(seq, 3)).unwrap()
                    };
                    wal.commit(ticket).unwrap();
                }
            });
        }
    });
    assert!(wal.syncs() <= 400 + 20);
    let (wal, recovered) = Wal::open(&Env::real(), &dir, 0, options).unwrap();
    assert!(recovered.report().is_whole() && recovered.report().segments > 1);
    assert_eq!(recovered_rows(recovered), rows(0, &batch(0, 1200)));
    wal.release(1200).unwrap();
    assert_eq!(Env::real().fs.list(&dir).unwrap(), []);
}

#[test]
fn at_intervals_a_commit_returns_before_the_sync() {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let options =
        WalOptions { durability: Durability::Interval { interval_ms: 100 }, ..WalOptions::default() };
    let (wal, _) = Wal::open(&env, Path::new(DIR), 0, options).unwrap();
    wal.commit(wal.append(0, &batch(0, 2)).unwrap()).unwrap();
    // A killed process loses nothing, a power cut may.
    assert_eq!((wal.syncs(), files(&env).len()), (0, 1));
    wal.tick().unwrap();
    assert_eq!(wal.syncs(), 1);
    for seed in 0..50 {
        let image = self::env(fs.crash(seed).unwrap());
        assert_eq!(recovered_rows(open(&image, 0).1), rows(0, &batch(0, 2)));
    }
}

#[test]
fn what_is_too_large_or_contradicts_itself_is_refused() {
    let mut long = batch(0, 2);
    long.text.resize(RECORD_BYTES_MAX + 10, b'x');
    long.records[1].start = 0;
    long.records[1].end = RECORD_BYTES_MAX as u32 + 1;
    assert!(matches!(Prepared::new(&long), Err(WalError::TooLarge { what: "a record", .. })));
    let big = Attributes::new([("k", vec![0u8; ATTRIBUTE_BYTES_MAX])]);
    let mut with_big = Batch::default();
    with_big.push(b"x", &big, Timestamp(0), Timestamp::NONE);
    assert!(matches!(Prepared::new(&with_big), Err(WalError::TooLarge { .. })));
    let many = Attributes::new((0..=ATTRIBUTE_PAIRS_MAX).map(|i| (i.to_string(), vec![])));
    let mut with_many = Batch::default();
    with_many.push(b"x", &many, Timestamp(0), Timestamp::NONE);
    assert!(matches!(Prepared::new(&with_many), Err(WalError::Batch(_))));
    for spoil in [|b: &mut Batch| b.records[1].end = u32::MAX, |b: &mut Batch| b.records[1].attributes = 9] {
        let mut bad = batch(0, 2);
        spoil(&mut bad);
        assert!(Prepared::new(&bad).is_err());
    }
}

/// What is accepted survives the process: it has been written, also when somebody was writing or syncing meanwhile.
#[test]
fn with_an_interval_too_what_is_accepted_has_been_written() {
    let env = env(MemFs::new());
    let options =
        WalOptions { durability: Durability::Interval { interval_ms: 1000 }, ..WalOptions::default() };
    let (wal, _) = Wal::open(&env, Path::new(DIR), 0, options).unwrap();
    let order = parking_lot::Mutex::new(());
    let (wal, env, order) = (&wal, &env, &order);
    std::thread::scope(|scope| {
        let held = wal.hold_writer();
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    let prepared = Prepared::new(&batch(0, 3)).unwrap();
                    let locked = order.lock();
                    let seq = wal.next_seq();
                    let ticket = wal.append_prepared(seq, &prepared).unwrap();
                    drop(locked);
                    wal.commit(ticket).unwrap();
                    let found = Wal::read(env, Path::new(DIR), 0).unwrap();
                    found
                        .map(Result::unwrap)
                        .any(|(first, batch)| (first..first + batch.len() as u64).contains(&seq))
                })
            })
            .collect();
        while wal.next_seq() < 12 {
            std::thread::yield_now();
        }
        drop(held);
        assert!(writers.into_iter().all(|writer| writer.join().unwrap()), "accepted, and only in memory");
    });
}
