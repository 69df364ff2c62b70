//! Tests of the store as a whole; what they share, and how it works when nothing fails.

mod clock;
mod crash;
mod damage;
mod failures;
mod full;
mod measures;
mod model;
mod recompact;
mod retention;
mod row_groups;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gastrolog_env::{Env, Fs, MemFs, SeededRandom};
use gastrolog_format::row_group::{ColumnKey, EncodedRowGroup, Parts, RawColumn, encode_row_group};
use gastrolog_format::{Compressor, Shape, Shapes};
use gastrolog_types::{Attributes, Batch, Seq, Timestamp};

use super::*;
use crate::{Chunk, ReadError, RowGroup, Snapshot};

const DIR: &str = "/store";

/// Puts the whole text of each record into one column, and its attributes into others.
struct TextEncoder;

/// The number of the column of this name.
fn column_of(name: &str, attribute: bool, columns: &mut Vec<RawColumn>) -> u32 {
    let key = ColumnKey { name: name.into(), attribute, escape: 0, occurrence: 0 };
    let found = columns.iter().position(|column| column.key == key);
    found.unwrap_or_else(|| {
        columns.push(RawColumn::new(key));
        columns.len() - 1
    }) as u32
}

impl Encoder for TextEncoder {
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        let (mut columns, mut shapes, mut shape_ids) = (Vec::new(), Shapes::default(), Vec::new());
        let (mut raw_bytes, mut ingest, mut source) = (0, Vec::new(), Vec::new());
        for (pending, i) in records.iter().flat_map(|p| p.range.clone().map(move |i| (p, i))) {
            let record = &pending.batch.records[i];
            let mut ids = vec![column_of("text", false, &mut columns)];
            columns[ids[0] as usize].push(pending.batch.text_of(i));
            for (name, value) in pending.batch.attributes[record.attributes as usize].iter() {
                ids.push(column_of(name, true, &mut columns));
                columns[*ids.last().unwrap() as usize].push(value);
            }
            let literals = [&b""[..], b""].into_iter().collect();
            let attributes = ids.split_off(1);
            let shape = Shape { attributes, slots: ids, literals, ..Shape::default() };
            let known = shapes.shapes.iter().position(|other| *other == shape);
            shape_ids.push(known.unwrap_or(shapes.shapes.len()) as u32);
            shapes.shapes.extend(known.is_none().then_some(shape));
            raw_bytes += pending.batch.text_of(i).len() as u64;
            ingest.push(record.ingest.0);
            source.push(record.source.0);
        }
        let parts = Parts {
            first_seq: records[0].first_seq,
            raw_bytes,
            shapes: &shapes,
            shape_ids: &shape_ids,
            ingest: &ingest,
            source: &source,
            source_is_predicted: false,
            columns: &columns,
        };
        vec![(encode_row_group(&parts, &mut Compressor::new(1)), shapes)]
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        self.encode(records)
    }
}

/// Makes row groups of five records at the most, whatever it is given: as one does to which more would be too many kinds.
struct Fives;

impl Encoder for Fives {
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        let one = |(pending, i): (&Pending, usize)| Pending {
            first_seq: pending.first_seq + (i - pending.range.start) as u64,
            batch: pending.batch.clone(),
            range: i..i + 1,
        };
        let all = records.iter().flat_map(|p| p.range.clone().map(move |i| (p, i)));
        let all: Vec<Pending> = all.map(one).collect();
        all.chunks(5).flat_map(|five| TextEncoder.encode(five)).collect()
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        TextEncoder.encode(records)
    }
}

/// A store with two row groups of five records in its growing chunk, and five that are in the log alone.
fn two_groups_and_five_that_wait(env: &Env) -> Arc<Store> {
    let store = open(env);
    for i in 0..2 {
        append(&store, 5 * i, 5);
        store.flush().unwrap();
    }
    append(&store, 10, 5);
    store
}

/// Seq and text of every record of a row group.
fn rows_of(group: &RowGroup) -> Result<Vec<(Seq, Vec<u8>)>, ReadError> {
    let header = group.header()?;
    let column = header.column(&group.body()?, 0).map_err(|e| group.error(e))?;
    let row = |i: usize| {
        let mut text = Vec::new();
        column.write(i, &mut text);
        (header.first_seq + i as u64, text)
    };
    Ok((0..column.len()).map(row).collect())
}

fn rows_of_chunk(chunk: &Chunk) -> Result<Vec<(Seq, Vec<u8>)>, ReadError> {
    Ok(chunk.row_groups()?.iter().map(|g| rows_of(g)).collect::<Result<Vec<_>, _>>()?.concat())
}

/// Seq and text of every record, in the order they are in the snapshot.
fn try_rows(snapshot: &Snapshot) -> Result<Vec<(Seq, Vec<u8>)>, ReadError> {
    let mut rows = Vec::new();
    for chunk in &snapshot.chunks {
        let of_chunk = rows_of_chunk(chunk)?;
        assert_eq!(of_chunk.len() as u64, chunk.summary.records);
        assert_eq!(of_chunk.first().map(|r| r.0), Some(chunk.summary.first_seq));
        assert_eq!(of_chunk.last().map(|r| r.0 + 1), Some(chunk.summary.end_seq));
        rows.extend(of_chunk);
    }
    for p in &snapshot.pending {
        let row = |(k, i): (usize, usize)| (p.first_seq + k as u64, p.batch.text_of(i).to_vec());
        rows.extend(p.range.clone().enumerate().map(row));
    }
    assert!(rows.windows(2).all(|w| w[0].0 < w[1].0), "seqs rise");
    assert!(rows.last().is_none_or(|r| r.0 < snapshot.next_seq));
    Ok(rows)
}

fn rows(snapshot: &Snapshot) -> Vec<(Seq, Vec<u8>)> {
    try_rows(snapshot).unwrap()
}

fn env(fs: impl Fs + 'static) -> Env {
    Env { random: Arc::new(SeededRandom::new(7)), ..Env::memory().with_fs(Arc::new(fs)) }
}

/// Small everything.
fn options() -> StoreOptions {
    StoreOptions {
        row_group_bytes: 400,
        direct_bytes: 1000,
        reserve_bytes: 0,
        seal: SealPolicy { bytes: 3000, ..SealPolicy::default() },
        ..StoreOptions::default()
    }
}

fn open(env: &Env) -> Arc<Store> {
    Store::open(env.clone(), Path::new(DIR), options(), Arc::new(TextEncoder)).unwrap()
}

/// A batch of `texts`, all from one host.
fn batch<T: AsRef<[u8]>>(texts: &[T]) -> Batch {
    let attributes = Attributes::new([("host", &b"h"[..])]);
    let mut batch = Batch::default();
    for (i, text) in texts.iter().enumerate() {
        batch.push(text.as_ref(), &attributes, Timestamp(1_000 + i as i64), Timestamp::NONE);
    }
    batch
}

/// `count` texts of about 30 bytes that differ from those of any other `from`.
fn texts(from: usize, count: usize) -> Vec<Vec<u8>> {
    (from..from + count).map(|i| format!("record {i} {}", "x".repeat(i * 7 % 37)).into_bytes()).collect()
}

fn append(store: &Store, from: usize, count: usize) -> Vec<Vec<u8>> {
    let texts = texts(from, count);
    store.append(batch(&texts)).unwrap();
    texts
}

fn texts_of(store: &Store) -> Vec<Vec<u8>> {
    rows(&store.snapshot()).into_iter().map(|r| r.1).collect()
}

/// Whether nothing is damaged. Of the end of the log, where it was not synced, nobody knows that, now or later.
fn is_sound(report: &RecoveryReport) -> bool {
    let wal = &report.wal;
    let is_of_log = |d: &ReadError| d.file.ends_with(".wal");
    report.damage.is_empty()
        && report.passing.iter().all(is_of_log)
        && report.harmless.is_empty()
        && wal.damaged_places == wal.doubtful_places
}

fn chunk_files(env: &Env) -> Vec<PathBuf> {
    let dir = Path::new(DIR).join("chunks");
    env.fs.list(&dir).unwrap().iter().map(|e| dir.join(&e.name)).collect()
}

#[test]
fn records_are_found_wherever_they_are_and_after_every_reopening() {
    let env = env(MemFs::new());
    let store = open(&env);
    assert_eq!(store.append(batch(&["a", "", "b\n"])).unwrap(), (0, 3));
    assert_eq!(store.append(Batch::default()).unwrap(), (3, 0));
    let mut all = vec![b"a".to_vec(), Vec::new(), b"b\n".to_vec()];
    for round in 0..10 {
        all.extend(append(&store, round * 100, 20));
        // Long enough to go straight to a chunk, in several row groups.
        all.extend(append(&store, round * 100 + 20, 60));
        assert_eq!(texts_of(&store), all);
    }
    store.flush().unwrap();
    let stats = store.stats();
    assert_eq!((stats.pending_records, stats.records, stats.next_seq), (0, 803, 803));
    assert!(stats.sealed_chunks > 3, "the policy seals: {stats:?}");
    let before = store.snapshot();
    all.extend(append(&store, 5000, 3));
    store.close();
    assert!(matches!(store.append(batch(&["late"])), Err(StoreError::Closed)));
    assert!(matches!(store.flush(), Err(StoreError::Closed)));
    assert_eq!(texts_of(&store), all);
    assert_eq!(rows(&before).len(), 803);

    let read_only = Store::open_read_only(&env, Path::new(DIR)).unwrap();
    assert_eq!(rows(&read_only.snapshot()).iter().map(|r| r.1.clone()).collect::<Vec<_>>(), all);
    assert!(read_only.report().is_whole());
    for _ in 0..2 {
        let store = open(&env);
        assert!(store.report().is_whole(), "{:?}", store.report());
        assert_eq!(store.report().replayed_records, 3);
        assert_eq!((texts_of(&store), store.stats().next_seq), (all.clone(), 806));
    }
    let store = open(&env);
    let sealed = store.seal().unwrap();
    assert_eq!(sealed.len(), 1);
    assert_eq!(store.seal().unwrap(), Vec::<u128>::new(), "an empty chunk is never sealed");
    assert_eq!(texts_of(&store), all);
    assert!(store.snapshot().chunks.iter().all(|c| c.sealed));
    assert_eq!(store.append(batch(&["z"])).unwrap(), (806, 1));
}

#[test]
fn a_footer_rebuilt_after_reopening_is_the_one_that_would_have_been_written() {
    let (one, two) = (env(MemFs::new()), env(MemFs::new()));
    let mut footers = Vec::new();
    for (env, reopen) in [(&one, false), (&two, true)] {
        let mut store = open(env);
        for i in 0..5 {
            store.append(batch(&["same", "other", "other"])).unwrap();
            append(&store, i * 10, 3);
            store.flush().unwrap();
            if reopen {
                store.close();
                store = open(env);
            }
        }
        store.seal().unwrap();
        footers.push(store.snapshot().chunks[0].footer().unwrap().clone());
    }
    assert_eq!(footers[0], footers[1]);
    assert!(footers[0].fields_complete && footers[0].row_groups.len() == 5);
}

#[test]
fn a_store_is_locked_and_says_by_whom() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Store::open(Env::real(), dir.path(), options(), Arc::new(TextEncoder));
    let store = open().unwrap();
    append(&store, 0, 5);
    let error = open().unwrap_err();
    assert!(matches!(error, StoreError::Locked(_)));
    let text = error.to_string();
    assert!(text.contains("lock is held by pid") && text.contains(&std::process::id().to_string()), "{text}");
    let reader = Store::open_read_only(&Env::real(), dir.path()).unwrap();
    assert_eq!(rows(&reader.snapshot()).len(), 5);
    drop(store);
    assert_eq!(texts_of(&open().unwrap()), texts(0, 5));
}

#[test]
fn eight_threads_append_together_and_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { row_group_bytes: 20_000, ..options() };
    let store = Store::open(Env::real(), dir.path(), options, Arc::new(TextEncoder)).unwrap();
    let text = |thread: usize, i: usize| format!("{thread}/{i:03}").into_bytes();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for i in 0..40 {
                    let (seq, count) =
                        store.append(batch(&[text(thread, 2 * i), text(thread, 2 * i + 1)])).unwrap();
                    assert_eq!(count, 2);
                    let seen = rows(&store.snapshot());
                    let at = seen.iter().position(|r| r.0 == seq).unwrap();
                    assert_eq!(seen[at + 1].1, text(thread, 2 * i + 1));
                    assert_eq!(seen.last().unwrap().0, seen.len() as u64 - 1, "none is missing");
                }
            });
        }
    });
    assert!(store.shared.wal.syncs() <= 320, "one sync serves one or several");
    drop(store);
    let store = Store::open(Env::real(), dir.path(), options, Arc::new(TextEncoder)).unwrap();
    let all = texts_of(&store);
    assert_eq!(all.len(), 640);
    for thread in 0..8 {
        let prefix = format!("{thread}/").into_bytes();
        let own: Vec<_> = all.iter().filter(|t| t.starts_with(&prefix)).cloned().collect();
        assert_eq!(own, (0..80).map(|i| text(thread, i)).collect::<Vec<_>>());
    }
}

#[test]
fn followers_wait_for_records() {
    let store = open(&env(MemFs::new()));
    assert!(!store.wait_for(0, Duration::from_millis(1)));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.wait_for(2, Duration::from_secs(60)));
        append(&store, 0, 2);
        append(&store, 2, 1);
        assert!(waiting.join().unwrap());
        let waiting = scope.spawn(|| store.wait_for(99, Duration::from_secs(60)));
        store.close();
        assert!(!waiting.join().unwrap());
    });
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let store = open(&env(MemFs::new()));
    let mut outside = batch(&["abc"]);
    outside.records[0].end = 4;
    let mut backwards = batch(&["abc"]);
    backwards.records[0].start = 3;
    backwards.records[0].end = 1;
    let mut no_attributes = batch(&["abc"]);
    no_attributes.attributes.clear();
    let long = vec![b'x'; crate::wal::RECORD_BYTES_MAX + 1];
    for bad in [outside, backwards, no_attributes, batch(&[long])] {
        assert!(matches!(store.append(bad), Err(StoreError::Refused { .. })));
    }
    assert_eq!(store.stats().next_seq, 0);
    // The longest that is allowed is a row group of its own.
    let longest = vec![b'x'; crate::wal::RECORD_BYTES_MAX];
    store.append(batch(&[&b"a"[..], &longest, b"b"])).unwrap();
    assert_eq!(texts_of(&store), [b"a".to_vec(), longest, b"b".to_vec()]);
}
