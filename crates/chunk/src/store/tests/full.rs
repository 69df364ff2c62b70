//! Disks that are full: at any moment, and for long.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};

use gastrolog_env::{Fault, FaultFs, Operation};

use super::*;
use crate::wal::Durability;

const RESERVE: u64 = 6_000;

fn with_reserve(env: &Env, retention_bytes: Option<u64>) -> Arc<Store> {
    let retention = Retention { bytes: retention_bytes, age_ms: None };
    let options = StoreOptions { reserve_bytes: RESERVE, retention, ..options() };
    Store::open(env.clone(), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap()
}

/// Appends until nothing fits any more, small batches and large ones; returns what was acknowledged.
fn fill_up(store: &Store) -> Vec<Vec<u8>> {
    let (mut stored, mut from, mut refused) = (Vec::new(), 0, 0);
    while refused < 20 {
        let texts = texts(from, if from % 7 == 0 { 60 } else { 5 });
        from += texts.len();
        match store.append(batch(&texts)) {
            Ok(_) => stored.extend(texts),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("full"), "{text}");
                refused += 1;
            }
        }
        assert!(from < 1_000_000, "the disk is never full");
    }
    stored
}

/// What was acknowledged is there, in order; records that were refused may be there too.
fn holds(store: &Store, stored: &[Vec<u8>]) {
    let found = texts_of(store);
    let mut rest = found.iter();
    let lost = stored.iter().find(|text| !rest.any(|f| &f == text));
    assert_eq!(lost, None, "of {} acknowledged, with {} found", stored.len(), found.len());
}

#[test]
fn on_a_full_disk_all_can_be_read_old_chunks_can_be_removed_and_then_records_are_taken_again() {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let store = with_reserve(&env, None);
    store.maintain().unwrap();
    assert_eq!(fs.used() / RESERVE, 1, "the reserve is there");
    fs.set_capacity(Some(100_000));
    let stored = fill_up(&store);
    assert!(stored.len() > 300);
    assert!(store.stats().trouble.is_some(), "it says that it is not ready, and why");
    holds(&store, &stored);
    let before = store.stats();
    store.close();

    // It opens on the full disk, and all is there; it still takes nothing.
    let store = with_reserve(&env, None);
    holds(&store, &stored);
    assert!(is_sound(store.report()), "{:?}", store.report());
    let _ = store.maintain();
    assert!((0..20).any(|i| store.append(batch(&texts(500_000 + i, 60))).is_err()));
    store.close();

    // Retention makes room though there is none, by the reserve if need be.
    let store = with_reserve(&env, Some(before.disk_bytes / 2));
    for _ in 0..3 {
        let _ = store.maintain();
    }
    let stats = store.stats();
    assert!(stats.removed_chunks > 0 && stats.disk_bytes <= before.disk_bytes / 2 + 6_000, "{stats:?}");
    assert_eq!(stats.trouble, None, "by itself it is ready again");
    let new = append(&store, 900_000, 5);
    assert!(texts_of(&store).ends_with(&new));
    assert!(env.fs.size(&Path::new(DIR).join("reserve")).unwrap() == RESERVE, "and has its reserve again");
}

#[test]
fn with_the_reserve_gone_nothing_is_taken_until_there_is_room_for_it() {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let store = with_reserve(&env, None);
    store.maintain().unwrap();
    append(&store, 0, 5);
    fs.set_capacity(Some(fs.used()));
    // The catalog is written in the room of the reserve. Sealing itself must find room.
    fs.set_capacity(Some(fs.used() + 1_000));
    store.flush().unwrap();
    store.seal().unwrap();
    fs.set_capacity(Some(fs.used() - 1));
    env.fs.remove_file(&Path::new(DIR).join("catalog")).unwrap();
    fs.set_capacity(Some(fs.used()));
    store.shared.state.lock().held = None;
    let stored = texts_of(&store);
    // Nobody else has made room.
    let mut refused = store.append(batch(&texts(10, 60))).is_err();
    store.maintain().ok();
    refused |= store.append(batch(&texts(100, 60))).is_err();
    assert!(refused);
    holds(&store, &stored);
    fs.set_capacity(None);
    store.maintain().unwrap();
    append(&store, 1000, 60);
    assert_eq!(store.stats().trouble, None);
}

#[test]
fn a_disk_that_is_full_at_any_single_write_loses_nothing_and_is_got_over() {
    let operations = [
        Operation::Create,
        Operation::Append,
        Operation::Sync,
        Operation::SyncDir,
        Operation::Rename,
        Operation::Remove,
        Operation::Truncate,
    ];
    let mut hit = 0;
    for operation in operations {
        for after in 0..30 {
            for (times, error) in
                [(1, ErrorKind::StorageFull), (4, ErrorKind::FileTooLarge), (2, ErrorKind::Other)]
            {
                hit += u32::from(run_with_fault(Fault { operation, after, times, error }));
            }
        }
    }
    assert!(hit > 150, "only {hit} of the faults hit anything");
}

/// Everything that writes, with a fault in it; whether the fault was met.
fn run_with_fault(fault: Fault) -> bool {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let store = with_reserve(&env, None);
    store.maintain().unwrap();
    fs.inject(fault);
    let (mut stored, mut refused, mut failed) = (Vec::new(), Vec::new(), false);
    for round in 0..4 {
        for (i, count) in [3, 60, 12, 2].into_iter().enumerate() {
            let texts = texts(round * 1000 + i * 100, count);
            match store.append(batch(&texts)) {
                Ok(_) => stored.extend(texts),
                Err(_) => refused.push(texts),
            }
            failed |= !refused.is_empty();
            holds(&store, &stored);
            lacks(&store, &refused, fault);
        }
        failed |= store.flush().is_err();
        failed |= round % 2 == 1 && store.seal().is_err();
        failed |= store.maintain().is_err();
    }
    failed |= store.stats().failures > 0;
    fs.heal();
    // Nobody has to do anything.
    for _ in 0..2 {
        store.maintain().unwrap();
    }
    assert_eq!(store.stats().trouble, None, "{fault:?}");
    stored.extend(append(&store, 50_000, 5));
    holds(&store, &stored);
    lacks(&store, &refused, fault);
    for seed in 0..3 {
        let env = self::env(FaultFs::over(&fs.crash(seed).unwrap()).unwrap());
        holds(&with_reserve(&env, None), &stored);
    }
    store.close();
    let store = with_reserve(&env, None);
    holds(&store, &stored);
    lacks(&store, &refused, fault);
    failed
}

/// What was refused is not there, nor ever will be: who sent it will bring it again. Of what went straight to a chunk, and
/// was cut into several row groups, a beginning may be there.
fn lacks(store: &Store, refused: &[Vec<Vec<u8>>], fault: Fault) {
    let found = texts_of(store);
    for texts in refused {
        let there = texts.iter().take_while(|text| found.contains(text)).count();
        let rest = &texts[there..];
        assert!(there == 0 || texts.len() == 60, "{fault:?}: refused, and {there} of them are there");
        assert!(!rest.iter().any(|text| found.contains(text)), "{fault:?}: a part is there");
    }
}

/// Threads that bring what was refused again, as receivers and their senders do, while the disk is full now and then.
fn insist(durability: Durability) {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let options = StoreOptions { durability, ..options() };
    let store = Store::open(env.clone(), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap();
    let (threads, batches) = (6, 400);
    let (refused, left) = (AtomicUsize::new(0), AtomicUsize::new(threads));
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (store, refused, left) = (&store, &refused, &left);
            scope.spawn(move || {
                for i in 0..batches {
                    // One record: no row group ends within a batch.
                    let texts = texts(thread * 1_000_000 + i, 1);
                    while let Err(error) = store.append(batch(&texts)) {
                        assert!(refused.fetch_add(1, Ordering::Relaxed) < 2_000_000, "{error}");
                        std::thread::yield_now();
                    }
                }
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        for i in 0.. {
            let full = i % 2 == 0 && left.load(Ordering::Relaxed) > 0;
            fs.set_capacity(full.then(|| fs.used() + i * 37 % 500));
            let _ = store.maintain();
            if !full && left.load(Ordering::Relaxed) == 0 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    assert!(refused.into_inner() > 10, "the disk was hardly ever full");
    let all = |store: &Store| {
        let found = texts_of(store);
        for thread in 0..threads {
            let number = |text: &Vec<u8>| -> usize {
                String::from_utf8_lossy(text).split(' ').nth(1).unwrap().parse().unwrap()
            };
            let numbers: Vec<usize> = found.iter().map(number).filter(|n| n / 1_000_000 == thread).collect();
            assert!(numbers.windows(2).all(|w| w[0] < w[1]), "twice, or out of order");
            assert_eq!(numbers.len(), batches);
        }
    };
    all(&store);
    // Who was refused last may have been so after the last look at the disk.
    store.maintain().unwrap();
    assert_eq!(store.stats().trouble, None);
    store.close();
    all(&open(&env));
}

#[test]
fn who_brings_what_was_refused_again_has_it_once_and_in_order() {
    insist(Durability::Fsync);
    insist(Durability::Interval { interval_ms: 1 });
}

#[test]
fn a_disk_that_is_full_is_not_said_to_have_room_until_it_has() {
    let fs = FaultFs::new();
    let store = open(&env(fs.clone()));
    append(&store, 0, 2);
    fs.set_capacity(Some(fs.used() + 10));
    assert!(store.append(batch(&texts(10, 20))).is_err());
    for _ in 0..3 {
        // Something smaller would fit.
        assert!(store.maintain().is_err());
        assert!(store.stats().trouble.is_some());
    }
    assert_eq!(texts_of(&store), texts(0, 2));
    fs.set_capacity(Some(fs.used() + 5_000));
    store.maintain().unwrap();
    assert_eq!(store.stats().trouble, None);
    append(&store, 10, 20);
}
