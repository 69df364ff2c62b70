//! Torn ends at every byte, and row groups that are there in length but not in content.

use super::*;

type Image = Vec<(PathBuf, Vec<u8>)>;

fn files(env: &Env) -> Image {
    let mut image = Vec::new();
    for dir in [PathBuf::from(DIR), Path::new(DIR).join("wal"), Path::new(DIR).join("chunks")] {
        for entry in env.fs.list(&dir).unwrap().into_iter().filter(|e| !e.is_dir) {
            let path = dir.join(&entry.name);
            let bytes = env.fs.read(&path).unwrap();
            image.push((path, bytes));
        }
    }
    image
}

fn disk_of(image: &Image) -> Env {
    let env = env(MemFs::new());
    for dir in ["wal", "chunks"] {
        env.fs.create_dir_all(&Path::new(DIR).join(dir)).unwrap();
    }
    for (path, bytes) in image {
        env.fs.create_new(path).unwrap().append(bytes).unwrap();
    }
    env
}

fn sorted(mut image: Image) -> Image {
    image.sort();
    image
}

fn is_chunk(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "chunk")
}

/// A store with three row groups of five records in its growing chunk: what it looked like before and after the last
/// was written, and where the row groups end.
fn three_groups() -> (Image, Image, Vec<usize>) {
    let env = env(MemFs::new());
    let store = two_groups_and_five_that_wait(&env);
    let before = files(&env);
    store.flush().unwrap();
    let footer = store.snapshot().chunks[0].footer().unwrap().clone();
    let ends = footer.row_groups.iter().map(|g| (g.offset + g.bytes) as usize).collect();
    store.close();
    (before, files(&env), ends)
}

/// The later image of the chunk with the earlier one of everything else: the log has not been released yet.
fn unreleased(before: &Image, after: &Image) -> Image {
    let chunk = after.iter().filter(|f| is_chunk(&f.0)).cloned();
    before.iter().filter(|f| !is_chunk(&f.0)).cloned().chain(chunk).collect()
}

#[test]
fn a_chunk_torn_at_any_byte_loses_only_what_the_log_still_has() {
    let (before, after, ends) = three_groups();
    let image = unreleased(&before, &after);
    let at = image.iter().position(|f| is_chunk(&f.0)).unwrap();
    let whole = image[at].1.clone();
    assert_eq!(whole.len(), ends[2]);
    for len in 0..=whole.len() {
        let mut image = image.clone();
        image[at].1.truncate(len);
        let groups = ends.iter().filter(|&&end| end <= len).count();
        // Of the log only the last five records are left.
        let expected = if groups == 3 { texts(0, 15) } else { [texts(0, 5 * groups), texts(10, 5)].concat() };
        let env = disk_of(&image);
        let reader = Store::open_read_only(&env, Path::new(DIR)).unwrap();
        let read: Vec<_> = rows(&reader.snapshot()).into_iter().map(|r| r.1).collect();
        assert_eq!(read, expected, "read only, cut at {len}");
        assert_eq!(sorted(files(&env)), sorted(image.clone()), "reading changed a file");
        for reopening in 0..2 {
            let store = open(&env);
            assert_eq!(texts_of(&store), expected, "cut at {len}, opened {reopening} times before");
            // The log knows that the first two were durable: without them it is no crash but damage, and is said to be.
            let is_crash = len >= ends[1];
            assert!(is_sound(store.report()) || !is_crash, "{:?}", store.report());
            if !is_crash && reopening == 0 {
                let damage = store.report().all_damage();
                assert!(damage[0].to_string().contains("no row group can be read here"), "{damage:?}");
                assert!(chunk_files(&env).iter().any(|f| env.fs.read(f).unwrap() == image[at].1), "{len}");
            }
            if reopening == 1 {
                store.append(batch(&["more"])).unwrap();
                store.seal().unwrap();
                assert_eq!(texts_of(&store).len(), expected.len() + 1);
            }
        }
    }
}

#[test]
fn a_last_row_group_with_any_bad_byte_is_replaced_from_the_log() {
    let (before, after, ends) = three_groups();
    let image = unreleased(&before, &after);
    let at = image.iter().position(|f| is_chunk(&f.0)).unwrap();
    for byte in ends[1]..ends[2] {
        let mut image = image.clone();
        image[at].1[byte] ^= 0x20;
        let store = open(&disk_of(&image));
        assert_eq!(texts_of(&store), texts(0, 15), "byte {byte}");
        assert!(is_sound(store.report()), "byte {byte}: {:?}", store.report());
        assert_eq!(store.report().replayed_records, 5);
    }
}

#[test]
fn without_the_log_a_damaged_row_group_costs_only_itself_and_is_named() {
    let (_, after, ends) = three_groups();
    let at = after.iter().position(|f| is_chunk(&f.0)).unwrap();
    let starts = [gastrolog_format::CHUNK_HEAD_BYTES, ends[0], ends[1]];
    for (group, byte) in (0..3).flat_map(|g| (starts[g]..ends[g]).map(move |b| (g, b))) {
        let mut image = after.clone();
        image[at].1[byte] ^= 0x01;
        let env = disk_of(&image);
        let mut found_all = true;
        for _ in 0..2 {
            let store = open(&env);
            let snapshot = store.snapshot();
            let groups: Vec<_> = snapshot.chunks.iter().flat_map(|c| c.row_groups().unwrap()).collect();
            let kept: Vec<_> = groups.iter().filter_map(|g| rows_of(g).ok()).flatten().map(|r| r.1).collect();
            for other in (0..3).filter(|&o| o != group) {
                let expected = texts(5 * other, 5);
                assert!(kept.windows(5).any(|w| w == expected), "byte {byte}: row group {other} is lost");
            }
            found_all &= kept.len() == 15;
            // Either it is an end that looks torn, or it is reported, or reading it says so, or it hit nothing that
            // was asked for.
            let unreadable = groups.iter().any(|g| {
                let read = g.header().and_then(|h| {
                    let body = g.body()?;
                    h.sections().try_for_each(|(_, s)| h.section(&body, s).map(drop)).map_err(|e| g.error(e))
                });
                read.is_err()
            });
            let report = store.report();
            let named = !report.all_damage().is_empty() || report.torn_bytes > 0 || unreadable;
            assert!(named || !found_all, "byte {byte} is not noticed");
            store.append(batch(&["more"])).unwrap();
            store.seal().unwrap();
            let after = store.snapshot();
            assert!(after.chunks.iter().all(|c| c.sealed));
        }
    }
}
