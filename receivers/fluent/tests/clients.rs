//! `@fluent-org/logger` in its four modes with acknowledgements, key, user and TLS, and Python's `fluent-logger`. Skipped
//! where they are not installed, unless `GASTROLOG_REQUIRE_CLIENTS` is set.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_net::TlsFiles;
use gastrolog_receiver_fluent::Security;
use gastrolog_types::Timestamp;

use common::{Running, attribute, start};

const RECORDS: usize = 1_000;

fn found(client: &str, probe: &mut Command) -> bool {
    if probe.output().is_ok_and(|out| out.status.success()) {
        return true;
    }
    assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "{client} is not installed");
    eprintln!("skipped: {client} is not installed");
    false
}

fn node() -> Command {
    let mut node = Command::new("node");
    if let Some(modules) = std::env::var_os("GASTROLOG_NODE_MODULES") {
        node.env("NODE_PATH", modules);
    }
    node
}

fn node_is_there() -> bool {
    found("@fluent-org/logger", node().args(["-e", "require('@fluent-org/logger')"]))
}

fn send_by_node(port: u16, mode: &str, more: &str) {
    let mut command = node();
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.js"));
    let out = command.args([&port.to_string(), &RECORDS.to_string(), mode, more]).output().unwrap();
    assert!(out.status.success(), "{mode}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Each number once, with its time; the order may change where the client sends again.
fn check(running: Running) {
    let (records, counts) = running.stop();
    assert_eq!((records.len(), counts.parse_errors), (RECORDS, 0));
    let mut seen = vec![false; RECORDS];
    for record in &records {
        let json: serde_json::Value = serde_json::from_slice(&record.text).unwrap();
        let number = json["number"].as_u64().unwrap() as usize;
        assert!(!std::mem::replace(&mut seen[number], true), "{number} came twice");
        let want = 1_795_248_000_000_000_000 + number as i64 * 1_000_000;
        assert_eq!(record.source, Timestamp(want), "{json}");
        assert_eq!(attribute(record, "tag").unwrap(), "app.web");
        if number % 8 == 1 {
            assert_eq!(json["message"], "quote \" and \\ and \t", "{json}");
        }
    }
}

#[test]
fn the_four_modes_with_acknowledgements() {
    if !node_is_there() {
        return;
    }
    for mode in ["Message", "Forward", "PackedForward", "CompressedPackedForward"] {
        let running = start(MemorySink::new().fail_every(5), |_| ());
        send_by_node(running.addr.port(), mode, "{}");
        assert_eq!(running.sink.len(), RECORDS, "{mode}");
        check(running);
    }
}

#[test]
fn key_user_and_tls() {
    if !node_is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let users = BTreeMap::from([("ann".to_owned(), "pass".to_owned())]);
    let security = Security { shared_key: "s3cret".into(), hostname: "server".into(), users };
    let tls = TlsFiles { cert: cert.clone(), key, client_ca: None };
    let running = start(MemorySink::new(), |c| {
        c.security = Some(security);
        c.tls = Some(tls);
    });
    let more = format!(
        r#"{{"ca":{:?},"security":{{"clientHostname":"me","sharedKey":"s3cret","username":"ann","password":"pass"}}}}"#,
        cert.display().to_string()
    );
    send_by_node(running.addr.port(), "PackedForward", &more);
    check(running);
}

#[test]
fn python_sends_without_acknowledgements() {
    let python = std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into());
    if !found("fluent-logger", Command::new(&python).args(["-c", "import fluent.sender"])) {
        return;
    }
    let running = start(MemorySink::new().slow(Duration::from_millis(2)), |_| ());
    let mut command = Command::new(&python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.py"));
    let out = command.args([running.addr.port().to_string(), RECORDS.to_string()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    running.wait_for(RECORDS);
    check(running);
}
