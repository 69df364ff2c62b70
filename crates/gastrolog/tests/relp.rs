//! rsyslog sends by RELP to a server that is killed again and again: what it was told is stored is there, and what it
//! was not told it sends again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::collections::HashSet;
use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Place, Serving};

const RECORDS: usize = 20_000;
const KILLS: u64 = 4;

/// Whether rsyslogd can send RELP here; fails where it must.
fn is_there() -> bool {
    let has_module = |dir: std::fs::DirEntry| dir.path().join("rsyslog/omrelp.so").exists();
    let there = Command::new("rsyslogd").arg("-v").output().is_ok()
        && std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().any(has_module);
    if !there {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "rsyslog-relp is not installed");
        eprintln!("skipped: there is no rsyslog with omrelp on this machine");
    }
    there
}

/// Ends rsyslogd, whatever becomes of the test.
struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn line(i: usize) -> String {
    format!("record {i:05} \"quoted\" \\ back äöü ☃ {{\"n\":{i}}} tab\tend")
}

fn send(dir: &Path, port: u16) -> Client {
    let path = dir.display();
    // The queue holds all: by itself rsyslog discards what waits for room in it for too long.
    let config = format!(
        r#"
global(workDirectory="{path}" parser.escapeControlCharactersOnReceive="off")
module(load="imfile" mode="polling" pollingInterval="1")
module(load="omrelp")
template(name="line" type="string" string="<13>1 2026-11-21T10:00:00Z h app - - - %msg%\n")
input(type="imfile" file="{path}/input.log" tag="app" ruleset="out")
ruleset(name="out") {{
    action(type="omrelp" target="127.0.0.1" port="{port}" template="line" action.resumeRetryCount="-1"
           action.resumeInterval="1" queue.type="LinkedList" queue.size="100000")
}}
"#
    );
    let config_path = dir.join("rsyslog.conf");
    std::fs::write(&config_path, config).unwrap();
    let child = Command::new("rsyslogd")
        .args(["-n", "-i", &format!("{path}/pid"), "-f", &config_path.display().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Client(child)
}

fn found(place: &Place) -> Vec<String> {
    let all = String::from_utf8(place.everything()).unwrap();
    all.lines().map(str::to_owned).collect()
}

#[test]
fn what_rsyslog_was_told_is_stored_survives_kill_nine() {
    if !is_there() {
        return;
    }
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!("[[receivers]]\nkind = \"relp\"\nlisten = \"127.0.0.1:{port}\"\n");
    let config = place.beside("config.toml", config.as_bytes());
    let serve = || {
        let args = ["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
        Serving::start(place.command(&args))
    };
    let mut lines = String::new();
    (0..RECORDS).for_each(|i| writeln!(lines, "{}", line(i)).unwrap());
    let dir = place.beside("input.log", lines.as_bytes());
    let mut serving = serve();
    let client = send(dir.parent().unwrap(), port);
    for n in 0..KILLS {
        std::thread::sleep(Duration::from_millis(700 + 150 * n));
        serving.kill();
        serving = serve();
    }
    let begun = Instant::now();
    let distinct = || found(&place).into_iter().collect::<HashSet<_>>().len();
    while distinct() < RECORDS && begun.elapsed() < Duration::from_secs(90) {
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(client);
    serving.kill();
    let mut texts = found(&place);
    let stored = texts.len();
    texts.sort();
    texts.dedup();
    let want: Vec<String> =
        (0..RECORDS).map(|i| format!("<13>1 2026-11-21T10:00:00Z h app - - - {}", line(i))).collect();
    assert_eq!(texts.len(), RECORDS, "{} are missing", RECORDS.saturating_sub(texts.len()));
    assert!(texts == want, "a record was altered");
    // Sent again: what was stored, but not acknowledged before the server was gone. A window at most each time.
    let twice = stored - RECORDS;
    eprintln!("{KILLS} kills, {RECORDS} records, {twice} of them twice");
    assert!(twice <= 128 * KILLS as usize, "{twice} records are there twice");
}
