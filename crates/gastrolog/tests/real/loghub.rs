//! System logs of Loghub, against the tables that its makers cut them into, and against `grep`.

use super::tools::{Counts, cells, count, load, read, same};
use crate::support::shared_data;

/// What is done to a cell before it is compared.
type Fix = fn(&str) -> &str;

/// A column of the table that goes with a log, by its name.
fn column(name: &str, column: &str, fix: Fix) -> Counts {
    let table = shared_data().unwrap().join(format!("loghub-2k/{name}/{name}_2k.log_structured.csv"));
    let table = String::from_utf8_lossy(&read(&table)).into_owned();
    let head = cells(table.lines().next().unwrap());
    let at = head.iter().position(|c| c == column).unwrap();
    count(table.lines().skip(1), |row| vec![fix(&cells(row)[at]).to_owned()])
}

fn as_it_is(cell: &str) -> &str {
    cell
}

/// Checks fields against columns, and words against `grep`.
fn check(name: &str, columns: &[(&str, &str, Fix)], words: &[&str]) {
    let Some(loaded) = load(&[&format!("loghub-2k/{name}/{name}_2k.log")]) else { return };
    for (field, title, fix) in columns {
        same(&loaded.count_by("*", &[field]), &column(name, title, *fix), &format!("{name}: {field}"));
    }
    for word in words {
        let flags = if word.contains(' ') { "-ciFw" } else { "-cwi" };
        let query = if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() };
        let ours = loaded.number(&format!("{query} | stats count()"));
        assert_eq!(ours, loaded.grep(flags, word), "{name}: {word}");
    }
}

/// The table keeps the dashes that the login program writes before its name.
fn without_dashes(cell: &str) -> &str {
    cell.trim_start_matches("-- ")
}

#[test]
fn linux() {
    // Its makers call the host "Level".
    check(
        "Linux",
        &[
            ("hostname", "Level", as_it_is),
            ("appname", "Component", without_dashes),
            ("procid", "PID", as_it_is),
        ],
        &[
            "authentication",
            "failure",
            "root",
            "session opened",
            "authentication failure",
            "FAILED",
            "kernel",
        ],
    );
}

#[test]
fn openssh() {
    check(
        "OpenSSH",
        &[("hostname", "Component", as_it_is), ("procid", "Pid", as_it_is)],
        &["Invalid user", "password", "preauth", "break-in", "173.234.31.186", "port", "webmaster"],
    );
}

#[test]
fn apache_errors() {
    check(
        "Apache",
        &[("level", "Level", as_it_is)],
        &["mod_jk", "error state", "init", "jk2_init", "notice"],
    );
}

#[test]
fn hdfs() {
    check(
        "HDFS",
        &[("level", "Level", as_it_is)],
        &["terminating", "PacketResponder", "received block", "50010"],
    );
}

#[test]
fn spark() {
    check("Spark", &[("level", "Level", as_it_is)], &["TaskSetManager", "executor", "found block", "TID"]);
}

#[test]
fn zookeeper() {
    check(
        "Zookeeper",
        &[("level", "Level", as_it_is)],
        &["connection", "broken", "received connection request", "workerreceiver"],
    );
}

#[test]
fn words_alone() {
    // No level is named in these: theirs are single letters, or not in capitals.
    check("Android", &[], &["acquire", "lock", "PowerManagerService", "releasewakelock", "null"]);
    check("Windows", &[], &["cbs", "servicing", "loaded servicing stack", "info", "winlogon"]);
}
