//! Full disks, failed syncs, encoders that panic.

use std::io::ErrorKind;

use gastrolog_env::{Fault, FaultFs, Operation};

use super::*;

fn faulty() -> (FaultFs, Env, Arc<Store>) {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let store = open(&env);
    // The first tick is over: nothing else writes.
    store.maintain().unwrap();
    (fs, env, store)
}

fn fail(fs: &FaultFs, operation: Operation, times: u64, error: ErrorKind) {
    fs.inject(Fault { operation, after: 0, times, error });
}

#[test]
fn a_full_disk_loses_nothing_and_the_chunk_goes_on_afterwards() {
    let (fs, env, store) = faulty();
    append(&store, 0, 5);
    store.flush().unwrap();
    append(&store, 5, 5);
    fail(&fs, Operation::Append, u64::MAX, ErrorKind::StorageFull);
    let error = store.flush().unwrap_err();
    assert!(matches!(&error, StoreError::Flush(e) if e.full), "{error}");
    assert!(error.to_string().contains(".chunk"), "{error}");
    assert_eq!(texts_of(&store), texts(0, 10));
    // What would go straight to the chunk is refused, and taken back.
    assert!(store.append(batch(&texts(100, 60))).is_err());
    assert_eq!(texts_of(&store), texts(0, 10));
    let stats = store.stats();
    assert!(stats.failures >= 2 && stats.last_failure.is_some());
    fs.heal();
    store.append(batch(&texts(10, 60))).unwrap();
    assert_eq!(texts_of(&store), texts(0, 70));
    assert_eq!(chunk_files(&env).len(), 1);
    store.close();
    assert_eq!(texts_of(&open(&env)), texts(0, 70));
}

#[test]
fn after_a_failed_sync_another_chunk_is_begun_and_the_old_one_is_sealed_as_it_was() {
    let (fs, env, store) = faulty();
    append(&store, 0, 5);
    store.flush().unwrap();
    append(&store, 5, 5);
    fail(&fs, Operation::Sync, 1, ErrorKind::Other);
    store.flush().unwrap_err();
    assert_eq!(texts_of(&store), texts(0, 10));
    store.flush().unwrap();
    assert_eq!(chunk_files(&env).len(), 2);
    assert_eq!(texts_of(&store), texts(0, 10));
    store.maintain().unwrap();
    let sealed: Vec<bool> = store.snapshot().chunks.iter().map(|c| c.sealed).collect();
    assert_eq!((sealed, texts_of(&store)), (vec![true, false], texts(0, 10)));
    for seed in 0..50 {
        let env = self::env(FaultFs::over(&fs.crash(seed).unwrap()).unwrap());
        assert_eq!(texts_of(&open(&env)), texts(0, 10));
    }
}

#[test]
fn when_the_log_fails_records_go_straight_to_a_chunk_and_the_log_begins_anew() {
    let (fs, env, store) = faulty();
    append(&store, 0, 2);
    fail(&fs, Operation::Sync, 1, ErrorKind::Other);
    // The commit fails, the row group that is made instead does not.
    append(&store, 2, 2);
    assert_eq!(store.stats().pending_records, 0);
    // The log begins anew in another file.
    append(&store, 4, 2);
    assert_eq!((store.stats().pending_records, store.shared.wal.poison()), (2, None));
    assert_eq!(texts_of(&store), texts(0, 6));
    for seed in 0..50 {
        let env = self::env(FaultFs::over(&fs.crash(seed).unwrap()).unwrap());
        assert_eq!(texts_of(&open(&env)), texts(0, 6));
    }
    store.close();
    let store = open(&env);
    append(&store, 6, 2);
    assert_eq!((texts_of(&store), store.stats().pending_records), (texts(0, 8), 4));
}

#[test]
fn appending_to_a_full_store_on_a_failing_disk_is_an_error_and_not_a_wait_without_end() {
    let (fs, _, store) = faulty();
    // The log has its file already.
    append(&store, 9999, 1);
    fail(&fs, Operation::Create, u64::MAX, ErrorKind::StorageFull);
    let error = (0..1000).find_map(|i| store.append(batch(&texts(i * 10, 10))).err()).unwrap();
    assert!(matches!(error, StoreError::Flush(_)), "{error}");
    assert!(store.stats().pending_bytes < 4000);
    fs.heal();
    store.flush().unwrap();
    append(&store, 0, 10);
}

/// Panics unless it is to make text.
struct Panicking;

impl Encoder for Panicking {
    fn encode(&self, _: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        panic!("a test of panics")
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        TextEncoder.encode(records)
    }
}

#[test]
fn an_encoder_that_panics_stops_nothing() {
    let store = Store::open(env(MemFs::new()), Path::new(DIR), options(), Arc::new(Panicking)).unwrap();
    append(&store, 0, 5);
    store.flush().unwrap();
    let stats = store.stats();
    assert_eq!((stats.failures, stats.pending_bytes), (1, 0));
    assert_eq!(stats.last_failure.as_deref(), Some("the encoder panicked; written as text"));
    assert_eq!(texts_of(&store), texts(0, 5));
}

/// Who opens the store numbers its records from what it finds in the log: nobody may, before the log is finished.
#[test]
fn the_lock_is_let_go_when_the_log_is_finished() {
    let env = env(MemFs::new());
    let store = open(&env);
    append(&store, 0, 5);
    std::thread::scope(|scope| {
        let held = store.shared.wal.hold_writer();
        let closing = scope.spawn(|| store.close());
        for _ in 0..50 {
            let other = Store::open(env.clone(), Path::new(DIR), options(), Arc::new(TextEncoder));
            assert!(matches!(other, Err(StoreError::Locked(_))), "{other:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(held);
        closing.join().unwrap();
    });
    assert_eq!(texts_of(&open(&env)), texts(0, 5));
}
