//! `follow` over a running server.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::{Place, Serving};

/// How long a record may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `follow` that runs, and the lines it prints.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    /// Begins, and waits until it follows: lines sent before that need not be shown.
    fn start(place: &Place, serving: &Serving, args: &[&str]) -> Following {
        let mut command = place.command(&[&["follow", "--output", "raw"], args].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let following = Following { child, lines: receiver };
        for probe in 0..600 {
            let sent = format!("probe {probe}");
            serving.send(sent.as_bytes());
            if let Ok(mut shown) = following.lines.recv_timeout(Duration::from_millis(100)) {
                // Probes that were under way: from the first that is shown on, all are.
                while shown != sent {
                    shown = following.next();
                }
                return following;
            }
        }
        panic!("follow shows nothing");
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }
}

#[test]
fn it_shows_each_new_record_once_also_across_a_seal() {
    let place = Place::new();
    place.ingest(b"older than everything\n");
    let serving = place.serve();
    let mut following = Following::start(&place, &serving, &["*"]);
    let mut expected = Vec::new();
    for round in 0..12 {
        let lines: Vec<String> = (0..50).map(|i| format!("round {round} line {i} status={i}")).collect();
        serving.send(lines.join("\n").as_bytes());
        expected.extend(lines);
        match round % 4 {
            1 => drop(place.ok(&["seal"])),
            // Large enough to go to a chunk without the log.
            3 => {
                let large: Vec<String> =
                    (0..600).map(|i| format!("large {round} {i} {}", "y".repeat(7000))).collect();
                serving.send(large.join("\n").as_bytes());
                expected.extend(large);
            }
            _ => {}
        }
    }
    for line in &expected {
        let shown = following.next();
        assert!(shown == *line, "expected {}, got {}", &line[..20], &shown[..shown.len().min(60)]);
    }
    assert!(following.lines.recv_timeout(Duration::from_millis(300)).is_err(), "something came twice");
    serving.stop();
    // The server is gone: so is what it showed.
    following.child.wait().unwrap();
}

#[test]
fn it_shows_only_what_matches_and_ends_at_its_limit() {
    let place = Place::new();
    let serving = place.serve();
    let mut following = Following::start(&place, &serving, &["probe OR level=error"]);
    serving.send(b"level=info a=1\nlevel=error a=2\n{\"level\":\"error\",\"a\":3}\nno error here");
    assert_eq!(following.next(), "level=error a=2");
    assert_eq!(following.next(), "{\"level\":\"error\",\"a\":3}");
    following.child.kill().unwrap();
    following.child.wait().unwrap();

    let child = place.command(&["follow", "-n", "2", "*"]).stdout(Stdio::piped()).spawn().unwrap();
    let (done, ended) = channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let out = loop {
        serving.send(b"another");
        match ended.recv_timeout(Duration::from_millis(100)) {
            Ok(out) => break out.unwrap(),
            Err(_) => continue,
        }
    };
    assert_eq!((out.status.code(), out.stdout.as_slice()), (Some(0), &b"another\nanother\n"[..]));
}

#[test]
fn it_begins_with_what_is_stored_and_takes_stages() {
    let place = Place::new();
    place.ingest(b"n=1\nn=2\n");
    place.ok(&["seal"]);
    place.ingest(b"n=3\n");
    let serving = place.serve();
    let args = ["follow", "--last", "1h", "-n", "4", "-o", "csv", "n>1 | eval d = n * 2 | fields n, d"];
    let child = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let (done, ended) = channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    std::thread::sleep(Duration::from_millis(300));
    serving.send(b"n=4\nn=0\nn=5");
    let out = ended.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap(), "n,d\n2,4\n3,6\n4,8\n5,10\n");
    let refused = place.run(&["follow", "* | stats count()"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has no end"));
}
