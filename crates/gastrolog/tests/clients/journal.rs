//! systemd-journal-upload, of a journal that systemd-journal-remote has written.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::programs::skipped;
use super::trial::{Fault, RECORDS, Trial, check, free_address, number_in, time_of};
use crate::support::Place;

const UPLOADER: &str = "/lib/systemd/systemd-journal-upload";
const WRITER: &str = "/lib/systemd/systemd-journal-remote";

fn message(i: usize) -> String {
    let odd =
        ["", "two\nlines", "snow ☃", "\u{1}\u{7f}", "{\"json\":[1]}", "a=b", "nul \0", "trailing newline\n"];
    let long = if i % 97 == 96 { "long ".repeat(13_107) } else { String::new() };
    format!("{i} {}{long}", odd[i % odd.len()])
}

/// A journal file of entries with these messages, written by systemd.
fn journal(place: &Place) -> PathBuf {
    let mut entries = Vec::new();
    for i in 0..RECORDS {
        let boot = "0639c7a557bd49e19ca7a6d6b8b0e4a2";
        let (time, mono) = (1_700_000_000_000_000 + 1000 * i, i + 1);
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

/// The uploader, which sends all that is not yet acknowledged and ends; after a moment.
fn upload(journal: &Path, trial: &Trial, after: &str) -> Child {
    let script = "sleep $0; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, after, UPLOADER, "-u", &format!("http://{}", trial.address), "--follow=no"]);
    command.arg("--file").arg(journal).arg(format!("--save-state={}", state(journal).display()));
    command.stderr(Stdio::null()).spawn().unwrap()
}

/// Where it keeps the cursor of the last entry that was acknowledged.
fn state(journal: &Path) -> PathBuf {
    journal.with_file_name("state")
}

#[test]
fn systemd_journal_upload() {
    if !Path::new(UPLOADER).exists() || !Path::new(WRITER).exists() {
        return skipped("systemd-journal-remote with its uploader");
    }
    let place = Place::new();
    let journal = journal(&place);
    let mut trial = Trial::at(place, free_address(), "");
    for delay_ms in [2, 5, 10, 20] {
        let mut child = upload(&journal, &trial, "0");
        std::thread::sleep(Duration::from_millis(delay_ms));
        trial.disturb(Fault::Kill);
        child.wait().unwrap();
    }
    for fault in [Fault::Freeze, Fault::Full] {
        let _ = std::fs::remove_file(state(&journal));
        let mut child = upload(&journal, &trial, "0.3");
        trial.disturb(fault);
        assert!(child.wait().unwrap().success(), "{fault:?}: it is not refused, it waits");
    }
    assert!(upload(&journal, &trial, "0").wait().unwrap().success());
    let cursor = std::fs::read_to_string(state(&journal)).unwrap();
    assert!(cursor.contains("i=3e8;"), "the cursor is that of the last entry: {cursor}");
    trial.stop();
    // Each upload that broke off is sent again from its last cursor.
    let again_max = 8 * RECORDS;
    check(&trial.found("receiver=journald-api PRIORITY<=3"), again_max, number_in("N"), |n, record| {
        record["MESSAGE"] == message(n) && record["_time"] == time_of(n) && record["peer"] == "127.0.0.1"
    });
}
