//! One contract, checked against every file system.
#![expect(clippy::unwrap_used, reason = "in a test a failed call is a failed test")]

use std::io::ErrorKind;
use std::path::Path;

use gastrolog_env::{FaultFs, Fs, LockError, ManualClock, MemFs, RealFs, describe_this_process};

#[test]
fn a_disk_tells_how_much_room_there_is() {
    let dir = tempfile::tempdir().unwrap();
    assert!(RealFs.free_bytes(dir.path()).unwrap().unwrap() > 0);
    let fs = FaultFs::new();
    fs.create_dir_all(Path::new("/top")).unwrap();
    fs.set_capacity(Some(100));
    fs.create_new(Path::new("/top/f")).unwrap().append(&[0; 30]).unwrap();
    assert_eq!(fs.free_bytes(Path::new("/top")).unwrap(), Some(70));
}

#[test]
fn real() {
    let dir = tempfile::tempdir().unwrap();
    check(&RealFs, dir.path());
    check_modes(dir.path());
}

#[test]
fn memory() {
    let fs = MemFs::new();
    fs.create_dir_all(Path::new("/top")).unwrap();
    check(&fs, Path::new("/top"));
}

#[test]
fn fault_without_faults() {
    let fs = FaultFs::new();
    fs.create_dir_all(Path::new("/top")).unwrap();
    check(&fs, Path::new("/top"));
}

fn check(fs: &dyn Fs, top: &Path) {
    check_files(fs, &top.join("a/b"));
    check_names(fs, &top.join("names"));
    check_locks(fs, &top.join("locks"));
}

fn check_files(fs: &dyn Fs, dir: &Path) {
    let path = dir.join("f");
    assert_eq!(fs.create_new(&path).unwrap_err().kind(), ErrorKind::NotFound);
    fs.create_dir_all(dir).unwrap();
    fs.create_dir_all(dir).unwrap();
    assert!(!fs.exists(&path).unwrap() && fs.exists(dir).unwrap());

    let mut file = fs.create_new(&path).unwrap();
    assert_eq!(fs.create_new(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(file.is_empty());
    assert!(fs.open_read(&path).unwrap().is_empty());
    file.append(b"hello ").unwrap();
    file.append_vectored(&[b"wor", b"", b"ld"]).unwrap();
    file.sync().unwrap();
    assert_eq!((file.len(), fs.size(&path).unwrap()), (11, 11));

    let read = fs.open_read(&path).unwrap();
    let mut second = fs.open_append(&path).unwrap();
    assert_eq!(second.len(), 11);
    second.append(b"!").unwrap();
    assert_eq!((read.len(), read.read_at(0, 11).unwrap()), (11, b"hello world".to_vec()));
    assert_eq!(read.read_at(6, 2).unwrap(), b"wo");
    assert_eq!(read.read_at(6, 6).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(read.read_at(u64::MAX, 1).is_err() && read.read_at(0, usize::MAX).is_err());
    assert_eq!(fs.read(&path).unwrap(), b"hello world!");
    assert_eq!(fs.read_at(&path, 6, 5).unwrap(), b"world");
    assert_eq!(fs.read_at(&path, 10, usize::MAX).unwrap(), b"d!");
    assert_eq!(fs.read_at(&path, 99, 5).unwrap(), b"");

    second.truncate(100).unwrap();
    second.truncate(5).unwrap();
    assert_eq!((second.len(), fs.read(&path).unwrap()), (5, b"hello".to_vec()));
    second.append(b"-").unwrap();
    drop(second);
    fs.truncate(&path, 1000).unwrap();
    assert_eq!(fs.read(&path).unwrap(), b"hello-");
    fs.truncate(&path, 2).unwrap();
    assert_eq!(fs.read(&path).unwrap(), b"he");

    let read = fs.open_read(&path).unwrap();
    assert!(read.hold());
    fs.remove_file(&path).unwrap();
    assert_eq!(read.read_at(0, 2).unwrap(), b"he");
}

fn check_names(fs: &dyn Fs, dir: &Path) {
    fs.create_dir_all(&dir.join("sub")).unwrap();
    let (a, b) = (dir.join("a"), dir.join("b"));
    fs.write_atomic(&b, b"one").unwrap();
    fs.write_atomic(&b, b"three").unwrap();
    fs.create_new(&dir.join("sub/x")).unwrap();
    drop(fs.create_new(&a).unwrap());
    let listed: Vec<(String, u64, bool)> = fs
        .list(dir)
        .unwrap()
        .into_iter()
        .map(|e| (e.name.to_string_lossy().into_owned(), e.bytes, e.is_dir))
        .collect();
    let expect = [("a", 0, false), ("b", 5, false), ("sub", 0, true)];
    assert_eq!(listed, expect.map(|(n, b, d)| (n.to_owned(), b, d)));

    // A leftover of an earlier crash does not stop a write.
    fs.write_atomic(&dir.join("b.tmp"), b"left").unwrap();
    fs.write_atomic(&b, b"four").unwrap();
    assert!(!fs.exists(&dir.join("b.tmp")).unwrap());

    fs.rename(&b, &a).unwrap();
    fs.sync_dir(dir).unwrap();
    assert_eq!(fs.read(&a).unwrap(), b"four");
    fs.remove_file(&a).unwrap();

    let missing = dir.join("nowhere/x");
    let kinds = [
        fs.open_append(&a).map(drop),
        fs.read(&a).map(drop),
        fs.read_at(&a, 0, 1).map(drop),
        fs.open_read(&a).map(drop),
        fs.size(&a).map(drop),
        fs.remove_file(&a),
        fs.rename(&a, &b),
        fs.truncate(&a, 0),
        fs.list(&missing).map(drop),
        fs.sync_dir(&missing),
        fs.write_atomic(&missing, b""),
    ];
    for (i, result) in kinds.into_iter().enumerate() {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{i}: {error}");
        assert!(error.to_string().starts_with("cannot ") && error.to_string().contains("/names/"), "{error}");
    }
}

fn check_locks(fs: &dyn Fs, dir: &Path) {
    fs.create_dir_all(dir).unwrap();
    let path = dir.join("lock");
    let holder = describe_this_process(&ManualClock::new(gastrolog_types::Timestamp(0)));
    assert!(holder.contains("pid ") && holder.ends_with("since 1970-01-01T00:00:00Z"), "{holder}");

    let held = fs.lock(&path, true, &holder).unwrap();
    for exclusive in [true, false] {
        match fs.lock(&path, exclusive, "late").unwrap_err() {
            LockError::Held { holder: named, .. } => assert_eq!(named, holder),
            other => panic!("{other}"),
        }
    }
    drop(held);
    let readers = [fs.lock(&path, false, "r1").unwrap(), fs.lock(&path, false, "r2").unwrap()];
    let error = fs.lock(&path, true, "w").unwrap_err().to_string();
    assert!(error.ends_with("lock is held by r2"), "{error}");
    drop(readers);
    fs.lock(&path, true, "w").unwrap();
}

/// Files and directories are for the owner alone.
fn check_modes(top: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    RealFs.write_atomic(&top.join("a/f"), b"x").unwrap();
    assert_eq!((mode(&top.join("a")), mode(&top.join("a/f"))), (0o700, 0o600));
}
