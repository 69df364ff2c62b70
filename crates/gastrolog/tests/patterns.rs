//! `gastrolog patterns` as people and scripts use it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(dir: &Path, args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gastrolog"));
    command.env("GASTROLOG_DATA", dir.join("data")).current_dir(dir).args(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn log() -> Vec<u8> {
    let mut text = String::new();
    for i in 0..200 {
        let level = if i % 10 == 0 { "error" } else { "info" };
        let msg = if i % 2 == 0 { format!("took {i} ms") } else { "started".to_owned() };
        let (minute, second) = (i / 60, i % 60);
        text += &format!(
            "{{\"ts\":\"2026-11-10T00:{minute:02}:{second:02}Z\",\"level\":\"{level}\",\"msg\":\"{msg}\"}}\n"
        );
    }
    text.into_bytes()
}

/// Pattern and count of each row of JSON.
fn rows(out: &Output) -> Vec<(String, u64)> {
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        (row["pattern"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap())
    };
    text.lines().map(row).collect()
}

#[test]
fn files_standard_input_and_the_store_have_the_same_patterns() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.log"), log()).unwrap();
    let wanted = [("started".to_owned(), 100), ("took <*> ms".to_owned(), 100)];
    let args = ["patterns", "--output", "json"];
    assert_eq!(rows(&run(dir.path(), &[&args[..], &["a.log"]].concat(), b"")), wanted);
    assert_eq!(rows(&run(dir.path(), &[&args[..], &["-"]].concat(), &log())), wanted);
    let twice = rows(&run(dir.path(), &[&args[..], &["a.log", "a.log"]].concat(), b""));
    assert!(twice.iter().all(|(_, n)| *n == 200));
    assert_eq!(run(dir.path(), &["ingest", "--quiet", "a.log"], b"").status.code(), Some(0));
    assert_eq!(rows(&run(dir.path(), &args, b"")), wanted);
    let errors = run(dir.path(), &[&args[..], &["--query", "level=error", "--of", "level"]].concat(), b"");
    assert_eq!(rows(&errors), [("error".to_owned(), 20)]);
    let now = b"took 5 s\ntook 7 s\n";
    assert_eq!(run(dir.path(), &["ingest", "--quiet", "-"], now).status.code(), Some(0));
    let new = ["--new", "--last", "1h", "--query", "took OR nowhere"];
    assert_eq!(rows(&run(dir.path(), &[&args[..], &new].concat(), b"")), [("took <*> s".to_owned(), 2)]);
    let nothing = run(dir.path(), &["patterns", "--query", "nowhere"], b"");
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(1), 0));
}

#[test]
fn people_see_counts_times_and_values() {
    let dir = tempfile::tempdir().unwrap();
    let out = run(dir.path(), &["patterns", "--utc", "--by", "level", "-n", "1", "-"], &log());
    let text = String::from_utf8(out.stdout).unwrap();
    let mut lines = text.lines();
    let (head, detail) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(
        head.starts_with("100   50.0 %  ") && head.contains('█') && head.ends_with("  info  started"),
        "{head}"
    );
    assert!(detail.ends_with("2026-11-10 00:00:01.000 … 2026-11-10 00:03:19.000"), "{detail}");
    assert_eq!(lines.next(), None);
    let missing = run(dir.path(), &["patterns", "nowhere.log"], b"");
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nowhere.log"));
}
