//! The faults that other log stores had: each is asked for by name. (The gzip bomb stands with the readers of files.)
//!
//! What a sealed chunk answers must be what the same records answer while they wait in memory.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_engine::{
    Access, Answer, CacheBytes, Cancel, Engine, EngineConfig, Location, OpenOptions, QueryRequest, Service,
    StoreConfig, Value,
};
use gastrolog_env::{Env, FaultFs, Fs};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine, pipeline};

const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);

fn batch(lines: &[&str]) -> Batch {
    Batch::from_lines(lines.join("\n").into_bytes(), Attributes::default(), NOW)
}

/// The texts that a query finds, in the order in which they were stored.
fn found(engine: &Engine, query: &str) -> Vec<String> {
    let order = gastrolog_engine::Order::Write;
    let request =
        QueryRequest { query: query.to_owned(), order, oldest_first: true, ..QueryRequest::default() };
    let text = |answer| match answer {
        Answer::Record(found) => String::from_utf8(found.record.text).unwrap(),
        other => panic!("{other:?}"),
    };
    ask(engine, &request).into_iter().map(text).collect()
}

/// Asks the same of records in memory and of a sealed chunk; both must find these lines.
fn check_sealed(config: &StoreConfig, lines: &[&str], queries: &[(&str, &[usize])]) {
    let engine = memory_engine(config.clone());
    engine.append("", batch(lines)).unwrap();
    for sealed in [false, true] {
        if sealed {
            assert_eq!(engine.seal("").unwrap().len(), 1);
        }
        for (query, wanted) in queries {
            let wanted: Vec<&str> = wanted.iter().map(|&i| lines[i]).collect();
            assert_eq!(found(&engine, query), wanted, "{query}, sealed: {sealed}");
        }
    }
}

#[test]
fn a_glob_whose_literal_prefix_is_no_indexed_token_finds_its_rows_in_sealed_chunks() {
    let lines = [
        "connection refused by 10.1.2.3",
        r#"{"path":"/api/v1/users/17","msg":"conn-pool ready"}"#,
        "unconnected",
        r#"{"path":"/health","msg":"x"}"#,
    ];
    let queries: &[(&str, &[usize])] = &[
        ("conn*", &[0, 1]),
        ("conn*sed", &[]),
        ("connection*", &[0]),
        ("con*", &[0, 1]),
        ("*nnect*", &[0, 2]),
        ("path=/api/v*", &[1]),
        ("path=/ap*", &[1]),
        ("path=*v1*", &[1]),
        ("path=/he*", &[3]),
        ("10.1*", &[0]),
    ];
    check_sealed(&StoreConfig::default(), &lines, queries);
}

#[test]
fn a_field_over_the_budget_of_its_index_loses_no_row_when_the_value_stands_elsewhere_too() {
    let lines: Vec<String> = (0..60)
        .map(|i| format!(r#"{{"user":"u{i}","peer":"u{}","note":"n{}"}}"#, (i * 7) % 60, i % 2))
        .chain(["u17 was seen in free text".to_owned()])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    // 7 * 11 = 77 = 17 (mod 60): the peer of u11 is u17.
    let queries: &[(&str, &[usize])] = &[
        ("user=u17", &[17]),
        ("peer=u17", &[11]),
        ("u17", &[11, 17, 60]),
        ("*=u17", &[11, 17]),
        ("user=u17 OR peer=u17", &[11, 17]),
        ("user in (u17, u11) note=n1", &[11, 17]),
        ("user=u1*7", &[17]),
    ];
    for footer_values in [0, 1, 2, 4096] {
        check_sealed(&StoreConfig { footer_values, ..StoreConfig::default() }, &lines, queries);
    }
}

#[test]
fn comparisons_check_the_values_of_sealed_chunks() {
    let lines = [
        r#"{"status":200,"ms":1.5}"#,
        r#"{"status":404,"ms":20}"#,
        r#"{"status":500,"ms":"slow"}"#,
        r#"{"status":503,"ms":-3}"#,
        r#"{"other":500}"#,
    ];
    let queries: &[(&str, &[usize])] = &[
        ("status>=500", &[2, 3]),
        ("status>500", &[3]),
        ("status<404", &[0]),
        ("status!=500", &[0, 1, 3]),
        ("ms<0", &[3]),
        ("ms>=1.5", &[0, 1]),
        ("status>1000", &[]),
    ];
    for footer_values in [0, 4096] {
        for row_group_bytes in [40, 1 << 20] {
            let config = StoreConfig { footer_values, row_group_bytes, ..StoreConfig::default() };
            check_sealed(&config, &lines, queries);
        }
    }
}

#[test]
fn numbers_and_addresses_are_found() {
    let lines = [
        r#"10.0.0.7 - - [10/Nov/2026:13:55:36 +0000] "GET /a HTTP/1.1" 500 2326 "-" "curl/8.5""#,
        r#"10.0.0.70 - - [10/Nov/2026:13:55:37 +0000] "GET /b HTTP/1.1" 200 500 "-" "curl/8.5""#,
        "client 10.0.0.7 took 2326 ms",
        "id 4e5f6a7b8c9d0e1f from 2001:db8::7",
        r#"{"ip":"10.0.0.7","bytes":2326}"#,
    ];
    let queries: &[(&str, &[usize])] = &[
        ("10.0.0.7", &[0, 2, 4]),
        ("\"10.0.0.7\"", &[0, 2, 4]),
        ("remote_addr=10.0.0.7", &[0]),
        ("ip=10.0.0.7", &[4]),
        ("2326", &[0, 2, 4]),
        ("500", &[0, 1]),
        ("status=500", &[0]),
        ("bytes=2326", &[0, 4]),
        ("4e5f6a7b8c9d0e1f", &[3]),
        ("\"2001:db8::7\"", &[3]),
    ];
    check_sealed(&StoreConfig::default(), &lines, queries);
}

#[test]
fn a_histogram_is_not_cut() {
    let engine = memory_engine(StoreConfig { row_group_bytes: 64 << 10, ..StoreConfig::default() });
    let mut all = Batch::default();
    let seconds = 25_000;
    for i in 0..seconds {
        let time = Timestamp(NOW.0 - i * 1_000_000_000);
        all.push(format!("tick {i}").as_bytes(), &Attributes::default(), time, time);
    }
    engine.append("", all).unwrap();
    engine.seal("").unwrap();
    let query = "| stats count() by bin(1s)".to_owned();
    let rows = ask(&engine, &QueryRequest { query, ..QueryRequest::default() });
    let counted: i64 = rows
        .iter()
        .map(|answer| match answer {
            Answer::Row(values) => match values.last() {
                Some(Value::Int(n)) => *n,
                other => panic!("{other:?}"),
            },
            _ => 0,
        })
        .sum();
    assert_eq!((rows.len() as i64, counted), (seconds + 1, seconds));
}

fn engine_on(fs: Arc<dyn Fs>) -> Arc<Engine> {
    let (location, access, config) =
        (Location::Dir("/logs".into()), Access::ReadWrite, EngineConfig::default());
    let env = Env::memory().with_fs(fs);
    Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env }).unwrap()
}

fn chunk_files(fs: &dyn Fs) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = Path::new("/logs/stores/default/chunks");
    let names = fs.list(dir).unwrap().into_iter().map(|e| dir.join(e.name));
    let mut files: Vec<_> = names.map(|path| (path.clone(), fs.read(&path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn an_append_after_a_crash_does_not_reach_a_sealed_chunk() {
    for seed in 0..16 {
        let fs = Arc::new(FaultFs::new());
        let engine = engine_on(fs.clone());
        engine.append("", batch(&["one", "two"])).unwrap();
        engine.seal("").unwrap();
        let sealed = chunk_files(&*fs);
        assert_eq!(sealed.len(), 1);
        engine.append("", batch(&["three"])).unwrap();
        // The power fails: what was not synced is lost, torn or there, as the seed has it.
        let after = Arc::new(fs.crash(seed).unwrap());
        let engine = engine_on(after.clone());
        engine.append("", batch(&["four"])).unwrap();
        engine.seal("").unwrap();
        assert_eq!(found(&engine, "*"), ["one", "two", "three", "four"], "seed {seed}");
        let now = chunk_files(&*after);
        assert!(now.contains(&sealed[0]), "the sealed chunk is another, seed {seed}");
        assert!(now.len() > 1, "seed {seed}");
    }
}

#[test]
fn a_file_may_be_deleted_under_a_reader() {
    let dir = tempfile::tempdir().unwrap();
    let store = StoreConfig { row_group_bytes: 4 << 10, ..StoreConfig::default() };
    let config =
        EngineConfig { default_store: store, cache: CacheBytes::default(), ..EngineConfig::default() };
    let engine = Engine::open(OpenOptions {
        location: Location::Dir(dir.path().to_owned()),
        access: Access::ReadWrite,
        config,
        pipeline: pipeline(),
        env: Env::real(),
    })
    .unwrap();
    for part in 0..4 {
        let lines: Vec<String> =
            (0..400).map(|i| format!("record {part} {i} of many, with some text")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        engine.append("", batch(&lines)).unwrap();
        engine.seal("").unwrap();
    }
    let chunks = dir.path().join("stores/default/chunks");
    let mut seen = 0;
    let request = QueryRequest { query: "record".to_owned(), ..QueryRequest::default() };
    let end = engine.query(&request, &Cancel::default(), &mut |_| {
        if seen == 0 {
            for entry in std::fs::read_dir(&chunks).unwrap() {
                std::fs::remove_file(entry.unwrap().path()).unwrap();
            }
        }
        seen += 1;
        true
    });
    assert_eq!(end.unwrap().damage, Vec::<String>::new());
    assert_eq!(seen, 1600);
}
