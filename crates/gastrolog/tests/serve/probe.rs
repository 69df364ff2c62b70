//! `gastrolog receivers test`: every protocol that can be sent to is sent to, and its record found.

use serde_json::Value;

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

#[test]
fn each_protocol_is_spoken_and_the_record_is_found() {
    let place = Place::new();
    let log = place.beside("app.log", b"one\n");
    let config = place.beside("g.toml", CONFIG.as_bytes());
    let args = ["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap(), "--tail"];
    let serving = Serving::start(place.command(&[&args[..], &[log.to_str().unwrap()]].concat()));
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
    let (code, shown, _) = parts(&place.run(&["receivers", "test", "tail"]));
    assert!(code == 2 && shown.contains("append a line"), "{shown}");
    let (code, _, said) = parts(&place.run(&["receivers", "test", "nobody"]));
    assert!(code == 2 && said.contains("otlp-api"), "{said}");
    serving.stop();
}
