//! The files of a node: joined, described by their paths, rotated by the kubelet, counted by restart.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_follow::{FollowConfig, Follower};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Receiver, Shutdown};
use gastrolog_receiver_kubernetes::{FILES, KubernetesFiles};
use gastrolog_types::{Record, Timestamp};

const FOLDER: &str = "shop_web-7d9-x2_0a1b-2c/app";

struct Node {
    folder: tempfile::TempDir,
    globs: Vec<String>,
    sink: Arc<MemorySink>,
}

impl Node {
    fn new() -> Node {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(FOLDER)).unwrap();
        let root = folder.path().display().to_string();
        let globs = FILES.map(|glob| glob.replace("/var/log/pods", &root)).to_vec();
        Node { folder, globs, sink: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(FOLDER).join(name)
    }

    fn write(&self, name: &str, lines: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        for (n, line) in lines.lines().enumerate() {
            writeln!(file.as_ref().unwrap(), "2026-11-21T09:14:20.{n:09}Z {line}").unwrap();
        }
    }

    fn start(&self) -> Follower {
        let config = FollowConfig {
            name: "kubernetes".into(),
            globs: self.globs.clone(),
            state_file: self.folder.path().join("bookmarks"),
            rotated_wait: Duration::ZERO,
            ..FollowConfig::default()
        };
        KubernetesFiles::default().follow(config, self.sink.clone(), Arc::new(|| Timestamp(7))).unwrap()
    }

    fn poll(&self, follower: &mut Follower) -> Vec<String> {
        assert!(follower.poll_once(&Shutdown::new()));
        assert!(follower.counters().snapshot().reconciles());
        self.sink.texts()
    }
}

fn value(record: &Record, name: &str) -> Option<String> {
    let found = record.attributes.iter().find(|(n, _)| *n == name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

#[test]
fn lines_are_joined_and_described() {
    let node = Node::new();
    node.write("0.log", "stdout P one,\nstderr F between\nstdout P  two,\nstdout F  three\nstdout F ");
    assert_eq!(node.poll(&mut node.start()), ["between", "one, two, three", ""]);
    let records = node.sink.records();
    let names = ["namespace", "pod", "pod_uid", "container", "restart", "stream"];
    let values = names.map(|name| value(&records[1], name).unwrap());
    assert_eq!(values, ["shop", "web-7d9-x2", "0a1b-2c", "app", "0", "stdout"]);
    assert_eq!(records[1].source, Timestamp(1_795_252_460_000_000_000));
}

#[test]
fn rotation_and_restarts_of_the_container() {
    let node = Node::new();
    let mut follower = node.start();
    node.write("0.log", "stdout F 1");
    node.poll(&mut follower);
    drop(follower);
    // While it is down the kubelet rotates and compresses, and the container is started anew.
    node.write("0.log", "stdout F 2");
    let rotated = "0.log.20261121-091420";
    std::fs::rename(node.path("0.log"), node.path(rotated)).unwrap();
    std::fs::write(node.path("0.log.20261121-081420.gz"), b"\x1f\x8b\n").unwrap();
    std::fs::write(node.path("0.log.20261121-081420.tmp"), b"\x1f\x8b\n").unwrap();
    node.write("0.log", "stdout F 3");
    node.write("1.log", "stdout F 4");
    let mut follower = node.start();
    let mut texts = node.poll(&mut follower);
    // Files that were written in one tick of the clock come in any order.
    texts.sort();
    assert_eq!(texts, ["1", "2", "3", "4"]);
    // What is compressed and removed was read.
    node.write(rotated, "stdout F 5");
    std::fs::write(node.path(&format!("{rotated}.gz")), b"\x1f\x8b\n").unwrap();
    std::fs::remove_file(node.path(rotated)).unwrap();
    assert_eq!(node.poll(&mut follower)[4..], ["5"]);
    for record in node.sink.records() {
        let wanted = if record.text == b"4" { "1" } else { "0" };
        assert_eq!(value(&record, "restart").unwrap(), wanted);
    }
}

#[test]
fn links_under_containers_are_followed_once_and_tell_the_id() {
    let mut node = Node::new();
    let link = node.folder.path().join(format!("web-7d9-x2_shop_app-{}.log", "ab".repeat(32)));
    std::os::unix::fs::symlink(node.path("0.log"), &link).unwrap();
    node.globs = vec![node.folder.path().join("*.log").display().to_string()];
    node.write("0.log", "stdout F 1\nbroken\nstdout F 2");
    let mut follower = node.start();
    assert_eq!(node.poll(&mut follower).len(), 3);
    assert_eq!(follower.counters().snapshot().parse_errors, 1);
    let records = node.sink.records();
    assert_eq!(records[1].text, b"2026-11-21T09:14:20.000000001Z broken");
    assert!(value(&records[1], "parse_error").unwrap().contains("stdout"));
    let values = ["container_id", "pod_uid", "restart"].map(|name| value(&records[0], name).unwrap());
    assert_eq!(values, ["ab".repeat(32), "0a1b-2c".into(), "0".into()]);
}
