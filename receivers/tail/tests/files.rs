//! Rotation, truncation, restarts, limits and faults, one by one.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Logs;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{DropReason, Receiver, Shutdown};
use gastrolog_receiver_tail::{Start, TailReceiver};
use gastrolog_types::Timestamp;

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_new_one() {
    let mut logs = Logs::new("*.log", MemorySink::new());
    logs.config.rotated_wait = Duration::from_secs(60);
    let mut receiver = logs.start();
    logs.write("a.log", "1\n2\n");
    logs.poll(&mut receiver);
    let mut writer = std::fs::OpenOptions::new().append(true).open(logs.path("a.log")).unwrap();
    logs.rename("a.log", "a.old");
    writer.write_all(b"3\n").unwrap();
    logs.write("a.log", "5\n");
    writer.write_all(b"4\n").unwrap();
    logs.poll(&mut receiver);
    // A writer that has not opened the new file yet still writes to the old one.
    writer.write_all(b"6\n").unwrap();
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["1", "2", "3", "4", "5", "6"]);
    let path = logs.path("a.log").display().to_string();
    for record in logs.sink.records() {
        let attributes: Vec<_> = record.attributes.iter().collect();
        assert_eq!(attributes, [("receiver", &b"tail"[..]), ("file", path.as_bytes())]);
        assert_eq!(record.ingest, Timestamp(42));
    }
}

#[test]
fn a_partial_line_waits_for_its_end_or_for_the_end_of_its_file() {
    let logs = Logs::new("*.log", MemorySink::new());
    let mut receiver = logs.start();
    logs.write("a.log", "one\r\ntw");
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["one\r"]);
    receiver = logs.start();
    logs.poll(&mut receiver);
    logs.write("a.log", "o\nthree, unended");
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["one\r", "two"]);
    std::fs::remove_file(logs.path("a.log")).unwrap();
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["one\r", "two", "three, unended"]);
}

#[test]
fn a_truncated_or_overwritten_file_is_read_anew() {
    let logs = Logs::new("*.log", MemorySink::new());
    let mut receiver = logs.start();
    logs.write("a.log", "first 1\nfirst 2\n");
    logs.poll(&mut receiver);
    logs.truncate("a.log");
    logs.write("a.log", "second 1\n");
    logs.poll(&mut receiver);
    // Longer than before: only the fingerprint tells.
    logs.truncate("a.log");
    logs.write("a.log", "third 1\nthird 2\nthird 3\n");
    logs.poll(&mut receiver);
    drop(receiver);
    logs.truncate("a.log");
    logs.write("a.log", "while it was down, and longer than the one before it\n");
    logs.poll(&mut logs.start());
    let want = ["first 1", "first 2", "second 1", "third 1", "third 2", "third 3"];
    assert_eq!(logs.texts()[..6], want);
    assert_eq!(logs.texts()[6..], ["while it was down, and longer than the one before it"]);
}

#[test]
fn a_start_at_the_end_takes_only_what_comes() {
    let mut logs = Logs::new("*.log", MemorySink::new());
    logs.config.from = Start::End;
    logs.write("a.log", "old\nold, not en");
    let mut receiver = logs.start();
    logs.poll(&mut receiver);
    drop(receiver);
    logs.write("a.log", "ded\nnew\n");
    logs.write("b.log", "new too\n");
    logs.poll(&mut logs.start());
    let mut texts = logs.texts();
    texts.sort();
    assert_eq!(texts, ["new", "new too"]);
}

#[test]
fn long_lines_are_truncated_and_marked_across_restarts() {
    let mut logs = Logs::new("*.log", MemorySink::new());
    logs.config.line_bytes_max = 10;
    logs.write("a.log", "0123456789\n0123456789abc\n0123456789 this goes on");
    logs.poll(&mut logs.start());
    logs.write("a.log", " and on");
    logs.poll(&mut logs.start());
    logs.write("a.log", " to here\nnext\n");
    logs.poll(&mut logs.start());
    assert_eq!(logs.texts(), ["0123456789", "0123456789", "0123456789", "next"]);
    let marked: Vec<bool> =
        logs.sink.records().iter().map(|r| r.attributes.iter().any(|(n, _)| n == "truncated")).collect();
    assert_eq!(marked, [false, true, true, false]);
}

#[test]
fn a_store_that_is_away_delays_and_a_refusal_is_counted() {
    let logs = Logs::new("*.log", MemorySink::new().fail_next(2).refuse_texts_with(b"bad"));
    let mut receiver = logs.start();
    logs.write("a.log", "1\nbad\n2\n");
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["1", "2"]);
    assert_eq!(receiver.counters().snapshot().dropped_for(DropReason::Refused), 1);
    logs.poll(&mut logs.start());
    assert_eq!(logs.texts(), ["1", "2"]);
}

#[test]
fn more_files_than_may_be_open_are_all_read() {
    let mut logs = Logs::new("*.log", MemorySink::new());
    logs.config.open_files_max = 3;
    let mut receiver = logs.start();
    for i in 0..10 {
        logs.write(&format!("{i}.log"), &format!("{i}\n"));
    }
    for _ in 0..4 {
        logs.poll(&mut receiver);
    }
    logs.write("0.log", "10\n");
    logs.write("9.log", "11\n");
    logs.poll(&mut receiver);
    logs.poll(&mut receiver);
    let mut got: Vec<u32> = logs.texts().iter().map(|t| t.parse().unwrap()).collect();
    got.sort();
    assert_eq!(got, (0..12).collect::<Vec<_>>());
}

#[test]
fn gz_is_passed_over_and_one_file_under_two_names_is_read_once() {
    let logs = Logs::new("*", MemorySink::new());
    logs.write("a.log.gz", "\u{1f}\u{8b}\n");
    logs.write("a.log", "once\n");
    std::fs::hard_link(logs.path("a.log"), logs.path("b.log")).unwrap();
    let mut receiver = TailReceiver::new(
        gastrolog_receiver_tail::TailConfig {
            globs: vec![logs.path("*.log").display().to_string(), logs.path("*.gz").display().to_string()],
            ..logs.config.clone()
        },
        logs.sink.clone(),
        Arc::new(|| Timestamp(0)),
    )
    .unwrap();
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["once"]);
}

#[test]
fn a_file_that_may_not_be_read_is_reported_once_and_tried_again() {
    let logs = Logs::new("*.log", MemorySink::new());
    logs.write("a.log", "secret\n");
    let allow = |mode| {
        std::fs::set_permissions(logs.path("a.log"), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0);
    if std::fs::read(logs.path("a.log")).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let mut receiver = logs.start();
    for _ in 0..3 {
        logs.poll(&mut receiver);
    }
    assert_eq!((receiver.counters().snapshot().faults, logs.texts().len()), (1, 0));
    allow(0o600);
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["secret"]);
}

#[test]
fn a_fault_of_a_path_is_reported_again_only_after_it_was_gone() {
    let logs = Logs::new("*.log", MemorySink::new());
    let mut receiver = logs.start();
    let mut faults = Vec::new();
    for _ in 0..2 {
        // A link to itself cannot be opened by anybody.
        std::os::unix::fs::symlink(logs.path("a.log"), logs.path("a.log")).unwrap();
        logs.poll(&mut receiver);
        logs.poll(&mut receiver);
        faults.push(receiver.counters().snapshot().faults);
        std::fs::remove_file(logs.path("a.log")).unwrap();
        logs.poll(&mut receiver);
    }
    assert_eq!(faults, [1, 2]);
    logs.write("a.log", "now a file\n");
    logs.poll(&mut receiver);
    assert_eq!(logs.texts(), ["now a file"]);
}

#[test]
fn a_damaged_state_file_is_an_error_with_its_remedy() {
    let logs = Logs::new("*.log", MemorySink::new());
    std::fs::write(&logs.config.state_file, "{\"version\":1,").unwrap();
    let made = TailReceiver::new(logs.config.clone(), logs.sink.clone(), Arc::new(|| Timestamp(0)));
    let text = made.err().unwrap().to_string();
    assert!(text.contains("is damaged") && text.contains("remove it"), "{text}");
}

#[test]
fn runs_on_a_thread_until_it_is_told_to_stop() {
    let mut logs = Logs::new("*.log", MemorySink::new());
    logs.config.poll = Duration::from_millis(5);
    let receiver = Box::new(logs.start());
    let shutdown = Shutdown::new();
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || receiver.run(shutdown).unwrap()
    });
    let lines: String = (0..5000).map(|i| format!("line {i}\n")).collect();
    logs.write("a.log", &lines);
    let start = Instant::now();
    while logs.sink.len() < 5000 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    shutdown.start();
    thread.join().unwrap();
    assert_eq!(logs.sink.len(), 5000);
}
