//! Chatterbox end to end: the receiver, what is printed, and the check of both.

use std::time::{Duration, Instant};

use crate::support::{Place, Serving};

const LIMIT: Duration = Duration::from_secs(60);

fn count(place: &Place) -> u64 {
    let out = place.run(&["query", "--output", "json", "*", "| stats count() as n"]);
    let row: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    row["n"].as_u64().unwrap_or(0)
}

fn wait_for(place: &Place, records: u64) {
    let start = Instant::now();
    while count(place) < records {
        assert!(start.elapsed() < LIMIT, "{} of {records} records came", count(place));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn chatterbox_is_checked_from_what_is_stored() {
    let place = Place::new();
    let receiver = "kind = \"chatterbox\"\nrate = 5000\nseed = 77\ncount = 2000";
    let config = place.beside("config.toml", format!("[[receivers]]\n{receiver}\n").as_bytes());
    let config = config.to_str().unwrap();
    let args = ["serve", "--listen", "127.0.0.1:0", "--config", config];
    let serving = Serving::start(place.command(&args));
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
