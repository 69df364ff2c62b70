//! Routing and processing as `docs/processing.md` shows them.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, Serving, http, parts};

const PAGE: &str = include_str!("../../../../docs/processing.md");

/// The first configuration of the page.
fn documented() -> &'static str {
    PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

/// The indented block of the page behind `before`.
fn shown(before: &str) -> String {
    let rest = PAGE.split_once(before).unwrap().1.trim_start_matches([')', '\n']);
    let lines = rest.lines().map_while(|line| line.strip_prefix("    "));
    lines.take_while(|line| !line.starts_with("$ ")).map(|line| format!("{line}\n")).collect()
}

pub(super) fn serve(place: &Place, config: &str) -> Serving {
    let path = place.beside("gastrolog.toml", config.as_bytes());
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]))
}

pub(super) fn all_of(place: &Place, store: &str) -> String {
    place.ok(&["query", "--name", store, "--output", "raw", "--limit", "none", "*"])
}

pub(super) fn counts_of(place: &Place, receiver: &str) -> Value {
    let all = place.ok(&["receivers", "--output", "json"]);
    all.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).find(|r| r["name"] == receiver).unwrap()
}

#[test]
fn as_documented() {
    let place = Place::new();
    let serving = serve(&place, documented());
    serving.send(shown("these lines (`lines.txt`").as_bytes());
    for (store, command) in [
        ("default", "$ gastrolog query --output raw '*'\n"),
        ("audit", "$ gastrolog query --name audit --output raw '*'\n"),
        ("alerts", "$ gastrolog query --name alerts --output raw '*'\n"),
    ] {
        assert_eq!(all_of(&place, store), shown(command), "{store}");
    }
    assert_eq!(place.ok(&["routes"]), shown("$ gastrolog routes\n"));
    let counts = counts_of(&place, "http");
    let causes = ["filtered", "sampled", "merged"].map(|cause| counts["dropped"][cause].as_u64());
    assert_eq!((counts["received"].as_u64(), counts["stored"].as_u64()), (Some(9), Some(3)));
    assert_eq!(causes, [Some(1), Some(3), Some(2)]);
    serving.stop();
    // Not in the log, not in a chunk, not anywhere.
    for secret in ["4111", "ann@", "bob@", "192.0.2.7", "1234"] {
        assert!(!holds(&place.data(), secret.as_bytes()), "{secret} is on the disk");
    }
}

/// Whether a file below `dir` holds these bytes.
fn holds(dir: &std::path::Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        let in_file = || std::fs::read(&path).unwrap_or_default().windows(needle.len()).any(|w| w == needle);
        if path.is_dir() { holds(&path, needle) } else { in_file() }
    })
}

#[test]
fn what_is_acknowledged_is_in_every_store_after_a_kill() {
    let config = "[routing]\nrest = \"drop\"\n[[routes]]\nwhen = \"both\"\nstores = [\"a\", \"b\"]\n\
                  [[routes]]\nwhen = \"one\"\nstores = [\"b\"]\n";
    let place = Place::new();
    let serving = serve(&place, config);
    let mut connection = http::Connection::open(serving.address).unwrap();
    for n in 0..20 {
        let body = format!("both {n}\none {n}\nneither {n}\n");
        assert_eq!(connection.post("/ingest", body.as_bytes()).unwrap().0, 200);
    }
    let counts = counts_of(&place, "http");
    assert_eq!((counts["stored"].as_u64(), counts["dropped"]["unrouted"].as_u64()), (Some(40), Some(20)));
    serving.kill();
    let serving = serve(&place, config);
    for (store, lines) in [("a", 20), ("b", 40)] {
        let text = all_of(&place, store);
        assert_eq!(text.lines().count(), lines, "{store}");
        assert!((0..20).all(|n| text.lines().filter(|l| *l == format!("both {n}")).count() == 1), "{store}");
    }
    // Nothing went to the store of the receiver, so it was never made.
    assert_ne!(parts(&place.run(&["query", "*"])).0, 0);
    serving.stop();
}

#[test]
fn a_loud_peer_is_cut_and_told_of() {
    let place = Place::new();
    let config = "[[receivers]]\nkind = \"syslog\"\ntcp = \"127.0.0.1:0\"\n\
                  [process.syslog]\nrate_limit = { records_per_second = 0.001, burst = 3 }\n";
    let serving = serve(&place, config);
    let mut socket = std::net::TcpStream::connect(serving.at("syslog tcp://")).unwrap();
    socket.write_all(b"<13>1\n<13>2\n<13>3\n<13>4\n<13>5\n").unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let counts = loop {
        let counts = counts_of(&place, "syslog");
        if counts["dropped"]["rate_limited"] == 2 {
            break counts;
        }
        assert!(Instant::now() < until, "{counts}");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!((&counts["received"], &counts["stored"]), (&Value::from(5), &Value::from(3)));
    assert_eq!(all_of(&place, "default").lines().count(), 3);
    let routes = place.ok(&["routes", "--output", "json"]);
    let cut: Value = serde_json::from_str(routes.lines().next().unwrap()).unwrap();
    assert_eq!((&cut["name"], &cut["records"]), (&Value::from("(rate limit of syslog)"), &Value::from(2)));
    assert_eq!(cut["when"], "peer=127.0.0.1");
    serving.stop();
}

#[test]
fn mistakes_stop_the_start_and_say_where() {
    for (config, said) in [
        ("[process.sylog]\ndrop = [\"x\"]\n", "[process.sylog]: there is no receiver of that name"),
        ("[process.http]\ndrop = [\"a=\"]\n", "the condition `a=`"),
        ("[[routes]]\nstores = [\"../x\"]\n", "cannot be the name of a store"),
        ("[[routes]]\nstores = [\"_gastrolog\"]\n", "route 1: _gastrolog is the server's own log"),
        (
            "[[receivers]]\nkind = \"syslog\"\nudp = \"127.0.0.1:0\"\nstore = \"_gastrolog\"\n",
            "receiver syslog: _gastrolog is the server's own log",
        ),
        (
            "[[receivers]]\nkind = \"otlp\"\nlisten = \"127.0.0.1:0\"\nstore = \"a b\"\n",
            "receiver otlp: \"a b\" cannot be the name of a store",
        ),
        ("[[routes]]\nstores = [\"x\"]\nprocess = \"y\"\n", "there is no [process.y]"),
        ("[process.http]\nredact = [{ patterns = [\"visa\"] }]\n", "`visa` is no pattern"),
        ("[process.http]\nredact = [{ fields = [\"a\"], action = \"hash\" }]\n", "needs `salt`"),
        ("[process.http]\nmultiline = { start = \"a\", continue = \"b\" }\n", "one of `language`"),
        ("[process.http]\nsampel = 1\n", "sampel"),
        ("[process.http]\ntail_sample = { rate = 0, wait = \"1m\" }\n", "longer than 5 s"),
        (
            "[[routes]]\nstores = [\"x\"]\nprocess = \"y\"\n[process.y]\ntail_sample = { rate = 0.1 }\n",
            "has to be done before routing",
        ),
    ] {
        let place = Place::new();
        let path = place.beside("gastrolog.toml", config.as_bytes());
        let out = place.run(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]);
        let (code, _, stderr) = parts(&out);
        assert!(code == 2 && stderr.contains(said), "{config}: {code} {stderr}");
    }
}
