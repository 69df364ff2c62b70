//! pylogbeat, plain and with TLS and a client certificate. Skipped where it is not installed, unless
//! `GASTROLOG_REQUIRE_CLIENTS` is set.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_net::TlsFiles;
use gastrolog_types::Timestamp;

use common::start;

const RECORDS: usize = 1_000;

/// The Python that has the client.
fn python() -> Option<String> {
    let python = std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python).args(["-c", "import pylogbeat"]).output();
    if there.is_ok_and(|out| out.status.success()) {
        return Some(python);
    }
    assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "{python} has no pylogbeat");
    eprintln!("skipped: {python} has no pylogbeat");
    None
}

fn client(python: &str, port: u16, files: Option<&Path>) {
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.py"));
    command.args([port.to_string(), RECORDS.to_string()]).args(files);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

fn check(texts: &[String], times: &[Timestamp]) {
    for i in 0..RECORDS {
        let text = &texts[i];
        assert!(text.contains(&format!("\"number\": {i},")), "{i}: {text}");
        assert_eq!(times[i], Timestamp(1_795_248_000_000_000_000 + i as i64 * 1_000_000), "{i}: {text}");
    }
    assert_eq!(texts.len(), RECORDS);
}

#[test]
fn pylogbeat_sends_and_waits() {
    let Some(python) = python() else { return };
    let running = start(MemorySink::new().fail_every(7).slow(Duration::from_millis(5)), |_| ());
    client(&python, running.addr.port(), None);
    let texts = running.sink.texts();
    let (records, counts) = running.stop();
    check(&texts, &records.iter().map(|r| r.source).collect::<Vec<_>>());
    assert_eq!(counts.parse_errors, 0);
}

#[test]
fn pylogbeat_with_certificates() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = TlsFiles { cert: cert.clone(), key, client_ca: None };
    let running = start(MemorySink::new(), |c| c.tls = Some(tls));
    client(&python, running.addr.port(), Some(dir.path()));
    let texts = running.sink.texts();
    let (records, _) = running.stop();
    check(&texts, &records.iter().map(|r| r.source).collect::<Vec<_>>());
}
