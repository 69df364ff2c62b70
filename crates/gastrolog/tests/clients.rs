//! Real clients of the HTTP protocols against a server that is killed and started again while they send: whatever was
//! acknowledged to them is found by query, with its fields and times.
//!
//! Python is `GASTROLOG_PYTHON`, or `python3`; modules of Node are in `GASTROLOG_NODE_MODULES`. Without a client its test
//! says so and passes, unless `GASTROLOG_REQUIRE_CLIENTS` is set.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use support::{Place, Serving, parts};

const RECORDS: usize = 1000;
const BASE_NS: i64 = 1_700_000_000_000_000_000;
/// The server is killed when so many records were acknowledged, and started again at once.
const KILL_AT: [usize; 2] = [200, 600];

/// What is there, or why the test passes without it.
fn skipped(what: &str) {
    assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "there is no {what}");
    eprintln!("skipped: there is no {what}");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Python with `module`, if it is there.
fn python(module: &str) -> Option<Command> {
    let python = std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if !found.is_ok_and(|out| out.status.success()) {
        skipped(&format!("{python} with {module}"));
        return None;
    }
    Some(Command::new(python))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn serve(place: &Place, address: SocketAddr) -> Serving {
    Serving::start(place.command(&["serve", "--listen", &address.to_string()]))
}

/// Runs `client`, which prints a line for each record that was acknowledged, and kills the server in the middle.
/// Returns what it printed, by number.
fn send_and_kill(place: &Place, address: SocketAddr, mut client: Command) -> BTreeMap<usize, String> {
    let mut serving = serve(place, address);
    let mut child = client.stdout(Stdio::piped()).spawn().unwrap();
    let mut acknowledged = BTreeMap::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let n = line["n"].as_u64().unwrap() as usize;
        acknowledged.insert(n, line["text"].as_str().unwrap().to_owned());
        if KILL_AT.contains(&acknowledged.len()) {
            serving.kill();
            serving = serve(place, address);
        }
    }
    assert!(child.wait().unwrap().success());
    serving.stop();
    assert_eq!(acknowledged.len(), RECORDS);
    acknowledged
}

/// What a query finds, as JSON. Without a server, as the last one left it.
fn found(place: &Place, query: &str) -> Vec<Json> {
    let out = place.run(&["query", "--limit", "none", "--output", "json", query]);
    let (code, shown, said) = parts(&out);
    assert_eq!(code, 0, "{query}: {said}");
    shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every number must be found, at least once, and each time as it was sent; what was sent twice because the answer was
/// cut off may be there twice, and no more than the batches under way at the kills.
fn check(found: &[Json], number: impl Fn(&Json) -> usize, is_right: impl Fn(usize, &Json) -> bool) {
    let mut seen = vec![0; RECORDS];
    for record in found {
        let n = number(record);
        assert!(is_right(n, record), "record {n}: {record}");
        seen[n] += 1;
    }
    let lost: Vec<usize> = (0..RECORDS).filter(|n| seen[*n] == 0).collect();
    assert!(lost.is_empty(), "acknowledged and not found: {lost:?}");
    assert!(found.len() <= RECORDS + 20 * KILL_AT.len(), "{} records were found", found.len());
}

/// The time `ns` after the first, as queries show it.
fn shown(ns: usize) -> String {
    let digits = format!("2023-11-14T22:13:20.{ns:09}");
    format!("{}Z", digits.trim_end_matches('0').trim_end_matches('.'))
}

fn number_in(field: &'static str) -> impl Fn(&Json) -> usize {
    move |record| record[field].as_str().and_then(|n| n.parse().ok()).expect("a number")
}

fn otlp(kind: &str) {
    let Some(mut client) = python(&format!("opentelemetry.exporter.otlp.proto.{kind}, opentelemetry.sdk"))
    else {
        return;
    };
    let (place, address) = (Place::new(), free_address());
    client.arg(script("otlp.py")).args([kind, &address.to_string()]);
    let sent = send_and_kill(&place, address, client);
    let service = format!("sdk-{kind}");
    let found = found(&place, &format!("service.name={service} severity_text=error OR severity_number>=17"));
    check(&found, number_in("attributes.n"), |n, record| {
        record["body"] == sent[&n]
            && record["_time"] == shown(n)
            && record["severity_number"] == "17"
            && record["service.name"] == service
            && record["resource.pid"] == "7"
            && record["attributes.http.method"] == "GET"
            && record["attributes.f"] == "0.5"
            && record["scope.name"] == "scope"
    });
}

#[test]
fn opentelemetry_by_grpc() {
    otlp("grpc");
}

#[test]
fn opentelemetry_by_http() {
    otlp("http");
}

#[test]
fn python_logging_loki() {
    let Some(mut client) = python("logging_loki") else { return };
    let (place, address) = (Place::new(), free_address());
    client.arg(script("loki.py")).arg(address.to_string());
    let sent = send_and_kill(&place, address, client);
    let found = found(&place, "application=\"a b\" severity=error");
    check(&found, number_in("n"), |n, record| {
        record["_text"] == sent[&n] && record["logger"] == "client" && record["_time"] != record["_ingest"]
    });
}

#[test]
fn elasticsearch_bulk_helper() {
    let Some(mut client) = python("elasticsearch") else { return };
    let (place, address) = (Place::new(), free_address());
    client.arg(script("elastic.py")).arg(address.to_string());
    let sent = send_and_kill(&place, address, client);
    let found = found(&place, "_index=logs-app n>=0");
    check(&found, number_in("n"), |n, record| record["message"] == sent[&n] && record["_time"] == shown(n));
}

/// Loggers of Node hold what is not acknowledged, but say nothing of acknowledgements: this only looks for all of it.
fn node(kind: &str, number: impl Fn(&Json) -> usize, is_right: impl Fn(usize, &Json) -> bool) {
    let modules = std::env::var("GASTROLOG_NODE_MODULES").unwrap_or_default();
    if !Path::new(&modules).join(format!("{kind}-loki")).exists() {
        return skipped(&format!("{kind}-loki in GASTROLOG_NODE_MODULES"));
    }
    let (place, address) = (Place::new(), free_address());
    let serving = serve(&place, address);
    let mut client = Command::new("node");
    client.arg(script("loki.cjs")).args([kind, &address.to_string()]).env("NODE_PATH", modules);
    assert!(client.status().unwrap().success());
    serving.stop();
    check(&found(&place, &format!("app={kind} level=info")), number, is_right);
}

#[test]
fn winston_loki() {
    node("winston", number_in("n"), |n, record| {
        record["_text"].as_str().is_some_and(|text| text.starts_with(&format!("{n} ")))
    });
}

#[test]
fn pino_loki() {
    node("pino", number_in("n"), |n, record| {
        record["msg"].as_str().is_some_and(|text| text.starts_with(&format!("{n} ")))
    });
}

const UPLOADER: &str = "/lib/systemd/systemd-journal-upload";
const WRITER: &str = "/lib/systemd/systemd-journal-remote";

fn message(i: usize) -> String {
    let odd = ["", "two\nlines", "snow ☃", "\u{1}\u{7f}", "{\"json\":[1]}", "a=b"];
    format!("{i} {} {}", odd[i % odd.len()], "padding ".repeat(i % 700))
}

/// A journal file of entries with these messages, written by systemd.
fn journal(place: &Place) -> PathBuf {
    let mut entries = Vec::new();
    for i in 0..RECORDS {
        let boot = "0639c7a557bd49e19ca7a6d6b8b0e4a2";
        let (time, mono) = (BASE_NS / 1000 + i as i64, i + 1);
        entries.extend_from_slice(
            format!(
                "__CURSOR=s={boot};i={mono:x};b={boot};m={mono:x};t={time:x};x={mono:x}\n__REALTIME_TIMESTAMP={time}\n\
                 __MONOTONIC_TIMESTAMP={mono}\n_BOOT_ID={boot}\nPRIORITY=3\nN={i}\nMESSAGE\n"
            )
            .as_bytes(),
        );
        let message = message(i);
        entries.extend_from_slice(&(message.len() as u64).to_le_bytes());
        entries.extend_from_slice(message.as_bytes());
        entries.extend_from_slice(b"\n\n");
    }
    let input = place.beside("entries", &entries);
    let path = place.beside("test.journal", b"");
    std::fs::remove_file(&path).unwrap();
    let mut writer = Command::new(WRITER);
    writer.arg("-o").arg(&path).arg(&input).stderr(Stdio::null());
    assert!(writer.status().unwrap().success());
    path
}

#[test]
fn systemd_journal_upload() {
    if !Path::new(UPLOADER).exists() || !Path::new(WRITER).exists() {
        return skipped("systemd-journal-remote with its uploader");
    }
    let (place, address) = (Place::new(), free_address());
    let journal = journal(&place);
    let state = journal.with_file_name("state");
    let upload = || {
        let mut command = Command::new(UPLOADER);
        command.args(["-u", &format!("http://{address}"), "--follow=no"]);
        command.arg("--file").arg(&journal).arg(format!("--save-state={}", state.display()));
        command.stderr(Stdio::null()).spawn().unwrap()
    };
    assert!(!upload().wait().unwrap().success(), "nobody listens");
    let mut acknowledged = 0;
    for delay_ms in [2, 5, 10, 20] {
        let serving = serve(&place, address);
        let mut child = upload();
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        serving.kill();
        acknowledged += usize::from(child.wait().unwrap().success());
    }
    let serving = serve(&place, address);
    assert!(upload().wait().unwrap().success());
    assert!(
        std::fs::read_to_string(&state).unwrap().contains("i=3e8;"),
        "the cursor is that of the last entry"
    );
    serving.stop();
    let found = found(&place, "receiver=journald-api PRIORITY<=3");
    let mut seen = vec![false; RECORDS];
    for record in &found {
        let n = number_in("N")(record);
        assert_eq!(record["MESSAGE"], message(n));
        assert_eq!(record["_time"], shown(1000 * n));
        seen[n] = true;
    }
    assert!(seen.iter().all(|seen| *seen), "{acknowledged} uploads were acknowledged before the last");
}
