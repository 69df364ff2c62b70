//! What an operator sees of a running server: `/metrics`, `/health`, `/ready`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, Serving};

/// `GET path`: status and body.
pub(super) fn get(address: SocketAddr, path: &str, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{head}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The page, taken apart as strictly as Prometheus does: kinds by name, and values by name with labels.
struct Page {
    kinds: BTreeMap<String, String>,
    values: BTreeMap<String, f64>,
}

impl Page {
    fn of(serving: &Serving) -> Page {
        let (status, text) = get(serving.address, "/metrics", "");
        assert_eq!(status, 200);
        Page::read(&text)
    }

    fn read(text: &str) -> Page {
        let (mut kinds, mut values, mut current) = (BTreeMap::new(), BTreeMap::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                assert!(help.split_once(' ').is_some_and(|(_, help)| help.ends_with('.')), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
                current = name.to_owned();
            } else {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let name = sample.split('{').next().unwrap();
                let of = |suffix| name.strip_suffix(suffix) == Some(&*current);
                let belongs = match kinds[&current].as_str() {
                    "histogram" => of("_bucket") || of("_sum") || of("_count"),
                    _ => name == current,
                };
                assert!(belongs, "{line} under {current}");
                let labels = sample[name.len()..].strip_prefix('{').map(|l| l.strip_suffix('}').unwrap());
                for label in labels.iter().flat_map(|l| l.split("\",")) {
                    assert!(label.contains("=\""), "{line}");
                }
                let value = value.parse().unwrap();
                assert!(values.insert(sample.to_owned(), value).is_none(), "{sample} twice");
            }
        }
        Page { kinds, values }
    }

    fn value(&self, sample: &str) -> f64 {
        *self.values.get(sample).unwrap_or_else(|| panic!("no {sample} in {:#?}", self.values))
    }
}

fn receivers(place: &Place) -> Vec<Value> {
    let shown = place.ok(&["receivers", "--output", "json"]);
    shown.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn metrics_agree_with_what_receivers_have_counted() {
    let place = Place::new();
    let args = ["serve", "--listen", "127.0.0.1:0", "--syslog-udp", "127.0.0.1:0"];
    let serving = Serving::start(place.command(&args));
    (0..5).for_each(|_| serving.send(b"one\ntwo\nthree\n"));
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in [&b"<13>Oct 11 22:14:15 h a: b"[..], b"no priority"] {
        udp.send_to(text, serving.at("syslog udp://")).unwrap();
    }
    let until = Instant::now() + Duration::from_secs(20);
    while receivers(&place).iter().all(|r| r["name"] != "syslog" || r["stored"] != 2) {
        assert!(Instant::now() < until, "{:?}", receivers(&place));
        std::thread::sleep(Duration::from_millis(20));
    }
    place.ok(&["query", "one"]);
    let page = Page::of(&serving);
    for r in receivers(&place) {
        let labels = format!("receiver={},kind={}", r["name"], r["kind"]);
        let metric = |name: &str| page.value(&format!("gastrolog_receiver_{name}{{{labels}}}"));
        for (name, field) in [
            ("records_received_total", "received"),
            ("records_stored_total", "stored"),
            ("records_in_flight", "in_flight"),
            ("parse_errors_total", "parse_errors"),
            ("faults_total", "faults"),
        ] {
            assert_eq!(Some(metric(name)), r[field].as_f64(), "{name} of {r}");
        }
        for (reason, count) in r["dropped"].as_object().unwrap() {
            let sample = format!("gastrolog_receiver_records_dropped_total{{{labels},reason=\"{reason}\"}}");
            assert_eq!(Some(page.value(&sample)), count.as_f64());
        }
    }
    assert_eq!(page.value("gastrolog_store_appended_records_total{store=\"default\"}"), 17.0);
    let http = "{receiver=\"http\",kind=\"http\"";
    assert_eq!(page.value(&format!("gastrolog_receiver_bytes_received_total{http}}}")), 70.0);
    assert_eq!(page.value(&format!("gastrolog_receiver_acknowledge_seconds_count{http}}}")), 5.0);
    assert_eq!(
        page.value(&format!("gastrolog_receiver_acknowledge_seconds_bucket{http},le=\"+Inf\"}}")),
        5.0
    );
    assert_eq!(page.value("gastrolog_receiver_udp_drops_total{receiver=\"syslog\",kind=\"syslog\"}"), 0.0);
    assert_eq!(page.value("gastrolog_query_seconds_count{outcome=\"done\"}"), 1.0);
    assert_eq!(page.value("gastrolog_store_ready{store=\"default\"}"), 1.0);
    assert!(page.value("process_resident_memory_bytes") > 1e6);
    serving.stop();
}

#[test]
fn every_metric_is_explained_and_every_explanation_has_its_metric() {
    let serving = Place::new();
    let serving = serving.serve();
    let page = Page::of(&serving);
    let docs = include_str!("../../../../docs/metrics.md");
    let explained: BTreeMap<String, String> = docs
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.strip_suffix('`')?.to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&page.kinds), names(&explained));
    for (name, kind) in &page.kinds {
        assert!(explained[name].starts_with(kind), "{name} is a {kind}: {}", explained[name]);
    }
    serving.stop();
}

#[test]
fn a_server_whose_disk_is_full_is_alive_and_not_ready() {
    let place = Place::new();
    let serving = place.serve();
    assert_eq!(get(serving.address, "/health", ""), (200, "alive\n".into()));
    assert_eq!(get(serving.address, "/ready", ""), (200, "ready\n".into()));
    let free = Page::of(&serving).value("gastrolog_store_disk_free_bytes{store=\"default\"}");
    serving.stop();

    // More room is wanted than the disk has.
    let wanted = (free * 2.0) as u64;
    let config = place.beside("g.toml", format!("[stores.default]\nreserve = {wanted}\n").as_bytes());
    let args = ["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
    let serving = Serving::start(place.command(&args));
    let until = Instant::now() + Duration::from_secs(20);
    while get(serving.address, "/ready", "").0 == 200 {
        assert!(Instant::now() < until, "it is ready on a full disk");
        std::thread::sleep(Duration::from_millis(50));
    }
    let (status, text) = get(serving.address, "/ready", "");
    assert!(status == 503 && text.starts_with("not ready\nstore default: the disk is full"), "{text}");
    let (status, json) = get(serving.address, "/ready", "Accept: application/json\r\n");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (status, &json["ready"], &json["reasons"][0]["about"]),
        (503, &false.into(), &"store default".into())
    );
    assert_eq!(get(serving.address, "/health", "").0, 200);
    assert_eq!(Page::of(&serving).value("gastrolog_store_ready{store=\"default\"}"), 0.0);
    serving.stop();
}
