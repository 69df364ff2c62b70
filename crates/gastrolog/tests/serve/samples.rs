//! The server's own log: what receivers could not read or store can be looked at, and holds no secrets.

use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, Serving, http, parts};

const RECEIVERS: &str = "[[receivers]]\nkind = \"syslog\"\ntcp = \"127.0.0.1:0\"\n\
                         [[receivers]]\nkind = \"gelf\"\nudp = \"127.0.0.1:0\"\n\
                         [[receivers]]\nkind = \"fluent\"\nlisten = \"127.0.0.1:0\"\n";
/// More than the samples of any one cause at once.
const BURST: usize = 10;

fn serve(place: &Place, config: &str) -> Serving {
    let path = place.beside("gastrolog.toml", config.as_bytes());
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]))
}

/// The samples that `query` finds, oldest first.
fn samples(place: &Place, query: &str) -> Vec<Value> {
    let args = ["query", "--name", "_gastrolog", "--oldest-first", "--limit", "none", "--output", "raw"];
    let (_, found, _) = parts(&place.run(&[&args[..], &[query]].concat()));
    found.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn wait_for(place: &Place, query: &str, count: usize) -> Vec<Value> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let found = samples(place, query);
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < until, "{query}: {found:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn send_tcp(to: SocketAddr, bytes: &[u8]) {
    TcpStream::connect(to).unwrap().write_all(bytes).unwrap();
}

fn send_udp(to: SocketAddr, datagram: &[u8]) {
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(datagram, to).unwrap();
}

/// Whether a file below `dir` holds these bytes.
fn holds(dir: &std::path::Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        let in_file = || std::fs::read(&path).unwrap_or_default().windows(needle.len()).any(|w| w == needle);
        if path.is_dir() { holds(&path, needle) } else { in_file() }
    })
}

fn size(dir: &std::path::Path) -> u64 {
    let of = |path: std::path::PathBuf| {
        if path.is_dir() { size(&path) } else { path.metadata().map_or(0, |meta| meta.len()) }
    };
    std::fs::read_dir(dir).unwrap().map(|entry| of(entry.unwrap().path())).sum()
}

/// One counter of the page of metrics, over all of its samples that have `label`.
fn metric(serving: &Serving, name: &str, label: &str) -> u64 {
    let (_, page) = super::watch::get(serving.address, "/metrics", "");
    let of = page.lines().filter(|line| line.starts_with(name) && line.contains(label));
    of.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn what_cannot_be_read_is_shown_with_its_receiver_its_reason_and_its_bytes() {
    let place = Place::new();
    let serving = serve(&place, RECEIVERS);
    let stores = place.ok(&["stores"]);
    assert!(!stores.contains("_gastrolog"), "it is there before there is anything in it: {stores}");

    send_tcp(serving.at("syslog tcp://"), b"no priority \xff\x01 here\n");
    let found = wait_for(&place, "receiver=syslog reason=malformed", 1);
    assert_eq!(found[0]["kind"], "syslog");
    assert_eq!((&found[0]["error"], &found[0]["peer"]), (&"no <priority>".into(), &"127.0.0.1".into()));
    assert_eq!((&found[0]["raw"], &found[0]["bytes"]), (&"no priority \\xff\u{1} here".into(), &19.into()));

    let long = [b"{\"short_message\": \"", &[b'x'; 3000][..]].concat();
    send_udp(serving.at("gelf udp://"), &long);
    let found = wait_for(&place, "receiver=gelf", 1);
    assert_eq!((&found[0]["bytes"], &found[0]["raw_cut"]), (&3019.into(), &true.into()));
    assert_eq!(found[0]["raw"].as_str().unwrap().len(), 1024);

    send_tcp(serving.at("fluent tcp://"), b"\x93\xa1t\xc1\x80");
    let found = wait_for(&place, "receiver=fluent", 1);
    assert!(found[0]["raw"].as_str().unwrap().contains("\\xc1"), "{found:?}");

    let mut connection = http::Connection::open(serving.address).unwrap();
    let json = "Content-Type: application/json\r\n";
    assert_eq!(connection.post_with("/ingest", json, b"[{\"a\": 1},").unwrap().0, 400);
    let long = vec![b'x'; 2 << 20];
    assert_eq!(connection.post("/ingest", &[&long[..], b"\nd\n"].concat()).unwrap().0, 200);
    assert_eq!(connection.post_with("/v1/logs", json, b"[1").unwrap().0, 400);
    let found = wait_for(&place, "receiver=http", 2);
    assert_eq!((&found[0]["reason"], &found[0]["raw"]), (&"malformed".into(), &"[{\"a\": 1},".into()));
    assert_eq!((&found[1]["reason"], &found[1]["bytes"]), (&"too_long".into(), &(2 << 20).into()));
    assert_eq!(wait_for(&place, "receiver=otlp-api", 1)[0]["raw"], "[1");

    // They are fields like any others; other queries do not meet them, and nobody else can write there.
    let counted =
        place.ok(&["query", "--name", "_gastrolog", "--output", "csv", "* | stats count() by kind"]);
    assert!(counted.contains("syslog,1") && counted.contains("http,2"), "{counted}");
    let (_, all, _) = parts(&place.run(&["query", "--output", "raw", "--limit", "none", "*"]));
    assert!(all.contains("no priority") && !all.contains("\"reason\""), "{all}");
    assert_eq!(connection.post("/ingest/_gastrolog", b"forged\n").unwrap().0, 404);
    let forged = place.beside("forged.log", b"forged\n");
    let (code, _, said) = parts(&place.run(&["ingest", "--name", "_gastrolog", forged.to_str().unwrap()]));
    assert!(code == 2 && said.contains("cannot be the name of a store"), "{code} {said}");
    assert!(place.ok(&["stores"]).contains("_gastrolog"));

    // What was written is there after a crash.
    let before = samples(&place, "*");
    serving.kill();
    let serving = serve(&place, RECEIVERS);
    assert!(samples(&place, "*").starts_with(&before));
    serving.stop();
}

#[test]
fn secrets_in_what_cannot_be_read_are_not_on_the_disk() {
    let place = Place::new();
    let redact = "redact = [{ patterns = [\"card\", \"email\"] }]\n";
    let config = format!(
        "{RECEIVERS}[process.syslog]\n{redact}[process.gelf]\n{redact}[process.http]\n{redact}\
         [process.otlp-api]\nredact = [{{ fields = [\"password\"] }}]\n\
         [process.fluent]\n{redact}"
    );
    let serving = serve(&place, &config);
    let secret = "pay 4111 1111 1111 1111 for ann@example.com";
    send_tcp(serving.at("syslog tcp://"), format!("{secret} by syslog\n").as_bytes());
    send_udp(serving.at("gelf udp://"), format!("{{\"short_message\": \"{secret}").as_bytes());
    let entry = format!("\x00pay 4111 1111 1111 1111 for bob@example.com {secret}");
    send_tcp(serving.at("fluent tcp://"), &[b"\x93\xa1t\xc1", entry.as_bytes()].concat());
    let mut connection = http::Connection::open(serving.address).unwrap();
    let json = "Content-Type: application/json\r\n";
    let body = format!("[{{\"a\": \"{secret}\"}},");
    assert_eq!(connection.post_with("/ingest", json, body.as_bytes()).unwrap().0, 400);
    // The secret begins within what would be shown, and ends behind it; and far behind what is looked at.
    let straddling = format!("[{}4111 1111 1111 1111", " ".repeat(1010));
    assert_eq!(connection.post_with("/ingest", json, straddling.as_bytes()).unwrap().0, 400);
    let far = format!("[{}4111 1111 1111 1111", " ".repeat(1 << 20));
    assert_eq!(connection.post_with("/ingest", json, far.as_bytes()).unwrap().0, 400);
    let body = br#"{"resourceLogs": [{"password": "hunter2-hunter2""#;
    assert_eq!(connection.post_with("/v1/logs", json, body).unwrap().0, 400);

    for receiver in ["syslog", "gelf", "fluent", "http"] {
        let found = wait_for(&place, &format!("receiver={receiver}"), 1);
        let raw = found[0]["raw"].as_str().unwrap_or_else(|| panic!("{found:?}"));
        assert!(raw.contains("pay [redacted] for [redacted]"), "{receiver}: {raw}");
    }
    let http = wait_for(&place, "receiver=http", 3);
    assert_eq!(http[2]["raw_left_out"], "too long to be redacted");
    let otlp = wait_for(&place, "receiver=otlp-api", 1);
    assert!(otlp[0]["raw_left_out"].as_str().unwrap().contains("names fields"), "{otlp:?}");
    serving.stop();
    place.ok(&["seal", "--name", "_gastrolog"]);
    for secret in ["4111", "ann@", "bob@", "hunter2"] {
        assert!(!holds(&place.data(), secret.as_bytes()), "{secret} is on the disk");
    }
}

#[test]
fn a_flood_leaves_a_few_samples_and_the_number_of_the_others() {
    let place = Place::new();
    let serving = serve(&place, RECEIVERS);
    let (to, socket) = (serving.at("gelf udp://"), UdpSocket::bind("127.0.0.1:0").unwrap());
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", serving.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    let before = resident();
    let errors = || metric(&serving, "gastrolog_receiver_parse_errors_total", "receiver=\"gelf\"");
    let (junk, until) = ([0xfe; 200], Instant::now() + Duration::from_secs(60));
    // What the system drops is not the receiver's: on a busy machine that may be most of it.
    while errors() <= 10_000 {
        assert!(Instant::now() < until, "only {} came", errors());
        (0..100_000).for_each(|_| drop(socket.send_to(&junk, to)));
    }
    let taken =
        |fate: &str| metric(&serving, "gastrolog_receiver_error_samples_total{receiver=\"gelf\"", fate);
    wait_for(&place, "receiver=gelf reason=malformed", BURST);
    let (until, mut last) = (Instant::now() + Duration::from_secs(60), 0);
    while last == 0 || last != errors() {
        assert!(Instant::now() < until, "{last}");
        last = errors();
        std::thread::sleep(Duration::from_millis(300));
    }
    let (written, left_out, lost) = (taken("written"), taken("left_out"), taken("lost"));
    assert!(written + left_out + lost >= last, "{written} {left_out} {lost} {last}");
    assert!(written < 50 && lost == 0, "{written} {lost}");
    let own = size(&place.data().join("stores/_gastrolog"));
    let grown = resident().saturating_sub(before);
    println!("{last} malformed datagrams: {written} samples, {own} bytes, {grown} MiB more memory");
    assert!(own < 4 << 20, "{own} bytes");
    // What is stored of them waits for a row group; the samples take nothing.
    assert!(grown < 150, "{grown} MiB more");
    serving.stop();
}

#[test]
fn it_can_be_left_alone_and_names_are_taken_once() {
    let place = Place::new();
    let serving = serve(&place, &format!("[errors]\nenabled = false\n{RECEIVERS}"));
    send_tcp(serving.at("syslog tcp://"), b"no priority\n");
    let until = Instant::now() + Duration::from_secs(30);
    while metric(&serving, "gastrolog_receiver_parse_errors_total", "receiver=\"syslog\"") == 0 {
        assert!(Instant::now() < until, "it was not counted");
        std::thread::sleep(Duration::from_millis(20));
    }
    serving.stop();
    assert!(!place.data().join("stores/_gastrolog").exists());
    for (config, said) in [
        ("[stores._gastrolog]\nseal_age = \"1h\"\n", "cannot be the name of a store"),
        ("[[routes]]\nstores = [\"_gastrolog\"]\n", "cannot be the name of a store"),
        (
            "[[receivers]]\nkind = \"otlp\"\nname = \"otlp-api\"\nlisten = \"127.0.0.1:0\"\n",
            "give it another `name`",
        ),
    ] {
        let place = Place::new();
        let path = place.beside("gastrolog.toml", config.as_bytes());
        let out = place.run(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]);
        let (code, _, stderr) = parts(&out);
        assert!(code == 2 && stderr.contains(said), "{config}: {code} {stderr}");
    }
}
