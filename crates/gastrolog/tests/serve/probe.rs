//! `gastrolog receivers test`: every protocol that can be sent to is sent to, and its record found; of the others it is
//! looked at what they read.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::Value;

use crate::support::certificates::{certificates, demanded};
use crate::support::{Place, Serving, parts};

const CONFIG: &str = r#"
    [[receivers]]
    kind = "syslog"
    udp = "127.0.0.1:0"
    tcp = "127.0.0.1:0"
    [[receivers]]
    kind = "relp"
    listen = "127.0.0.1:0"
    store = "other"
    [[receivers]]
    kind = "gelf"
    udp = "127.0.0.1:0"
    tcp = "127.0.0.1:0"
    [[receivers]]
    kind = "beats"
    listen = "127.0.0.1:0"
    [[receivers]]
    kind = "fluent"
    listen = "127.0.0.1:0"
    [[receivers]]
    kind = "elastic"
    listen = "127.0.0.1:0"
"#;

fn serve(place: &Place, config: &Path) -> Serving {
    let args = ["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
    Serving::start(place.command(&args))
}

/// Exit code and what was shown.
fn tested(place: &Place, args: &[&str]) -> (i32, String) {
    let (code, shown, said) = parts(&place.run(&[&["receivers", "test"], args].concat()));
    (code, shown + &said)
}

#[test]
fn each_protocol_is_spoken_and_the_record_is_found() {
    let place = Place::new();
    let config = place.beside("g.toml", CONFIG.as_bytes());
    let serving = serve(&place, &config);
    let names = [
        ("syslog", 2),
        ("relp", 1),
        ("gelf", 2),
        ("beats", 1),
        ("fluent", 1),
        ("elastic", 1),
        ("http", 1),
        ("gelf-http", 1),
        ("otlp-api", 1),
        ("loki-api", 1),
        ("elastic-api", 1),
        ("journald-api", 1),
    ];
    for (name, ports) in names {
        let (code, shown, said) = parts(&place.run(&["receivers", "test", "--json", name]));
        assert_eq!(code, 0, "{name}: {shown}{said}");
        let report: Value = serde_json::from_str(&shown).unwrap();
        let steps = report["steps"].as_array().unwrap();
        assert_eq!((report["ok"].as_bool(), steps.len()), (Some(true), 2 * ports), "{shown}");
    }
    let (code, shown, _) = parts(&place.run(&["receivers", "test", "relp"]));
    assert!(code == 0 && shown.contains("acknowledged") && shown.contains("found in store other"), "{shown}");
    let (code, _, said) = parts(&place.run(&["receivers", "test", "nobody"]));
    assert!(code == 2 && said.contains("otlp-api"), "{said}");
    serving.stop();
}

#[test]
fn tls_is_spoken_and_certificates_are_checked_and_shown() {
    let place = Place::new();
    let folder = certificates(&place);
    let with_client = demanded(&folder);
    let plain = with_client.split(", client_ca").next().unwrap().to_owned() + " }";
    let mut config = String::new();
    let kinds = ["syslog", "gelf", "http", "relp", "beats", "fluent", "otlp", "loki", "elastic", "journald"];
    for (kind, tls) in
        kinds.map(|kind| (kind, &plain)).iter().chain(&[("syslog", &with_client), ("relp", &with_client)])
    {
        let name = if *tls == &plain { format!("{kind}-tls") } else { format!("{kind}-strict") };
        let port = if ["syslog", "gelf"].contains(kind) { "tcp" } else { "listen" };
        writeln!(
            config,
            "[[receivers]]\nkind = {kind:?}\nname = {name:?}\n{port} = \"127.0.0.1:0\"\n{tls}\n"
        )
        .unwrap();
    }
    let config = place.beside("g.toml", config.as_bytes());
    let serving = serve(&place, &config);
    for kind in kinds {
        let (code, shown) = tested(&place, &[&format!("{kind}-tls")]);
        assert!(
            code == 0 && shown.contains("was not checked") && shown.contains("found in store"),
            "{kind}: {shown}"
        );
    }
    let file = |name: &str| folder.join(name).display().to_string();
    let (ca, cert, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    let (code, shown) = tested(&place, &["relp-tls", "--ca", &ca]);
    assert!(code == 0 && shown.contains("holds against"), "{shown}");
    let (code, shown) = tested(&place, &["otlp-tls", "--ca", &ca, "--server-name", "localhost"]);
    assert!(code == 0 && shown.contains("holds against"), "{shown}");
    for wrong in
        [["--ca", &ca, "--server-name", "logs.example"], ["--ca", &cert, "--server-name", "localhost"]]
    {
        let (code, shown) = tested(&place, &[&["relp-tls"], &wrong[..]].concat());
        assert!(code == 2 && shown.contains("does not hold against"), "{wrong:?}: {shown}");
    }
    for name in ["syslog-strict", "relp-strict"] {
        let (code, shown) = tested(&place, &[name]);
        assert!(code == 2 && shown.contains("demands a certificate"), "{name}: {shown}");
        let (code, shown) = tested(&place, &[name, "--cert", &cert, "--key", &key]);
        assert!(code == 0, "{name}: {shown}");
    }
    let (code, shown) = tested(&place, &["relp-tls", "--cert", &cert]);
    assert!(code == 2 && shown.contains("--key"), "{shown}");
    serving.stop();
}

#[test]
fn what_is_read_is_looked_at() {
    let place = Place::new();
    let log = place.beside("app.log", b"one\n");
    let folder = log.parent().unwrap().display().to_string();
    let socket = log.with_file_name("engine");
    let engine = UnixListener::bind(&socket).unwrap();
    // Says yes to whatever it is asked.
    std::thread::spawn(move || {
        for asked in engine.incoming() {
            let mut asked = asked.unwrap();
            let _ = asked.read(&mut [0; 1024]);
            let _ = asked.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]");
        }
    });
    let broker = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (broker_at, nobody) = (broker.local_addr().unwrap(), "127.0.0.1:1");
    let config = format!(
        r#"
        [[receivers]]
        kind = "tail"
        globs = ["{folder}/app.*", "{folder}/*.pem.gz"]
        [[receivers]]
        kind = "tail"
        name = "all-well"
        globs = ["{folder}/*.log"]
        [[receivers]]
        kind = "kubernetes"
        globs = ["{folder}/pods/*/*/*.log"]
        [[receivers]]
        kind = "docker"
        socket = "{folder}/engine"
        [[receivers]]
        kind = "docker"
        name = "away"
        socket = "{folder}/no-engine"
        [[receivers]]
        kind = "kafka"
        brokers = ["{broker_at}", "{nobody}"]
        topics = ["logs"]
        "#
    );
    let config = place.beside("g.toml", config.as_bytes());
    let serving = serve(&place, &config);
    let (code, shown) = tested(&place, &["all-well"]);
    assert!(code == 0 && shown.contains("1 files can be read") && shown.contains("all-well.tail"), "{shown}");
    let (code, shown) = tested(&place, &["tail"]);
    assert!(code == 2 && shown.contains("ok      read") && shown.contains("no file matches"), "{shown}");
    let (code, shown) = tested(&place, &["kubernetes"]);
    assert!(code == 2 && shown.contains("no file matches"), "{shown}");
    let (code, shown) = tested(&place, &["docker"]);
    assert!(shown.contains("the engine answers (acknowledged: 200 OK)"), "{code}: {shown}");
    let (code, shown) = tested(&place, &["away"]);
    assert!(code == 2 && shown.contains("is this the socket"), "{shown}");
    let (code, shown) = tested(&place, &["--json", "kafka"]);
    let report: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    let ok: Vec<_> =
        report["steps"].as_array().unwrap().iter().map(|step| step["ok"].as_bool().unwrap()).collect();
    assert!(code == 2 && ok == [true, false], "{shown}");
    drop(serving);
}
