//! graypy and pygelf as clients, over UDP (whole, in chunks, compressed or not), TCP and HTTP.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, HashSet};
use std::process::Command;

use common::{attribute, start};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_types::{Record, Timestamp};

const RECORDS_EACH: usize = 125;

#[test]
fn graypy_and_pygelf_are_understood() {
    let python = std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python).args(["-c", "import graypy, pygelf"]).output();
    if !there.is_ok_and(|o| o.status.success()) {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "graypy or pygelf is not installed");
        eprintln!("skipped: {python} has no graypy or no pygelf");
        return;
    }
    let running = start(MemorySink::new(), |_| {});
    let ports = [running.udp, running.tcp, running.http].map(|a| a.port().to_string());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients.py");
    let output = Command::new(python).arg(script).args(ports).arg(RECORDS_EACH.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sent: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert_eq!(sent, 8 * RECORDS_EACH);
    if running.missing(sent) > 0 {
        eprintln!("{:?}", by_client(&running.sink.records()));
    }
    running.wait_for(sent);
    let (records, counts) = running.stop();
    assert_eq!((counts.stored as usize, counts.parse_errors), (sent, 0));
    let mut seen = HashSet::new();
    for record in &records {
        let json: serde_json::Value = serde_json::from_slice(&record.text).unwrap();
        let (client, n) = (json["_client"].as_str().unwrap(), json["_n"].as_u64().unwrap());
        let text = json["full_message"].as_str().or(json["short_message"].as_str()).unwrap();
        let begins =
            format!("{client} {n} quotes \" \\ back\nslash, tab\t, nul-free, äöü ☃ 𝄞, {{\"json\": [1]}} ");
        assert!(text.starts_with(&begins), "{text}");
        assert_eq!(text.len() > 6400, n % 10 == 0, "{text}");
        assert_ne!(record.source, Timestamp::NONE);
        assert_eq!(attribute(record, "peer").as_deref(), Some("127.0.0.1"));
        assert!(seen.insert((client.to_owned(), n)));
    }
    assert_eq!(seen.len(), sent);
}

/// How many records came of each client.
fn by_client(records: &[Record]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let json: serde_json::Value = serde_json::from_slice(&record.text).unwrap();
        *counts.entry(json["_client"].to_string()).or_default() += 1;
    }
    counts
}
