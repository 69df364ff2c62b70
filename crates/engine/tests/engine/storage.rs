//! Files that vanish or shrink under a reader, disks that cannot be read or written, who may read the files, and
//! names that would lead elsewhere.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_engine::{
    Access, CacheBytes, Cancel, Engine, EngineConfig, EngineError, Location, OpenOptions, QueryEnd,
    QueryRequest, Service, StoreConfig,
};
use gastrolog_env::{Env, Fault, FaultFs, Operation};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::pipeline;

const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);

fn open(dir: &Path, env: Env, access: Access) -> Result<Arc<Engine>, EngineError> {
    let store = StoreConfig { row_group_bytes: 4 << 10, ..StoreConfig::default() };
    let config =
        EngineConfig { default_store: store, cache: CacheBytes::default(), ..EngineConfig::default() };
    let location = Location::Dir(dir.to_owned());
    Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env })
}

fn batch(part: usize, count: usize) -> Batch {
    let lines: Vec<String> = (0..count).map(|i| format!("record part={part} n={i} of many")).collect();
    Batch::from_lines(lines.join("\n").into_bytes(), Attributes::default(), NOW)
}

/// Four sealed chunks of 300 records.
fn fill(engine: &Engine) {
    for part in 0..4 {
        engine.append("", batch(part, 300)).unwrap();
        engine.seal("").unwrap();
    }
}

fn ask(engine: &Engine, query: &str) -> (usize, QueryEnd) {
    let mut rows = 0;
    let request = QueryRequest { query: query.to_owned(), ..QueryRequest::default() };
    let end = engine.query(&request, &Cancel::default(), &mut |_| {
        rows += 1;
        true
    });
    (rows, end.unwrap())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        }
    }
    found.sort();
    found
}

fn chunks(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|f| f.extension().is_some_and(|e| e == "chunk")).collect()
}

fn cut(path: &Path, len: u64) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

#[test]
fn files_truncated_and_deleted_under_an_engine_are_errors_of_their_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Env::real(), Access::ReadWrite).unwrap();
    fill(&engine);
    assert_eq!(ask(&engine, "*").0, 1200);
    let chunks = chunks(dir.path());
    assert_eq!(chunks.len(), 4);
    // One is open and loses its end, one all of it.
    cut(&chunks[0], std::fs::metadata(&chunks[0]).unwrap().len() / 4);
    cut(&chunks[1], 0);
    let (rows, end) = ask(&engine, "*");
    assert!((600..1200).contains(&rows), "{rows}");
    for chunk in &chunks[..2] {
        let name = chunk.display().to_string();
        let said = end.damage.iter().find(|d| d.contains(&name));
        assert!(said.unwrap().contains("the file ends at byte"), "{:?}", end.damage);
    }
    assert_eq!(ask(&engine, "part=3").0, 300);
    assert!(engine.verify("", &mut |_, _| {}).unwrap().problems.len() >= 2);
    // Records are taken all the same.
    engine.append("", batch(9, 2)).unwrap();
    assert_eq!(ask(&engine, "part=9").0, 2);
    engine.close();

    // And when it is opened again.
    std::fs::remove_file(&chunks[2]).unwrap();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let engine = open(dir.path(), Env::real(), access).unwrap();
        let (_, end) = ask(&engine, "*");
        let gone = chunks[2].display().to_string();
        assert!(end.damage.iter().any(|d| d.contains(&gone) && d.contains("missing")), "{:?}", end.damage);
        assert_eq!(ask(&engine, "part=3").0, 300);
    }
}

#[test]
fn a_disk_that_cannot_be_read_for_a_while_is_named_and_got_over() {
    let fs = FaultFs::new();
    let env = Env::memory().with_fs(Arc::new(fs.clone()));
    let engine = open(Path::new("/logs"), env, Access::ReadWrite).unwrap();
    fill(&engine);
    let (right, _) = ask(&engine, "* | stats count() by part");
    for after in 0..12 {
        fs.inject(Fault { operation: Operation::Read, after, times: u64::MAX, error: ErrorKind::Other });
        let (rows, end) = ask(&engine, "* | stats count() by part");
        assert!(rows == right || !end.damage.is_empty(), "after {after}: {rows} rows and nothing said");
        let (rows, end) = ask(&engine, "record");
        assert!(rows == 1200 || end.damage.iter().all(|d| d.contains("injected fault")), "{:?}", end.damage);
        assert!(rows == 1200 || !end.damage.is_empty(), "after {after}");
        fs.heal();
        assert_eq!(ask(&engine, "*").0, 1200, "after {after}");
        assert!(engine.verify("", &mut |_, _| {}).unwrap().problems.is_empty());
    }
}

#[test]
fn an_engine_that_cannot_store_says_so_and_why_and_is_ready_again_by_itself() {
    let fs = FaultFs::new();
    let env = Env::memory().with_fs(Arc::new(fs.clone()));
    let engine = open(Path::new("/logs"), env, Access::ReadWrite).unwrap();
    engine.append("", batch(0, 3)).unwrap();
    let trouble = || engine.stores().unwrap()[0].trouble.clone();
    assert_eq!(trouble(), "");
    fs.inject(Fault { operation: Operation::Sync, after: 0, times: u64::MAX, error: ErrorKind::Other });
    let error = engine.append("", batch(1, 3)).unwrap_err();
    assert!(matches!(&error, EngineError::Unavailable(_)), "{error}");
    assert!(trouble().contains("cannot sync"), "{}", trouble());
    assert!(engine.append("", batch(2, 3)).is_err());
    fs.heal();
    for _ in 0..600 {
        if trouble().is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(trouble(), "");
    engine.append("", batch(3, 3)).unwrap();
    assert_eq!((ask(&engine, "part=0").0, ask(&engine, "part=3").0), (3, 3));
}

#[test]
fn files_are_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir.path().join("data"), Env::real(), Access::ReadWrite).unwrap();
    fill(&engine);
    engine.append("", batch(4, 3)).unwrap();
    engine.append("other", batch(4, 3)).unwrap();
    engine.compact("", &mut |_, _| true).unwrap();
    let mut seen = 0;
    for path in files(dir.path()) {
        let meta = std::fs::metadata(&path).unwrap();
        let wanted = if meta.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(meta.permissions().mode() & 0o7777, wanted, "{}", path.display());
        seen += usize::from(meta.is_file());
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn no_name_leads_out_of_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let engine = open(&data, Env::real(), Access::ReadWrite).unwrap();
    fill(&engine);
    let before = files(dir.path());
    let long = "a".repeat(65);
    for name in
        ["..", ".", "../x", "a/b", "/etc", "a\0b", "-x", ".hidden", "a\\b", "ä", "a b", "lock\n", &long]
    {
        let error = engine.append(name, batch(0, 1)).unwrap_err();
        assert!(matches!(error, EngineError::Refused(_)), "{name:?}: {error}");
        assert!(engine.seal(name).is_err() && engine.chunks(name).is_err() && engine.usage(name).is_err());
        assert!(engine.verify(name, &mut |_, _| {}).is_err());
        assert!(
            gastrolog_engine::repair(&Env::real(), &Location::Dir(data.clone()), name).is_err(),
            "{name:?}"
        );
        for chunk in [name, "../../catalog", ""] {
            assert!(engine.inspect("", chunk).is_err(), "{chunk:?}");
        }
        let request =
            QueryRequest { store: name.to_owned(), query: "*".to_owned(), ..QueryRequest::default() };
        assert!(engine.query(&request, &Cancel::default(), &mut |_| true).is_err());
    }
    let stray = |path: &PathBuf| !before.contains(path) && !path.starts_with(data.join("stores/default"));
    assert_eq!(files(dir.path()).into_iter().filter(stray).collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

#[test]
fn repair_makes_heads_footers_and_the_catalog_again_and_says_what_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Env::real(), Access::ReadWrite).unwrap();
    fill(&engine);
    let repair = || gastrolog_engine::repair(&Env::real(), &Location::Dir(dir.path().to_owned()), "");
    assert!(matches!(repair(), Err(EngineError::Locked(_))));
    engine.close();
    assert_eq!(repair().unwrap(), Vec::<String>::new());
    let chunks = chunks(dir.path());
    let good: Vec<Vec<u8>> = chunks.iter().map(|c| std::fs::read(c).unwrap()).collect();
    let flip = |path: &Path, at: usize| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[at] ^= 0x10;
        std::fs::write(path, bytes).unwrap();
    };
    flip(&chunks[0], 20);
    flip(&chunks[1], good[1].len() - 40);
    flip(&chunks[2], 100);
    flip(&chunks[3], good[3].len() - 3);
    flip(&chunks[3], 3);
    let done = repair().unwrap();
    let said = done.join("\n");
    assert_eq!(done.len(), 3, "{said}");
    assert!(
        said.contains("the head made again") && said.contains("the head and footer made again"),
        "{said}"
    );
    for i in [0, 1, 3] {
        // But for the time of creation, of which the name has milliseconds.
        let now = std::fs::read(&chunks[i]).unwrap();
        assert!(now[..32] == good[i][..32] && now[44..] == good[i][44..], "chunk {i} is not what it was");
        let copy = std::fs::read(chunks[i].with_extension("damaged")).unwrap();
        assert!(copy.len() == good[i].len() && copy != good[i], "and what was damaged is kept");
    }
    assert_eq!(repair().unwrap(), Vec::<String>::new());
    flip(&dir.path().join("stores/default/catalog"), 50);
    assert!(repair().unwrap()[0].contains("it is made again"));
    let reserve = dir.path().join("stores/default/reserve");
    std::fs::write(&reserve, vec![0; 3 << 20]).unwrap();
    assert_eq!(repair().unwrap(), Vec::<String>::new());
    flip(&reserve, 2 << 20);
    let said = repair().unwrap().join("\n");
    assert!(said.contains("reserve: byte 2097152: it is no longer zero") && !reserve.exists(), "{said}");
    let engine = open(dir.path(), Env::real(), Access::ReadWrite).unwrap();
    let (rows, end) = ask(&engine, "*");
    assert!((900..1200).contains(&rows) && !end.damage.is_empty(), "{rows}: {:?}", end.damage);
    let name = chunks[2].display().to_string();
    let problems = engine.verify("", &mut |_, _| {}).unwrap().problems;
    let lost: Vec<&String> = problems.iter().filter(|p| !p.contains("set aside")).collect();
    assert!(!lost.is_empty() && lost.iter().all(|p| p.contains(&name)), "{problems:?}");
}
