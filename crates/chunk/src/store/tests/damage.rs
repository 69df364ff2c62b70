//! Damaged, missing and stale catalogs and footers.

use super::*;

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
    assert!(open(&env).report().is_whole(), "it is said once");
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
