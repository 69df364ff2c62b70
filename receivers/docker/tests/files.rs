//! The files of the json-file driver: joined, described, rotated, read on after a restart.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_follow::{FollowConfig, Follower};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Receiver, Shutdown};
use gastrolog_receiver_docker::{DockerFiles, file_globs};
use gastrolog_types::{Record, Timestamp};
use serde_json::json;

const ID: &str = "8e65b90234ea";

struct Node {
    folder: tempfile::TempDir,
    sink: Arc<MemorySink>,
}

impl Node {
    fn new() -> Node {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(ID)).unwrap();
        Node { folder, sink: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(ID).join(name)
    }

    fn write(&self, name: &str, log: &str, stream: &str, time: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        writeln!(file.unwrap(), "{}", json!({ "log": log, "stream": stream, "time": time })).unwrap();
    }

    fn start(&self) -> Follower {
        let config = FollowConfig {
            name: "docker".into(),
            globs: file_globs(self.folder.path()),
            state_file: self.folder.path().join("bookmarks"),
            rotated_wait: Duration::ZERO,
            ..FollowConfig::default()
        };
        DockerFiles::follow(config, self.sink.clone(), Arc::new(|| Timestamp(7))).unwrap()
    }

    fn poll(&self, follower: &mut Follower) -> Vec<String> {
        assert!(follower.poll_once(&Shutdown::new()));
        assert!(follower.counters().snapshot().reconciles());
        self.sink.texts()
    }
}

fn attributes(record: &Record) -> Vec<(&str, String)> {
    let pairs = record.attributes.iter().filter(|(name, _)| *name != "file");
    pairs.map(|(name, value)| (name, String::from_utf8(value.to_vec()).unwrap())).collect()
}

#[test]
fn a_container_with_its_name_image_and_labels() {
    let node = Node::new();
    let config = json!({
        "ID": ID, "Name": "/web", "State": {}, "LogPath": "",
        "Config": { "Image": "nginx:1", "Labels": { "com.docker.compose.service": "front" }, "Tty": false }
    });
    std::fs::write(node.path("config.v2.json"), config.to_string()).unwrap();
    let log = format!("{ID}-json.log");
    node.write(&log, "up\n", "stdout", "2026-11-21T09:14:20.000000001Z");
    node.write(&log, "careful\n", "stderr", "2026-11-21T09:14:20.000000002Z");
    assert_eq!(node.poll(&mut node.start()), ["up", "careful"]);
    let records = node.sink.records();
    let known = [
        ("receiver", "docker"),
        ("container_id", ID),
        ("container", "web"),
        ("image", "nginx:1"),
        ("label.com.docker.compose.service", "front"),
        ("stream", "stderr"),
    ];
    assert_eq!(attributes(&records[1]), known.map(|(name, value)| (name, value.to_owned())));
    assert_eq!((records[1].source, records[1].ingest), (Timestamp(1_795_252_460_000_000_002), Timestamp(7)));
}

#[test]
fn pieces_of_16_kib_are_joined_over_looks_restarts_and_the_other_stream() {
    let node = Node::new();
    let log = format!("{ID}-json.log");
    let (first, second) = ("a".repeat(16 << 10), "b".repeat(16 << 10));
    let mut follower = node.start();
    node.write(&log, &first, "stdout", "2026-11-21T09:14:20.000000001Z");
    node.write(&log, "between\n", "stderr", "2026-11-21T09:14:20.000000002Z");
    assert_eq!(node.poll(&mut follower), ["between"]);
    node.write(&log, &second, "stdout", "2026-11-21T09:14:20.000000003Z");
    node.poll(&mut follower);
    follower = node.start();
    node.write(&log, "c\n", "stdout", "2026-11-21T09:14:20.000000004Z");
    let wanted = ["between".to_owned(), format!("{first}{second}c")];
    assert_eq!(node.poll(&mut follower), wanted);
    let joined = &node.sink.records()[1];
    assert_eq!(joined.source, Timestamp(1_795_252_460_000_000_001));
    assert!(!attributes(joined).iter().any(|(name, _)| ["partial", "truncated"].contains(name)));
    assert_eq!(node.poll(&mut node.start()).len(), 2);
}

#[test]
fn a_rotation_while_it_is_down_and_a_line_that_is_not_of_the_driver() {
    let node = Node::new();
    let log = format!("{ID}-json.log");
    node.write(&log, "1\n", "stdout", "2026-11-21T09:14:20Z");
    node.poll(&mut node.start());
    node.write(&log, "2\n", "stdout", "2026-11-21T09:14:21Z");
    std::fs::rename(node.path(&log), node.path(&format!("{log}.1"))).unwrap();
    node.write(&log, "3\n", "stdout", "2026-11-21T09:14:22Z");
    std::fs::OpenOptions::new().append(true).open(node.path(&log)).unwrap().write_all(b"torn {\n").unwrap();
    std::fs::write(node.path(&format!("{log}.2.gz")), b"\x1f\x8b").unwrap();
    let mut follower = node.start();
    assert_eq!(node.poll(&mut follower), ["1", "2", "3", "torn {"]);
    assert_eq!(follower.counters().snapshot().parse_errors, 1);
    let records = node.sink.records();
    assert!(
        attributes(&records[3]).iter().any(|(name, why)| *name == "parse_error" && why.contains("json-file"))
    );
    assert_eq!(records[3].source, Timestamp::NONE);
}

/// Vector's own cases of this format.
#[test]
fn goldens_of_vector() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vector-misc/docker-json-file.jsonl");
    if !std::path::Path::new(path).exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{path} is not there");
        eprintln!("skipped: {path} is not there");
        return;
    }
    let cases = std::fs::read_to_string(path).unwrap();
    let cases: Vec<serde_json::Value> =
        cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 10);
    for case in cases {
        let (node, input) = (Node::new(), case["input"].as_str().unwrap());
        std::fs::write(node.path(&format!("{ID}-json.log")), format!("{input}\n")).unwrap();
        let mut follower = node.start();
        node.poll(&mut follower);
        // What is a piece waits for the rest of its line, which never comes.
        std::fs::remove_file(node.path(&format!("{ID}-json.log"))).unwrap();
        let texts = node.poll(&mut follower);
        let is_valid = case["test"] == "valid_cases";
        assert_eq!(follower.counters().snapshot().parse_errors, u64::from(!is_valid), "{input}");
        match serde_json::from_str::<serde_json::Value>(input) {
            Ok(line) if is_valid => assert_eq!(texts, [line["log"].as_str().unwrap().trim_end()]),
            _ => assert_eq!(texts, [input]),
        }
    }
}

/// Logs of containers that Fluent Bit keeps, each with what it makes of its first line: text, stream and time.
#[test]
fn goldens_of_fluent_bit() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/fluent-bit/runtime/data/kubernetes");
    let folder = std::path::Path::new(path);
    if !folder.exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{path} is not there");
        eprintln!("skipped: {path} is not there");
        return;
    }
    let mut compared = 0;
    for file in
        ["core", "options"].iter().flat_map(|d| std::fs::read_dir(folder.join("log").join(d)).unwrap())
    {
        let log = file.unwrap().path();
        let out = log.to_str().unwrap().replace("/log/", "/out/").replace(".log", ".out");
        let Ok(wanted) = std::fs::read(out) else { continue };
        let first = serde_json::Deserializer::from_slice(&wanted).into_iter::<serde_json::Value>().next();
        let Some(Ok(wanted)) = first else { continue };
        // Others have the text taken apart.
        let Some(text) = wanted[1]["log"].as_str() else { continue };
        let node = Node::new();
        std::fs::copy(&log, node.path(&format!("{ID}-json.log"))).unwrap();
        let mut follower = node.start();
        node.poll(&mut follower);
        // What has no LF waits for the rest of its line, which never comes.
        std::fs::remove_file(node.path(&format!("{ID}-json.log"))).unwrap();
        node.poll(&mut follower);
        let records = node.sink.records();
        let record = records.first().unwrap();
        assert_eq!(String::from_utf8_lossy(&record.text), text.strip_suffix('\n').unwrap_or(text));
        let stream = wanted[1]["stream"].as_str().unwrap().to_owned();
        assert!(attributes(record).contains(&("stream", stream)), "{}", log.display());
        let seconds = record.source.0 as f64 / 1e9;
        assert!((seconds - wanted[0].as_f64().unwrap()).abs() < 1e-5, "{}", log.display());
        assert_eq!(follower.counters().snapshot().parse_errors, 0);
        compared += 1;
    }
    assert!(compared >= 12, "{compared}");
}
