//! What is held back: limits, time, truncation, lines that are not of the format.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_follow::{Decoder, FollowConfig, Follower, Format, Piece};
use gastrolog_ingest::multiline::{Multiline, MultilineConfig, MultilineRule};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Receiver, Shutdown};
use gastrolog_types::Timestamp;

/// A line that ends in `\` goes on; one that begins with `!` is wrong.
struct Slashes;

impl Format for Slashes {
    fn decoder(&self, _: &Path) -> Box<dyn Decoder> {
        Box::new(Slashes)
    }
}

impl Decoder for Slashes {
    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String> {
        if line.starts_with(b"!") {
            return Err("it begins with !".into());
        }
        let rest = line.strip_suffix(b"\\");
        Ok(Piece { goes_on: rest.is_some(), text: rest.unwrap_or(line).into(), ..Piece::default() })
    }
}

struct Logs {
    folder: tempfile::TempDir,
    config: FollowConfig,
    sink: Arc<MemorySink>,
}

impl Logs {
    fn new() -> Logs {
        let folder = tempfile::tempdir().unwrap();
        let config = FollowConfig {
            globs: vec![folder.path().join("*.log").display().to_string()],
            state_file: folder.path().join("bookmarks"),
            rotated_wait: Duration::ZERO,
            held_wait: Duration::from_secs(3600),
            line_bytes_max: 10,
            ..FollowConfig::default()
        };
        Logs { folder, config, sink: Arc::default() }
    }

    fn start(&self) -> Follower {
        let config = self.config.clone();
        let format = Box::new(Slashes);
        Follower::new("test", config, Some(format), self.sink.clone(), Arc::new(|| Timestamp(1))).unwrap()
    }

    fn write(&self, text: &str) {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new();
        let mut file = file.create(true).append(true).open(self.folder.path().join("a.log")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Texts, and those attributes of each that say something of it.
    fn stored(&self) -> Vec<(String, Vec<String>)> {
        let records = self.sink.records();
        records
            .iter()
            .map(|r| {
                let said = r.attributes.iter().map(|(name, _)| name.to_owned());
                let said = said.filter(|name| !["receiver", "file"].contains(&name.as_str())).collect();
                (String::from_utf8(r.text.clone()).unwrap(), said)
            })
            .collect()
    }

    fn poll(&self, follower: &mut Follower) -> Vec<(String, Vec<String>)> {
        assert!(follower.poll_once(&Shutdown::new()));
        self.stored()
    }
}

fn is(text: &str, said: &[&str]) -> (String, Vec<String>) {
    (text.to_owned(), said.iter().map(|s| (*s).to_owned()).collect())
}

#[test]
fn a_join_that_grows_too_long_is_several_records() {
    let logs = Logs::new();
    logs.write("aaaa\\\nbbbb\\\ncccc\\\ndddd\n0123456789abc\nnext\n");
    let stored = logs.poll(&mut logs.start());
    let wanted = [
        is("aaaabbbb", &["partial"]),
        is("ccccdddd", &[]),
        is("0123456789", &["truncated"]),
        is("next", &[]),
    ];
    assert_eq!(stored, wanted);
}

#[test]
fn a_wrong_line_is_kept_and_ends_what_was_open() {
    let logs = Logs::new();
    let mut follower = logs.start();
    logs.write("one \\\n!bad\ntwo\n");
    let stored = logs.poll(&mut follower);
    assert_eq!(stored, [is("one ", &["partial"]), is("!bad", &["parse_error"]), is("two", &[])]);
    assert_eq!(follower.counters().snapshot().parse_errors, 1);
}

#[test]
fn what_waits_too_long_or_whose_file_is_truncated_or_gone_is_given() {
    let mut logs = Logs::new();
    let mut follower = logs.start();
    logs.write("cut \\\n");
    assert_eq!(logs.poll(&mut follower), []);
    std::fs::write(logs.folder.path().join("a.log"), "gone \\\n").unwrap();
    assert_eq!(logs.poll(&mut follower), [is("cut ", &["partial"])]);
    // A restart holds it again; it is not stored twice.
    follower = logs.start();
    assert_eq!(logs.poll(&mut follower).len(), 1);
    std::fs::remove_file(logs.folder.path().join("a.log")).unwrap();
    assert_eq!(logs.poll(&mut follower)[1..], [is("gone ", &["partial"])]);
    logs.config.held_wait = Duration::ZERO;
    follower = logs.start();
    logs.write("old \\\n");
    assert_eq!(logs.poll(&mut follower)[2..], [is("old ", &["partial"])]);
}

#[test]
fn a_group_is_given_when_it_is_due() {
    let mut logs = Logs::new();
    let rule =
        MultilineConfig { wait: Duration::from_millis(20), ..MultilineConfig::new(MultilineRule::Java) };
    logs.config.multiline = Some(Multiline::new(rule).unwrap());
    let mut follower = logs.start();
    logs.write("a.B: x\n\tat c\n");
    let mut stored = logs.poll(&mut follower);
    for _ in 0..200 {
        if stored.is_empty() {
            std::thread::sleep(Duration::from_millis(10));
            stored = logs.poll(&mut follower);
        }
    }
    assert_eq!(stored, [is("a.B: x\n\tat c", &[])]);
    // It is behind the bookmark: nothing comes again.
    assert_eq!(logs.poll(&mut logs.start()).len(), 1);
}
