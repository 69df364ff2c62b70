//! Disks that are full: at any moment, and for long.

use std::io::ErrorKind;

use gastrolog_env::{Fault, FaultFs, Operation};

use super::*;

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
                [(1, ErrorKind::StorageFull), (4, ErrorKind::StorageFull), (2, ErrorKind::Other)]
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
    let (mut stored, mut failed) = (Vec::new(), false);
    for round in 0..4 {
        for (i, count) in [3, 60, 12, 2].into_iter().enumerate() {
            let texts = texts(round * 1000 + i * 100, count);
            match store.append(batch(&texts)) {
                Ok(_) => stored.extend(texts),
                Err(_) => failed = true,
            }
            holds(&store, &stored);
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
    for seed in 0..3 {
        let env = self::env(FaultFs::over(&fs.crash(seed).unwrap()).unwrap());
        holds(&with_reserve(&env, None), &stored);
    }
    store.close();
    holds(&with_reserve(&env, None), &stored);
    failed
}
