//! What a store measures adds up with what it holds.

use std::io::ErrorKind;

use gastrolog_env::{Fault, FaultFs, Operation};

use super::*;

#[test]
fn what_is_measured_adds_up() {
    let fs = FaultFs::new();
    fs.set_capacity(Some(1 << 20));
    let env = env(fs.clone());
    let options = StoreOptions { reserve_bytes: 500, ..options() };
    let store = Store::open(env, Path::new(DIR), options, Arc::new(TextEncoder)).unwrap();
    let texts = texts(0, 40);
    let text_bytes: usize = texts.iter().map(Vec::len).sum();
    for part in texts.chunks(4) {
        store.append(batch(part)).unwrap();
    }
    store.append(batch(&[vec![b'x'; 1200]])).unwrap();
    let now = store.measures();
    assert_eq!((now.appended_records, now.appended_bytes), (41, text_bytes as u64 + 1200));
    assert_eq!(now.append.count(), 11);
    assert!(now.log_sync.count() >= 1 && now.log_sync.count() <= 11);
    store.seal().unwrap();
    let now = store.measures();
    assert_eq!((now.build.count(), now.seal.count() >= 1), (now.chunk_sync.count(), true));
    assert_eq!(now.stats.sealed_chunks, now.seal.count());
    assert_eq!((now.active_bytes, now.stats.disk_bytes), (0, now.sealed_bytes + now.stats.wal_bytes));
    assert_eq!(now.disk_free_bytes, Some((1 << 20) - fs.used()));
    assert_eq!((now.reserve_bytes, now.damaged_files, now.compactions), (500, 0, 0));
}

#[test]
fn a_batch_that_fails_is_not_counted_as_stored_and_damaged_files_are() {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let store = Store::open(env.clone(), Path::new(DIR), options(), Arc::new(TextEncoder)).unwrap();
    let fault =
        Fault { operation: Operation::Append, after: 0, times: u64::MAX, error: ErrorKind::StorageFull };
    fs.inject(fault);
    assert!(store.append(batch(&texts(0, 3))).is_err());
    assert_eq!((store.measures().appended_records, store.measures().append.count()), (0, 0));
    fs.heal();
    env.fs.create_new(&Path::new(DIR).join("wal/00000000000000000001.damaged")).unwrap();
    assert_eq!(store.measures().damaged_files, 1);
}
