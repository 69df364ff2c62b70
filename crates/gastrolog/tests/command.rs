//! The command as people and scripts use it, against a server over a small service in memory.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../../server/tests/fake/mod.rs"]
mod fake;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use fake::Fake;
use gastrolog_server::{Listening, SOCKET_NAME, Server};
use gastrolog_types::Timestamp;
use tokio::runtime::Runtime;

/// A data directory in which a server answers.
struct Place {
    fake: Arc<Fake>,
    dir: tempfile::TempDir,
    listening: Listening,
    _runtime: Runtime,
}

impl Place {
    fn new() -> Place {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (fake, dir) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
        let server = Server::new(fake.clone(), Arc::new(|| Timestamp(42)))
            .socket(dir.path().join(SOCKET_NAME))
            .tcp("127.0.0.1:0".parse().unwrap());
        let listening = runtime.block_on(server.start()).unwrap();
        Place { fake, dir, listening, _runtime: runtime }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gastrolog"));
        command.env("GASTROLOG_DATA", self.dir.path()).args(args).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Exit code, standard output, standard error.
fn parts(out: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn words_are_joined_and_may_begin_with_a_hyphen() {
    let place = Place::new();
    for text in ["status=500 method=POST -x", "error -foo | sort -count | head 10", "--odd"] {
        place.fake.add(text.as_bytes(), 1, &[]);
    }
    let found = |args: &[&str]| {
        let (_, shown, said) = parts(&place.run(args));
        assert_eq!(said, "");
        shown
    };
    assert_eq!(found(&["query", "status=500", "method=POST"]), "status=500 method=POST -x\n");
    assert_eq!(
        found(&["query", "error", "-foo", "| sort", "-count", "|", "head", "10", "--limit", "5"]),
        "error -foo | sort -count | head 10\n"
    );
    assert_eq!(found(&["query", "--limit", "5", "--", "--odd"]), "--odd\n");
    assert_eq!(found(&["query", "--oldest-first", "--limit=1", "*"]), "status=500 method=POST -x\n");
}

#[test]
fn raw_is_byte_exact_and_exit_codes_tell() {
    let place = Place::new();
    place.fake.add(b"a\x1b[31m\xff\x00\r", 1, &[]);
    place.fake.add(b"", 1, &[]);
    let out = place.run(&["query", "--oldest-first", "--order", "write", "--limit", "none", "*"]);
    assert_eq!(out.stdout, b"a\x1b[31m\xff\x00\r\n\n");
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(parts(&place.run(&["query", "nothing-like-it"])), (1, String::new(), String::new()));
    let (code, shown, said) = parts(&place.run(&["query", "bad"]));
    assert_eq!((code, shown.as_str()), (2, ""));
    assert_eq!(said, "error: expected a filter\n  bad\n  ^\n");
    assert_eq!(parts(&place.run(&["query", "--limit", "x", "*"])).0, 2);
    assert_eq!(parts(&place.run(&["query", "--timeout", "20ms", "slow"])).0, 2);
}

#[test]
fn forms_of_an_answer() {
    let place = Place::new();
    place.fake.add(b"one", 1_760_104_536_000_000_000, &[("host", b"h")]);
    let (_, json, _) = parts(&place.run(&["query", "--output", "json", "one"]));
    assert_eq!(
        json,
        concat!(
            r#"{"_time":"2025-10-10T13:55:36Z","_ingest":"2023-11-14T22:13:20Z","_seq":0,"_text":"one","#,
            r#""host":"h","status":"500"}"#,
            "\n"
        )
    );
    let (_, csv, _) = parts(&place.run(&["query", "-o", "csv", "one"]));
    assert_eq!(csv, "_time,_ingest,_seq,_text\n2025-10-10T13:55:36Z,2023-11-14T22:13:20Z,0,one\n");
    let (_, pretty, _) = parts(&place.run(&["query", "-o", "pretty", "--utc", "one"]));
    assert_eq!(pretty, "2025-10-10 13:55:36.000  one\n");
    let (_, table, _) = parts(&place.run(&["query", "-o", "table", "table"]));
    assert!(table.starts_with("method       count()  avg(d)\nGET              120     0.5\n"), "{table}");
    assert_eq!(place.run(&["query", "table"]).stdout, b"GET\t120\t0.5\na,\"b\"\\n\xff\t\t2\n");
}

#[test]
fn the_usual_limit_says_that_it_cut() {
    let place = Place::new();
    for i in 0..1001 {
        place.fake.add(format!("line {i}").as_bytes(), 1, &[]);
    }
    let (code, shown, said) = parts(&place.run(&["query", "*"]));
    assert_eq!((code, shown.lines().count()), (0, 1000));
    assert!(said.contains("showing 1,000") && said.contains("--limit none"), "{said}");
    let (_, shown, said) = parts(&place.run(&["query", "--limit", "none", "*"]));
    assert_eq!((shown.lines().count(), said.as_str()), (1001, ""));
}

#[test]
fn damage_is_an_error_unless_allowed() {
    let place = Place::new();
    place.fake.add(b"damaged", 1, &[]);
    let (code, shown, said) = parts(&place.run(&["query", "damaged"]));
    assert_eq!((code, shown.as_str()), (2, "damaged\n"));
    assert!(said.contains("chunk 01X: row group 3: checksum"), "{said}");
    assert_eq!(parts(&place.run(&["query", "--allow-incomplete", "damaged"])).0, 0);
}

#[test]
fn lists_too_say_what_they_lack() {
    let place = Place::new();
    let (code, shown, said) = parts(&place.run(&["fields"]));
    assert_eq!((code, shown.lines().count()), (2, 3), "{shown}");
    let parts_of = ["not all\n", "could not be read: chunk X: footer: bad", "the list is incomplete"];
    assert!(parts_of.iter().all(|part| said.contains(part)), "{said}");
    assert_eq!(parts(&place.run(&["values", "status"])).0, 0);
    let (code, shown, said) = parts(&place.run(&["values", "host"]));
    assert_eq!((code, shown.lines().count()), (2, 3), "{shown}");
    assert!(said.contains("could not be read: chunk X: row group 3: bad"), "{said}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    for _ in 0..20_000 {
        place.fake.add(&[b'x'; 200], 1, &[]);
    }
    let mut child = place
        .command(&["query", "--limit", "none", "*"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn ingest_keeps_every_byte_of_every_kind_of_file() {
    let place = Place::new();
    let text = b"one\r\n\n\xfftwo\nlast";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    let files = [
        place.file("plain", text),
        place.file("a.gz", &gzip.finish().unwrap()),
        place.file("a.zst", &zstd::encode_all(&text[..], 1).unwrap()),
    ];
    let names: Vec<&str> = files.iter().map(|p| p.to_str().unwrap()).collect();
    let out = place.run(&[&["ingest", "--json"], &names[..]].concat());
    let (code, json, said) = parts(&out);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("stored 12 records, 45 B"), "{said}");
    let summary: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&summary["records"], &summary["files"][2]["records"]), (&12.into(), &4.into()));
    let expected: [&[u8]; 4] = [b"one\r", b"", b"\xfftwo", b"last"];
    assert_eq!(place.fake.texts(), [expected, expected, expected].concat());
    let record = &place.fake.records()[4];
    let attributes: Vec<(&str, &[u8])> = record.attributes.iter().collect();
    assert_eq!(attributes, [("file", names[1].as_bytes()), ("receiver", b"ingest")]);
}

#[test]
fn ingest_takes_standard_input_and_names_what_failed() {
    let place = Place::new();
    let mut child = place.command(&["ingest", "-q", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a\nb").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(place.fake.texts(), [b"a", b"b"]);
    let good = place.file("good", b"c\n");
    let (code, _, said) = parts(&place.run(&["ingest", "/no/such/file", good.to_str().unwrap()]));
    assert_eq!(code, 2);
    assert!(said.contains("error: /no/such/file: No such file") && said.contains("1 of 2 files"), "{said}");
    assert_eq!(place.fake.texts().len(), 3);
    let (code, _, said) = parts(&place.run(&["ingest", "--name", "full", good.to_str().unwrap()]));
    assert_eq!(code, 2);
    assert!(said.contains("after 0 records: disk full"), "{said}");
}

#[test]
fn records_that_trickle_in_are_stored_as_they_come() {
    let place = Place::new();
    let mut child = place.command(&["ingest", "-q", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for i in 1..=3 {
        pipe.write_all(format!("line {i}\n").as_bytes()).unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while place.fake.texts().len() < i && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(place.fake.texts().len(), i);
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}

#[test]
fn plans_lists_and_checks() {
    let place = Place::new();
    let (_, plan, _) = parts(&place.run(&["explain", "--analyze", "a=1", "b=2"]));
    assert_eq!(
        plan,
        "query  query: a=1 b=2, time 1.50 ms\n├─ scan  bytes 3.50 MB, rows 1,200\n\
         │  └─ chunk 01A  bytes 3.50 MB, rows 1,200\n└─ sort  bytes 3.50 MB, rows 1,200\n"
    );
    let (_, json, _) = parts(&place.run(&["explain", "-o", "json", "x"]));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["children"][1]["title"], "sort");
    let (_, stores, _) = parts(&place.run(&["stores", "--utc"]));
    assert_eq!(
        stores,
        "store    records      raw  stored  ratio  chunks  oldest  newest\n\
         default        0  5.00 MB  400 kB   8.0%       0          2025-10-10 13:55:36.000\n"
    );
    assert_eq!(parts(&place.run(&["chunks"])).1.lines().count(), 3);
    assert_eq!(parts(&place.run(&["chunks", "--name", "none"])).0, 2);
    let (_, detail, _) = parts(&place.run(&["inspect", "01J"]));
    assert!(detail.contains("dictionary ×3, constant ×1"), "{detail}");
    assert_eq!(parts(&place.run(&["seal"])), (0, "01K\n".into(), String::new()));
    let (code, problems, said) = parts(&place.run(&["verify", "--name", "broken"]));
    assert_eq!((code, problems.as_str()), (2, "01J.chunk: byte 4096: checksum\n"));
    assert_eq!(said, "checked 2 files, 2 B, 7 records\nerror: 1 problem\n");
    assert_eq!(parts(&place.run(&["verify"])).0, 0);
}

#[test]
fn follow_prints_records_as_they_arrive() {
    let place = Place::new();
    let mut child = place.command(&["follow", "-n", "2", "*"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(Fake::wait_for(&place.fake.started));
    place.fake.add(b"first", 1, &[]);
    assert_eq!(lines.next().unwrap().unwrap(), "first");
    place.fake.add(b"second", 1, &[]);
    assert_eq!(lines.next().unwrap().unwrap(), "second");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_server_may_be_named() {
    let place = Place::new();
    place.fake.add(b"here", 1, &[]);
    let address = place.listening.address().unwrap().to_string();
    let socket = place.dir.path().join(SOCKET_NAME);
    for server in [address.as_str(), socket.to_str().unwrap()] {
        let out =
            place.command(&["query", "--server", server, "here"]).env("GASTROLOG_DATA", "/none").output();
        assert_eq!(out.unwrap().stdout, b"here\n");
    }
    let (code, _, said) = parts(&place.run(&["query", "--server", "127.0.0.1:1", "x"]));
    assert_eq!(code, 2);
    assert!(said.contains("no server at 127.0.0.1:1"), "{said}");
    let (code, _, said) = parts(&place.run(&["query", "--store", "/no/such/place", "x"]));
    assert_eq!(code, 2);
    assert!(said.contains("no store in /no/such/place"), "{said}");
}

#[test]
fn completions_are_scripts() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(parts(&place.run(&["completions", shell])).1.contains("gastrolog"));
    }
}
