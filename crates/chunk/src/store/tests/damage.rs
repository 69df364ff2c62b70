//! Damaged, missing and stale catalogs and footers.

use gastrolog_env::{Fault, FaultFs, Operation};
use gastrolog_format::{CHUNK_HEAD_BYTES, ChunkHead, SEQ_MAX};

use super::*;
use crate::catalog::Catalog;

fn flip(env: &Env, path: &Path, byte: usize) {
    let mut bytes = env.fs.read(path).unwrap();
    bytes[byte] ^= 0x10;
    env.fs.remove_file(path).unwrap();
    env.fs.create_new(path).unwrap().append(&bytes).unwrap();
}

/// Three sealed chunks of five records.
fn three_chunks() -> Env {
    let env = env(MemFs::new());
    let store = open(&env);
    for i in 0..3 {
        append(&store, 5 * i, 5);
        store.seal().unwrap();
    }
    env
}

#[test]
fn a_catalog_that_is_lost_damaged_or_stale_is_made_again() {
    let catalog = Path::new(DIR).join("catalog");
    let env = three_chunks();
    let good = env.fs.read(&catalog).unwrap();
    for change in 0..3 {
        match change {
            0 => env.fs.remove_file(&catalog).unwrap(),
            1 => flip(&env, &catalog, 30),
            _ => env.fs.write_atomic(&catalog, &crate::catalog::Catalog::default().encode()).unwrap(),
        }
        let store = open(&env);
        assert_eq!(store.report().harmless.len(), usize::from(change == 1), "{:?}", store.report());
        assert_eq!(texts_of(&store), texts(0, 15));
        store.maintain().unwrap();
        assert_eq!(env.fs.read(&catalog).unwrap(), good);
    }
}

#[test]
fn a_missing_chunk_is_named_and_its_seqs_are_not_used_again() {
    let env = three_chunks();
    let files = chunk_files(&env);
    let content = env.fs.read(&files[2]).unwrap();
    env.fs.remove_file(&files[2]).unwrap();
    let store = open(&env);
    let damage = store.report().all_damage();
    assert_eq!(damage.len(), 1);
    assert!(
        damage[0].to_string().contains("the file is missing: records 10 to 15 are lost"),
        "{}",
        damage[0]
    );
    assert_eq!(texts_of(&store), texts(0, 10));
    assert_eq!(store.append(batch(&["next"])).unwrap().0, 15);
    store.maintain().unwrap();
    store.close();
    // It is said by all who come later, until it has been told once more.
    let said =
        |report: &RecoveryReport| report.all_damage().iter().map(ToString::to_string).collect::<Vec<_>>();
    for _ in 0..2 {
        let store = open(&env);
        assert_eq!(said(store.report()), [damage[0].to_string()]);
        assert_eq!(
            said(Store::open_read_only(&env, Path::new(DIR)).unwrap().report()),
            [damage[0].to_string()]
        );
        store.close();
    }
    // Put back, it is as before; gone again, it is said again.
    env.fs.write_atomic(&files[2], &content).unwrap();
    let reader = Store::open_read_only(&env, Path::new(DIR)).unwrap();
    assert!(reader.report().is_whole(), "{:?}", reader.report());
    env.fs.remove_file(&files[2]).unwrap();
    assert!(!open(&env).report().is_whole());
    Store::forget_losses(&env, Path::new(DIR)).unwrap();
    assert!(open(&env).report().is_whole());
    Store::forget_losses(&env, Path::new(DIR)).unwrap();
}

/// As a copy to the wrong name leaves it: what is in it would be there twice.
#[test]
fn a_chunk_with_the_content_of_another_is_named_and_left_alone() {
    let env = three_chunks();
    let files = chunk_files(&env);
    let wrong = env.fs.read(&files[1]).unwrap();
    env.fs.write_atomic(&files[0], &[&wrong[..], b"-"].concat()).unwrap();
    for _ in 0..2 {
        let store = open(&env);
        let named = store.report().all_damage();
        assert!(named.iter().any(|d| d.reason.contains("it holds chunk")), "{named:?}");
        assert!(named.iter().any(|d| d.reason.contains("records 0 to 5 are lost")), "{named:?}");
        assert_eq!(texts_of(&store), texts(5, 10));
        store.maintain().unwrap();
        store.close();
    }
    // Under another name, with the right one gone, its records are there.
    env.fs.remove_file(&files[1]).unwrap();
    env.fs.write_atomic(&files[0], &wrong).unwrap();
    assert_eq!(texts_of(&open(&env)), texts(5, 10));
}

/// Bad bytes of the log are gone with it, what was cut off a chunk is gone too: both are still said after that.
#[test]
fn what_leaves_no_trace_is_said_by_all_who_come_later() {
    let env = three_chunks();
    let store = open(&env);
    for i in 0..6 {
        append(&store, 15 + 5 * i, 5);
        if i < 3 {
            store.flush().unwrap();
        }
    }
    store.close();
    let log = env.fs.list(&Path::new(DIR).join("wal")).unwrap().pop().unwrap().name;
    let log = Path::new(DIR).join("wal").join(log);
    flip(&env, &log, env.fs.read(&log).unwrap().len() / 2);
    let grown = chunk_files(&env).pop().unwrap();
    env.fs.truncate(&grown, env.fs.size(&grown).unwrap() - 3).unwrap();
    let store = open(&env);
    let first = store.report().all_damage();
    assert!([".wal", ".chunk"].iter().all(|end| first.iter().any(|e| e.file.ends_with(end))), "{first:?}");
    let there = texts_of(&store);
    store.close();
    for _ in 0..3 {
        let store = open(&env);
        let now = store.report().all_damage();
        assert!(first.iter().all(|loss| now.iter().any(|n| n.to_string() == loss.to_string())), "{now:?}");
        assert_eq!((now.len(), texts_of(&store)), (first.len(), there.clone()));
        store.close();
    }
}

/// The list itself may be damaged: what it says is said all the same, and that it is not as it was written.
#[test]
fn a_list_of_losses_with_a_flipped_bit_is_found() {
    let env = three_chunks();
    env.fs.remove_file(&chunk_files(&env)[1]).unwrap();
    open(&env).close();
    let path = Path::new(DIR).join("losses");
    let good = env.fs.read(&path).unwrap();
    for byte in 0..good.len() {
        flip(&env, &path, byte);
        let report = open(&env).report().clone();
        assert!(report.harmless.iter().any(|e| e.file.ends_with("losses")), "byte {byte}: {report:?}");
        env.fs.write_atomic(&path, &good).unwrap();
    }
    let report = open(&env).report().clone();
    assert_eq!((report.harmless.len(), report.all_damage().len()), (0, 1), "{report:?}");
    env.fs.write_atomic(&path, b"").unwrap();
    assert_eq!(open(&env).report().harmless.len(), 1);
}

#[test]
fn a_footer_with_any_bad_byte_loses_no_record() {
    let env = three_chunks();
    let path = &chunk_files(&env)[1];
    let len = env.fs.read(path).unwrap().len();
    let end = open(&env).snapshot().chunks[1].footer().unwrap().row_groups[0];
    let catalog = Path::new(DIR).join("catalog");
    let good = env.fs.read(path).unwrap();
    for byte in (end.offset + end.bytes) as usize..len {
        flip(&env, path, byte);
        // The catalog hides it until it is read.
        let store = open(&env);
        assert_eq!(texts_of(&store), texts(0, 15), "byte {byte}");
        let damage = store.snapshot().chunks[1].damage().cloned().unwrap();
        assert!(damage.to_string().contains("5 of 5 records were found without it"), "{damage}");
        assert!(store.snapshot().chunks[0].damage().is_none());
        store.close();
        // Without a catalog the footer is written anew.
        env.fs.remove_file(&catalog).unwrap();
        let store = open(&env);
        assert_eq!(texts_of(&store), texts(0, 15), "byte {byte}");
        store.maintain().unwrap();
        assert!(store.snapshot().chunks.iter().all(|c| c.sealed && c.damage().is_none()), "byte {byte}");
        store.close();
        assert_eq!(env.fs.read(path).unwrap(), good, "byte {byte}");
    }
}

#[test]
fn a_footer_that_is_read_again_and_bad_by_then_costs_what_it_knew_of_fields() {
    // A real disk: a file that is open changes with what is written to it.
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Env::real(), dir.path(), options(), Arc::new(TextEncoder)).unwrap();
    append(&store, 0, 5);
    store.seal().unwrap();
    let snapshot = store.snapshot();
    let chunk = &snapshot.chunks[0];
    let footer = chunk.footer().unwrap();
    chunk.let_go_of_footer();
    let again = chunk.footer().unwrap();
    assert!(again == footer && !Arc::ptr_eq(&again, &footer), "it was read again");
    assert!(footer.fields_complete && !footer.fields.is_empty());
    let group = footer.row_groups.last().unwrap();
    let good = std::fs::read(chunk.file().path()).unwrap();
    for byte in (group.offset + group.bytes) as usize..good.len() {
        let mut bad = good.clone();
        bad[byte] ^= 1;
        std::fs::write(chunk.file().path(), bad).unwrap();
        chunk.let_go_of_footer();
        let bare = chunk.footer().unwrap();
        assert_eq!(bare.row_groups, footer.row_groups, "byte {byte}");
        assert!(!bare.fields_complete && bare.fields.is_empty(), "byte {byte}");
        assert_eq!(texts_of(&store), texts(0, 5), "byte {byte}");
        let unread = chunk.unread();
        assert!(unread.row_groups().is_ok() && unread.damage().is_some(), "byte {byte}");
    }
    std::fs::write(chunk.file().path(), good).unwrap();
    chunk.let_go_of_footer();
    assert_eq!(chunk.footer().unwrap(), footer);
}

#[test]
fn a_chunk_of_a_later_release_is_refused() {
    let env = three_chunks();
    let path = &chunk_files(&env)[2];
    let mut bytes = env.fs.read(path).unwrap();
    bytes[8] = 2;
    let end = gastrolog_format::CHUNK_HEAD_BYTES - 4;
    let crc = crc32fast::hash(&bytes[..end]);
    bytes[end..end + 4].copy_from_slice(&crc.to_le_bytes());
    // The catalog does not know it.
    env.fs.remove_file(&Path::new(DIR).join("catalog")).unwrap();
    env.fs.remove_file(path).unwrap();
    env.fs.create_new(path).unwrap().append(&bytes).unwrap();
    let error = Store::open(env, Path::new(DIR), options(), Arc::new(TextEncoder)).unwrap_err();
    assert!(matches!(error, StoreError::Version { .. }), "{error}");
}

/// What `cp` leaves that was interrupted, in a copy without the catalog: at any length it is said, and nothing is thrown
/// away.
#[test]
fn a_sealed_chunk_that_was_cut_short_is_named_though_there_is_no_catalog() {
    let whole = three_chunks();
    for i in 0..3 {
        let group = open(&whole).snapshot().chunks[i].footer().unwrap().row_groups[0];
        for len in CHUNK_HEAD_BYTES + 1..(group.offset + group.bytes) as usize {
            let env = three_chunks();
            let path = &chunk_files(&env)[i];
            let content = env.fs.read(path).unwrap();
            env.fs.remove_file(&Path::new(DIR).join("catalog")).unwrap();
            // With the log and without.
            let log = env.fs.list(&Path::new(DIR).join("wal")).unwrap();
            for segment in log.iter().filter(|_| len % 2 == 0) {
                env.fs.remove_file(&Path::new(DIR).join("wal").join(&segment.name)).unwrap();
            }
            env.fs.truncate(path, len as u64).unwrap();
            let reader = Store::open_read_only(&env, Path::new(DIR)).unwrap();
            let named = |report: &RecoveryReport| {
                report.all_damage().iter().any(|d| d.to_string().contains(path.to_str().unwrap()))
            };
            assert!(named(reader.report()), "chunk {i}, {len}: {:?}", reader.report());
            let store = open(&env);
            assert!(named(store.report()), "chunk {i}, {len}: {:?}", store.report());
            assert_eq!(texts_of(&store).len(), 10);
            let copy = env.fs.read(&path.with_extension("damaged")).unwrap();
            assert_eq!(copy, content[..len], "chunk {i}, {len}: what there was of it is kept");
        }
    }
}

/// A chunk that was given up after a failed sync may come back with the records that went into the next one.
#[test]
fn repair_does_not_seal_what_the_next_chunk_has_too() {
    let env = env(MemFs::new());
    let store = open(&env);
    append(&store, 0, 5);
    store.flush().unwrap();
    append(&store, 5, 5);
    store.flush().unwrap();
    store.close();
    let first = chunk_files(&env).remove(0);
    let content = env.fs.read(&first).unwrap();
    let groups = crate::scan::scan(&content).groups;
    let id = u128::from_le_bytes(content[16..32].try_into().unwrap()) + (1 << 20);
    let mut second = Vec::new();
    ChunkHead { id, created: Timestamp(0), generation: 0 }.put(&mut second);
    second.extend_from_slice(&content[groups[1].entry.offset as usize..]);
    let path = super::super::active::chunk_path(&Path::new(DIR).join("chunks"), id);
    env.fs.create_new(&path).unwrap().append(&second).unwrap();
    Store::repair(&env, Path::new(DIR)).unwrap();
    let store = open(&env);
    assert_eq!(texts_of(&store), texts(0, 10));
    store.seal().unwrap();
    store.close();
    assert_eq!(texts_of(&open(&env)), texts(0, 10));
}

/// The disk cannot read one file of a store: the others are served, and the file stays as it is.
#[test]
fn a_chunk_or_a_catalog_that_the_disk_cannot_read_keeps_no_store_from_opening() {
    let (mut refused, mut served) = (0, 0);
    for after in 0..30 {
        let fs = FaultFs::new();
        let env = env(fs.clone());
        let store = open(&env);
        append(&store, 0, 5);
        store.seal().unwrap();
        append(&store, 5, 5);
        store.flush().unwrap();
        append(&store, 10, 5);
        store.close();
        let files = chunk_files(&env);
        fs.inject(Fault { operation: Operation::Read, after, times: 1, error: std::io::ErrorKind::Other });
        let opened = Store::open(env.clone(), Path::new(DIR), options(), Arc::new(TextEncoder));
        fs.heal();
        match opened {
            Ok(store) => {
                let found = try_rows(&store.snapshot()).unwrap().len();
                let said = store.report().all_damage().len() + store.report().harmless.len();
                assert!(found == 15 || said > 0, "read {after}: {found} of 15, and nothing is said");
                assert!(found >= 10, "read {after}: {found}");
                served += usize::from(said > 0);
                let first_seq = store.append(batch(&["next"])).unwrap().0;
                assert!(first_seq >= 15, "read {after}: {first_seq} is used again");
                store.close();
                assert!(files.iter().all(|path| env.fs.exists(path).unwrap()), "read {after}");
                drop(store);
                let found = texts_of(&open(&env));
                assert_eq!(found[..15], texts(0, 15), "read {after}: the disk can read again");
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("/wal/"), "read {after}: {error}");
            }
        }
    }
    assert!(refused > 0 && served > 1, "{refused} {served}");
}

/// A file that says that all numbers are used: what is stored behind could not be read.
#[test]
fn no_record_is_taken_where_no_numbers_are_left() {
    let env = three_chunks();
    let catalog = Path::new(DIR).join("catalog");
    let known = Catalog::decode(&env.fs.read(&catalog).unwrap()).unwrap();
    env.fs.write_atomic(&catalog, &Catalog { next_seq: SEQ_MAX - 2, ..known }.encode()).unwrap();
    let store = open(&env);
    assert_eq!(texts_of(&store), texts(0, 15));
    for size in [1, 200] {
        let error = store.append(batch(&texts(15, size))).unwrap_err().to_string();
        assert!(error.contains("there are no more: its catalog"), "{error}");
    }
    store.close();
    assert_eq!(texts_of(&open(&env)), texts(0, 15));
}

/// A sealed chunk has lost its end, and there is no room for the copy that is made before it is cut.
#[test]
fn a_damaged_chunk_on_a_full_disk_keeps_no_store_from_opening() {
    for (reserve_bytes, is_copied) in [(100_000, true), (0, false)] {
        let fs = FaultFs::new();
        let env = env(fs.clone());
        let with_reserve = StoreOptions { reserve_bytes, ..options() };
        let open = || {
            let encoder = Arc::new(TextEncoder);
            Store::open(env.clone(), Path::new(DIR), with_reserve, encoder).unwrap()
        };
        let store = open();
        for i in 0..3 {
            append(&store, 50 * i, 50);
            store.seal().unwrap();
        }
        store.maintain().unwrap();
        store.close();
        drop(store);
        let path = chunk_files(&env).remove(1);
        env.fs.truncate(&path, env.fs.size(&path).unwrap() - 100).unwrap();
        fs.set_capacity(Some(fs.used()));
        let store = open();
        assert_eq!(texts_of(&store), texts(0, 150));
        assert_eq!(env.fs.exists(&path.with_extension("damaged")).unwrap(), is_copied);
        assert_eq!(store.report().is_whole(), is_copied, "what is left as it is is named");
        store.close();
        drop(store);
        fs.set_capacity(None);
        assert_eq!(texts_of(&open()), texts(0, 150));
    }
}
