//! Beats and Fluent Forward end to end: a real client sends, the server is killed and started again in the
//! middle, and everything is found by query with its fields and its time. Skipped where a client is not installed,
//! unless `GASTROLOG_REQUIRE_CLIENTS` is set.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Place, Serving};

const RECORDS: usize = 1_000;
const LIMIT: Duration = Duration::from_secs(120);

/// A program that is there, or `None`, which is said.
fn found(client: &str, mut probe: Command) -> bool {
    if probe.output().is_ok_and(|out| out.status.success()) {
        return true;
    }
    assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "{client} is not installed");
    eprintln!("skipped: {client} is not installed");
    false
}

fn python() -> Command {
    Command::new(std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into()))
}

fn node() -> Command {
    let mut node = Command::new("node");
    if let Some(modules) = std::env::var_os("GASTROLOG_NODE_MODULES") {
        node.env("NODE_PATH", modules);
    }
    node
}

fn script(command: &mut Command, path: &str, args: &[&str]) -> Child {
    let path = format!("{}/../../receivers/{path}", env!("CARGO_MANIFEST_DIR"));
    command.arg(path).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// A port that was free a moment ago; the same one is needed after a restart.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(place: &Place, receiver: &str) -> Serving {
    let config = place.beside("config.toml", format!("[[receivers]]\n{receiver}\n").as_bytes());
    let config = config.to_str().unwrap();
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", config]))
}

fn count(place: &Place, query: &str) -> u64 {
    let out = place.run(&["query", "--output", "json", query, "| stats count() as n"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let row: serde_json::Value = serde_json::from_str(text.trim()).unwrap_or_default();
    row["n"].as_u64().unwrap_or(0)
}

fn wait_for(place: &Place, records: u64) {
    let start = Instant::now();
    while count(place, "*") < records {
        assert!(start.elapsed() < LIMIT, "{} of {records} records came", count(place, "*"));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Kills the server when some records are stored, and starts it again.
fn kill_in_the_middle(place: &Place, serving: Serving, receiver: &str) -> Serving {
    wait_for(place, 100);
    serving.kill();
    assert!(count(place, "*") < RECORDS as u64, "the client was too fast to be interrupted");
    serve(place, receiver)
}

/// Every number is there. One may be there twice: its acknowledgement was under way when the server was killed.
fn check(place: &Place, twice_at_most: usize, attributes: &[&str]) {
    let everything = String::from_utf8(place.everything()).unwrap();
    let mut times = vec![0usize; RECORDS];
    for line in everything.lines() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        times[json["number"].as_u64().unwrap() as usize] += 1;
    }
    let lost: Vec<usize> = (0..RECORDS).filter(|i| times[*i] == 0).collect();
    assert_eq!(lost, Vec::<usize>::new());
    let repeated: usize = times.iter().map(|n| n - 1).sum();
    assert!(repeated <= twice_at_most, "{repeated} are there again");
    // Fields, awkward texts and times.
    assert_eq!(count(place, "number<10 host.name=web-1"), 3 + extra(&times, &[1, 4, 7]));
    assert_eq!(count(place, "number=17 message=quote*"), times[17] as u64);
    assert_eq!(count(place, "number=18 message=größer*"), times[18] as u64);
    let bounds = "start=2026-11-21T08:00:00.018Z end=2026-11-21T08:00:00.019Z";
    assert_eq!(count(place, bounds), times[18] as u64);
    for attribute in attributes {
        assert_eq!(count(place, attribute), (RECORDS + repeated) as u64, "{attribute}");
    }
}

fn extra(times: &[usize], numbers: &[usize]) -> u64 {
    numbers.iter().map(|n| times[*n] as u64 - 1).sum()
}

#[test]
fn beats_survives_a_kill() {
    let mut probe = python();
    probe.args(["-c", "import pylogbeat"]);
    if !found("pylogbeat", probe) {
        return;
    }
    let (place, port) = (Place::new(), free_port());
    let receiver = format!("kind = \"beats\"\nlisten = \"127.0.0.1:{port}\"");
    let serving = serve(&place, &receiver);
    let mut python = python();
    python.env("BATCH", "10").env("PAUSE_MS", "20");
    let mut client = script(&mut python, "beats/tests/client.py", &[&port.to_string(), &RECORDS.to_string()]);
    let serving = kill_in_the_middle(&place, serving, &receiver);
    assert!(client.wait().unwrap().success());
    check(&place, 10, &["receiver=beats", "peer=127.0.0.1"]);
    serving.stop();
}

#[test]
fn fluent_forward_survives_a_kill() {
    let mut probe = node();
    probe.args(["-e", "require('@fluent-org/logger')"]);
    if !found("@fluent-org/logger", probe) {
        return;
    }
    let (place, port) = (Place::new(), free_port());
    let receiver = format!("kind = \"fluent\"\nlisten = \"127.0.0.1:{port}\"");
    let serving = serve(&place, &receiver);
    let args = [&port.to_string(), &RECORDS.to_string(), "PackedForward", r#"{"pause":150}"#];
    let mut client = script(&mut node(), "fluent/tests/client.js", &args);
    let serving = kill_in_the_middle(&place, serving, &receiver);
    assert!(client.wait().unwrap().success());
    check(&place, 50, &["receiver=fluent", "tag=app.web"]);
    serving.stop();
}

#[test]
fn chatterbox_is_checked_from_what_is_stored() {
    let place = Place::new();
    let receiver = "kind = \"chatterbox\"\nrate = 5000\nseed = 77\ncount = 2000";
    let serving = serve(&place, receiver);
    wait_for(&place, 2_000);
    let report = place.ok(&["chatterbox", "check", "--expect", "2000"]);
    assert!(report.starts_with("run 77: sound\n  found        2,000 records"), "{report}");
    assert_eq!(place.run(&["chatterbox", "check", "--expect", "2001"]).status.code(), Some(1));
    // What one prints, another stores; some of it twice, some not.
    let made = place.ok(&["chatterbox", "emit", "--seed", "78", "--count", "500"]);
    let kept: Vec<&str> =
        made.lines().enumerate().filter(|(i, _)| *i != 7 && *i != 8).map(|(_, l)| l).collect();
    serving.send(format!("{}\n{}\n", kept.join("\n"), kept[3]).as_bytes());
    let out = place.run(&["chatterbox", "check", "--output", "json", "--query", "*"]);
    assert_eq!(out.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let run = &report["runs"][1];
    assert_eq!(
        (&run["run"], &run["lost"], &run["repeated"], &run["altered"]),
        (&78.into(), &2.into(), &1.into(), &0.into())
    );
    assert_eq!(run["gaps"], serde_json::json!([[7, 8]]));
    assert_eq!((&run["end_seen"], &report["runs"][0]["lost"]), (&true.into(), &0.into()));
    serving.stop();
}
