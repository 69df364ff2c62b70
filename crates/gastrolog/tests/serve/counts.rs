//! What receivers count: received = stored + dropped + in flight, whenever it is asked.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, Serving, http, parts};

/// What all receivers say, each checked to add up.
fn receivers(place: &Place) -> Vec<Value> {
    let shown = place.ok(&["receivers", "--output", "json"]);
    let all: Vec<Value> = shown.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for r in &all {
        let count = |name: &str| r[name].as_u64().unwrap();
        let dropped: u64 = r["dropped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(count("received"), count("stored") + dropped + count("in_flight"), "{r}");
    }
    all
}

fn of<'a>(all: &'a [Value], name: &str) -> &'a Value {
    all.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("no {name}: {all:?}"))
}

fn wait_until(place: &Place, what: &str, done: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let all = receivers(place);
        if done(&all) {
            return all;
        }
        assert!(Instant::now() < until, "{what}: {all:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_receiver_counts_what_it_took_and_what_became_of_it() {
    let place = Place::new();
    let log = place.beside("app.log", b"one\ntwo\n");
    let args = ["serve", "--listen", "127.0.0.1:0", "--syslog-tcp", "127.0.0.1:0", "--tail"];
    let serving = Serving::start(place.command(&[&args[..], &[log.to_str().unwrap()]].concat()));
    serving.send(b"a\nb\nc\n");
    TcpStream::connect(serving.at("syslog tcp://")).unwrap().write_all(b"<13>x\nno priority\n").unwrap();
    let mut connection = http::Connection::open(serving.address).unwrap();
    assert_eq!(connection.post("/ingest/nowhere", b"x").unwrap().0, 404);
    let long = vec![b'x'; 2 << 20];
    assert_eq!(connection.post("/ingest", &[&long[..], b"\nd\n"].concat()).unwrap().0, 200);

    let all = wait_until(&place, "stored", |all| {
        ["http", "syslog", "tail"].iter().all(|n| of(all, n)["stored"].as_u64() >= Some(2))
    });
    let http = of(&all, "http");
    assert_eq!((&http["received"], &http["stored"]), (&5.into(), &4.into()), "{http}");
    assert_eq!((&http["dropped"]["too_long"], &http["parse_errors"]), (&1.into(), &1.into()), "{http}");
    assert!(http["last_error"].as_str().unwrap().contains("nowhere"), "{http}");
    assert!(http["last_error_at"].as_str().unwrap().starts_with("20"), "{http}");
    assert_eq!(http["addresses"][0], format!("http://{}", serving.address));
    let syslog = of(&all, "syslog");
    assert_eq!((&syslog["stored"], &syslog["parse_errors"]), (&2.into(), &1.into()), "{syslog}");
    let tail = of(&all, "tail");
    assert_eq!(
        (&tail["kind"], &tail["state"], &tail["lag_ms"]),
        (&"tail".into(), &"running".into(), &0.into())
    );
    wait_until(&place, "read", |all| of(all, "tail")["unread_bytes"] == 0);
    assert_eq!((&http["state"], &http["unread_bytes"]), (&"running".into(), &Value::Null));
    assert_eq!(of(&all, "api")["received"], 0);

    // What the command stores by the server is counted too.
    let more = place.beside("more.log", b"e\nf\n");
    place.ok(&["ingest", "-q", more.to_str().unwrap()]);
    assert_eq!(of(&receivers(&place), "api")["stored"], 2);
    let table = place.ok(&["receivers", "--utc"]);
    assert!(table.starts_with("receiver") && table.contains("http: dropped 1: too_long"), "{table}");

    // Counts begin anew with the process.
    serving.kill();
    let (code, _, said) = parts(&place.run(&["receivers"]));
    assert!(code == 2 && said.contains("none answers here"), "{said}");
    let serving = place.serve();
    assert!(receivers(&place).iter().all(|r| r["received"] == 0));
    serving.stop();
}

#[test]
fn the_sum_is_right_while_records_arrive() {
    let place = Place::new();
    let serving = place.serve();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut connection = http::Connection::open(serving.address).unwrap();
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    assert_eq!(connection.post("/ingest", b"a\nb\nc\n").unwrap().0, 200);
                }
            });
        }
        for _ in 0..8 {
            receivers(&place);
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    let all = receivers(&place);
    let http = of(&all, "http");
    assert!(http["in_flight"] == 0 && http["received"] == http["stored"], "{http}");
    assert_eq!(place.everything().len() as u64, 2 * http["stored"].as_u64().unwrap());
    serving.stop();
}

#[test]
fn who_waits_for_the_store_is_said_and_for_how_long() {
    let place = Place::new();
    let log = place.beside("app.log", b"");
    // More room is to be kept than any disk has: nothing can be stored, once that is seen.
    let config = place.beside("g.toml", b"[stores.default]\nreserve = 1000000000000000\n");
    let paths = [config.to_str().unwrap(), "--tail", log.to_str().unwrap()];
    let args = [&["serve", "--listen", "127.0.0.1:0", "--config"], &paths[..]].concat();
    let serving = Serving::start(place.command(&args));
    let mut connection = http::Connection::open(serving.address).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while connection.post("/ingest", b"x").unwrap().0 != 503 {
        assert!(Instant::now() < until, "it is taken on a full disk");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::write(&log, "one\ntwo\n").unwrap();
    let all = wait_until(&place, "lag", |all| of(all, "tail")["lag_ms"].as_u64() >= Some(1000));
    let tail = of(&all, "tail");
    assert_eq!((&tail["state"], &tail["in_flight"]), (&"store_away".into(), &2.into()), "{tail}");
    assert!(tail["last_error"].as_str().unwrap().contains("held"), "{tail}");
    // Whoever sent it has it still: nothing waits.
    let http = of(&all, "http");
    assert_eq!((&http["state"], &http["lag_ms"]), (&"store_away".into(), &0.into()), "{http}");
    assert_eq!(of(&all, "api")["state"], "running");
    let table = place.ok(&["receivers"]);
    assert!(table.contains("store away"), "{table}");
    serving.stop();
}
