//! Chunks written anew: the same records, whatever happens meanwhile.

use std::io::ErrorKind;

use gastrolog_env::{Fault, FaultFs, ManualClock, Operation};

use gastrolog_format::Body;

use super::*;

fn policy() -> RecompactPolicy {
    RecompactPolicy { row_group_bytes: 1500, chunk_bytes: 4000, age_ms: None }
}

fn recompact_next(store: &Store) -> Result<Recompaction, StoreError> {
    recompact_next_by(store, &TextEncoder)
}

pub(super) fn recompact_next_by(store: &Store, encoder: &dyn Encoder) -> Result<Recompaction, StoreError> {
    store.recompact_next(&policy(), encoder, &mut |_, _| true)
}

/// Writes all chunks anew; returns how many there were made.
fn recompact(store: &Store) -> usize {
    for made in 0.. {
        match recompact_next(store).unwrap() {
            Recompaction::Done(_) => {}
            Recompaction::Nothing => return made,
            other => panic!("{other:?}"),
        }
    }
    0
}

/// A store of `count` sealed chunks of ten records.
fn sealed(env: &Env, count: usize) -> Arc<Store> {
    let store = open(env);
    for i in 0..count {
        append(&store, 10 * i, 10);
        store.seal().unwrap();
    }
    store
}

fn numbered(texts: Vec<Vec<u8>>) -> Vec<(Seq, Vec<u8>)> {
    texts.into_iter().enumerate().map(|(i, t)| (i as Seq, t)).collect()
}

#[test]
fn small_chunks_become_larger_ones_with_the_same_records_seqs_and_order() {
    let env = env(MemFs::new());
    let store = sealed(&env, 30);
    append(&store, 300, 3);
    store.flush().unwrap();
    let (before, files) = (store.stats(), chunk_files(&env).len());
    let old = store.snapshot();
    assert!(recompact(&store) >= 2);
    let after = store.stats();
    assert!(after.chunks < before.chunks / 2 && after.disk_bytes < before.disk_bytes, "{after:?}");
    assert_eq!((after.records, after.raw_bytes), (before.records, before.raw_bytes));
    assert_eq!(chunk_files(&env).len() as u64, after.chunks);
    assert!(files > chunk_files(&env).len());
    assert_eq!(rows(&store.snapshot()), numbered(texts(0, 303)));
    assert_eq!(rows(&old), numbered(texts(0, 303)), "a snapshot from before reads on");
    let groups = |s: &Snapshot| s.chunks.iter().map(|c| c.summary.row_groups).sum::<u32>();
    assert!(groups(&store.snapshot()) < groups(&old));
    append(&store, 303, 30);
    store.seal().unwrap();
    assert_eq!(recompact(&store), 1, "what is new since");
    store.close();
    for lost in [false, true] {
        if lost {
            env.fs.remove_file(&Path::new(DIR).join("catalog")).unwrap();
        }
        let store = open(&env);
        assert!(is_sound(store.report()), "{:?}", store.report());
        assert_eq!(rows(&store.snapshot()), numbered(texts(0, 333)));
        assert_eq!(recompact(&store), 0, "what was written anew is known as such, catalog lost: {lost}");
        assert_eq!(store.append(Batch::default()).unwrap().0, 333);
    }
}

#[test]
fn times_and_attributes_stay() {
    let env = env(MemFs::new());
    let store = open(&env);
    append(&store, 0, 30);
    store.seal().unwrap();
    let times = |store: &Store| {
        let snapshot = store.snapshot();
        let groups = snapshot.chunks.iter().flat_map(|c| c.row_groups().unwrap());
        let header = |g: &Arc<RowGroup>| {
            (g.header().unwrap().clone(), {
                let body = g.body().unwrap();
                body.get(0, body.len()).unwrap().into_owned()
            })
        };
        let read = |(h, body): (Arc<gastrolog_format::row_group::Header>, Vec<u8>)| {
            h.ingest(&*body).unwrap().into_iter().zip(h.source(&*body).unwrap().unwrap())
        };
        groups.map(header).flat_map(read).collect::<Vec<_>>()
    };
    let before = times(&store);
    assert_eq!((recompact(&store), times(&store)), (1, before));
}

#[test]
fn it_can_be_interrupted_at_any_write() {
    let mut done = 0;
    for after in 0..40 {
        let fs = FaultFs::new();
        let env = env(fs.clone());
        drop(sealed(&env, 4));
        let store = open(&env);
        append(&store, 40, 5);
        store.maintain().unwrap();
        fs.inject(Fault { operation: Operation::AnyWrite, after, times: u64::MAX, error: ErrorKind::Other });
        let result = recompact_next(&store);
        done += usize::from(matches!(result, Ok(Recompaction::Done(_))));
        assert_eq!(rows(&store.snapshot()), numbered(texts(0, 45)), "after {after}");
        for seed in 0..20 {
            let env = self::env(FaultFs::over(&fs.crash(seed).unwrap()).unwrap());
            let reader = Store::open_read_only(&env, Path::new(DIR)).unwrap();
            assert!(is_sound(reader.report()), "after {after}, seed {seed}: {:?}", reader.report());
            assert_eq!(rows(&reader.snapshot()), numbered(texts(0, 45)), "after {after}, seed {seed}");
            for opening in 0..2 {
                let store = open(&env);
                let place = format!("after {after}, seed {seed}, opening {opening}");
                assert!(is_sound(store.report()), "{place}: {:?}", store.report());
                assert_eq!(rows(&store.snapshot()), numbered(texts(0, 45)), "{place}");
                store.maintain().unwrap();
                let chunks = store.stats().chunks as usize;
                assert_eq!(chunk_files(&env).len(), chunks, "{place}: only what counts is there");
                recompact(&store);
                assert_eq!(rows(&store.snapshot()), numbered(texts(0, 45)), "{place}, again");
            }
        }
    }
    assert!((5..35).contains(&done), "some were interrupted and some were not: {done}");
}

#[test]
fn each_single_failure_changes_nothing_that_counts() {
    let kinds = [
        Operation::Create,
        Operation::Append,
        Operation::Sync,
        Operation::SyncDir,
        Operation::Rename,
        Operation::Remove,
    ];
    for operation in kinds {
        for after in 0..8 {
            let fs = FaultFs::new();
            let env = env(fs.clone());
            let store = sealed(&env, 4);
            store.maintain().unwrap();
            fs.inject(Fault { operation, after, times: 1, error: ErrorKind::StorageFull });
            let _ = recompact_next(&store);
            assert_eq!(rows(&store.snapshot()), numbered(texts(0, 40)));
            fs.heal();
            recompact(&store);
            store.maintain().unwrap();
            let place = format!("{operation:?} {after}");
            assert_eq!(rows(&store.snapshot()), numbered(texts(0, 40)), "{place}");
            assert_eq!(chunk_files(&env).len() as u64, store.stats().chunks, "{place}");
            let env = self::env(FaultFs::over(&fs.crash(after).unwrap()).unwrap());
            let store = open(&env);
            assert!(is_sound(store.report()), "{place}: {:?}", store.report());
            assert_eq!(rows(&store.snapshot()), numbered(texts(0, 40)), "{place}");
        }
    }
}

#[test]
fn a_reader_holds_what_it_has_while_chunks_are_replaced_and_then_removed() {
    // A real disk: what is removed is really gone, but for the map.
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let env = Env { clock: clock.clone(), ..Env::real() };
    let mut options = options();
    options.retention.age_ms = Some(10);
    let store = Store::open(env.clone(), dir.path(), options, Arc::new(TextEncoder)).unwrap();
    for i in 0..3 {
        append(&store, 10 * i, 10);
        store.seal().unwrap();
    }
    let first = store.snapshot();
    assert_eq!(recompact(&store), 1);
    let second = store.snapshot();
    assert_eq!((first.chunks.len(), second.chunks.len()), (3, 1));
    clock.advance_ns(20_000_000);
    store.maintain().unwrap();
    assert_eq!(env.fs.list(&dir.path().join("chunks")).unwrap(), Vec::new());
    assert_eq!(store.stats().records, 0);
    for held in [first, second] {
        assert_eq!(rows(&held), numbered(texts(0, 30)));
    }
}

#[test]
fn what_retention_removes_meanwhile_does_not_come_back() {
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let env = Env { clock: clock.clone(), ..env(MemFs::new()) };
    let mut options = options();
    options.retention.age_ms = Some(10_000);
    let store = Store::open(env.clone(), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap();
    for i in 0..3 {
        append(&store, 10 * i, 10);
        store.seal().unwrap();
    }
    let mut expire = |_, _| {
        clock.advance_ns(20_000_000_000);
        store.maintain().unwrap();
        true
    };
    let result = store.recompact_next(&policy(), &TextEncoder, &mut expire).unwrap();
    assert_eq!(result, Recompaction::Abandoned);
    assert_eq!((store.stats().chunks, store.stats().removed_chunks), (0, 3));
    assert_eq!(chunk_files(&env), Vec::<PathBuf>::new());
    drop(store);
    assert_eq!(texts_of(&open(&env)), Vec::<Vec<u8>>::new());
}

#[test]
fn appending_and_sealing_go_on_meanwhile() {
    let env = env(MemFs::new());
    let store = sealed(&env, 3);
    let mut at = 30;
    let mut busy = |_, _| {
        append(&store, at, 10);
        store.seal().unwrap();
        at += 10;
        assert_eq!(rows(&store.snapshot()), numbered(texts(0, at)));
        true
    };
    let done = store.recompact_next(&policy(), &TextEncoder, &mut busy).unwrap();
    assert!(matches!(done, Recompaction::Done(_)), "{done:?}");
    assert_eq!(rows(&store.snapshot()), numbered(texts(0, at)));
    let stop = store.recompact_next(&policy(), &TextEncoder, &mut |_, _| false).unwrap();
    assert_eq!(stop, Recompaction::Abandoned);
    assert_eq!(chunk_files(&env).len() as u64, store.stats().chunks, "no draft stays");
    assert_eq!(rows(&store.snapshot()), numbered(texts(0, at)));
}

#[test]
fn a_damaged_chunk_is_left_as_it_is_and_named() {
    let env = env(MemFs::new());
    drop(sealed(&env, 3));
    let path = chunk_files(&env)[1].clone();
    let mut bytes = env.fs.read(&path).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 1;
    env.fs.remove_file(&path).unwrap();
    env.fs.create_new(&path).unwrap().append(&bytes).unwrap();
    let store = open(&env);
    let found = store.snapshot().chunks.iter().map(|c| rows_of_chunk(c).ok()).collect::<Vec<_>>();
    assert!(found[1].is_none());
    match recompact_next(&store).unwrap() {
        Recompaction::Left { chunks, reason, harmless: false } => {
            assert_eq!(chunks, [store.snapshot().chunks[1].summary.id]);
            assert!(reason.contains(&path.display().to_string()), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(recompact(&store), 2, "its neighbours are written anew");
    assert_eq!(env.fs.read(&path).unwrap(), bytes);
    let again = store.snapshot().chunks.iter().map(|c| rows_of_chunk(c).ok()).collect::<Vec<_>>();
    assert_eq!(again, found);
}

#[test]
fn chunks_of_little_text_and_large_attributes_stay_apart() {
    let env = env(MemFs::new());
    let store = open(&env);
    for n in 1..4u64 {
        let noise: Vec<u8> = (0..5000u64).map(|i| (i.wrapping_mul(0x9E37_79B9 * n) >> 13) as u8).collect();
        let mut batch = Batch::default();
        batch.push(b"text", &Attributes::new([("noise", noise)]), Timestamp(1), Timestamp::NONE);
        store.append(batch).unwrap();
        store.seal().unwrap();
    }
    for _ in 0..3 {
        match recompact_next(&store).unwrap() {
            Recompaction::Done(done) => assert_eq!(done.sources.len(), 1),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_encoder_that_changes_a_record_is_found_out() {
    struct Wrong;
    impl Encoder for Wrong {
        fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
            let mut changed = records.to_vec();
            let last = changed.last_mut().unwrap();
            let mut batch = (*last.batch).clone();
            *batch.text.last_mut().unwrap() ^= 1;
            last.batch = Arc::new(batch);
            TextEncoder.encode(&changed)
        }
        fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
            TextEncoder.encode(records)
        }
    }
    let env = env(MemFs::new());
    let store = sealed(&env, 2);
    match store.recompact_next(&policy(), &Wrong, &mut |_, _| true).unwrap() {
        Recompaction::Left { reason, .. } => assert!(reason.contains("would not be the same"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(rows(&store.snapshot()), numbered(texts(0, 20)));
    assert_eq!(chunk_files(&env).len(), 2);
}

#[test]
fn in_the_background_chunks_wait_for_their_age_and_for_neighbours() {
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let env = Env { clock: clock.clone(), ..env(MemFs::new()) };
    let store = sealed(&env, 3);
    let policy = RecompactPolicy { chunk_bytes: 1 << 20, age_ms: Some(1000), ..policy() };
    let next = || store.recompact_next(&policy, &TextEncoder, &mut |_, _| true).unwrap();
    assert_eq!(next(), Recompaction::Nothing, "they are young");
    clock.advance_ns(1_500_000_000);
    assert_eq!(next(), Recompaction::Nothing, "more may come to be written with them");
    clock.advance_ns(3_000_000_000);
    match next() {
        Recompaction::Done(done) => assert_eq!(done.sources.len(), 3),
        other => panic!("{other:?}"),
    }
    assert_eq!(next(), Recompaction::Nothing);
    let large = RecompactPolicy { chunk_bytes: 1, age_ms: Some(1000), ..policy };
    append(&store, 30, 10);
    store.seal().unwrap();
    clock.advance_ns(1_500_000_000);
    let done = store.recompact_next(&large, &TextEncoder, &mut |_, _| true).unwrap();
    assert!(
        matches!(done, Recompaction::Left { .. } | Recompaction::Done(_)),
        "a large chunk waits for none"
    );
}
