//! Names from outside cannot leave the data directory: of stores in a URL, in a configuration and over the API, and
//! of receivers.

use std::fs;
use std::path::{Path, PathBuf};

use gastrolog_engine::{QueryRequest, Service, ValuesRequest};
use gastrolog_server::Client;
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::meter::serve;
use crate::support::http::Connection;
use crate::support::{Place, parts};

const NAMES: [&str; 12] = [
    "..",
    "../../evil",
    "a/b",
    "/tmp/evil",
    "a\\b",
    ".hidden",
    "a\0b",
    "a\nb",
    "é",
    " ",
    "a.b",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// Every file and folder below `path`.
fn tree(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|e| found.extend(tree(&e.unwrap().path())));
    }
    found
}

fn encoded(name: &str) -> String {
    name.bytes().map(|b| format!("%{b:02X}")).collect()
}

#[test]
fn names_of_stores_stay_inside() {
    let place = Place::new();
    let serving = serve(&place, "");
    let client = Client::connect_tcp(serving.address).unwrap();
    let outside = place.data().parent().unwrap().to_owned();
    let own = place.data().join("stores").join("_gastrolog");
    // What is refused here is sampled into the server's own log.
    let others = || tree(&outside).into_iter().filter(|path| !path.starts_with(&own)).collect::<Vec<_>>();
    serving.send(b"one\n");
    let before = others();
    for name in NAMES {
        let percent = encoded(name);
        for path in [
            format!("/ingest/{percent}"),
            format!("/ingest?store={percent}"),
            format!("/ingest/../{percent}"),
        ] {
            let (status, said) = Connection::open(serving.address).unwrap().post(&path, b"evil\n").unwrap();
            assert!((400..500).contains(&status), "{path}: {status} {}", String::from_utf8_lossy(&said));
        }
        let batch = Batch::from_lines(b"evil".to_vec(), Attributes::default(), Timestamp(1));
        assert!(client.append(name, batch).is_err(), "{name:?}");
        let request = QueryRequest { store: name.into(), query: "*".into(), ..QueryRequest::default() };
        assert!(
            client.query(&request, &gastrolog_engine::Cancel::default(), &mut |_| true).is_err(),
            "{name:?}"
        );
        assert!(client.values(&ValuesRequest { store: name.into(), ..ValuesRequest::default() }).is_err());
        assert!(client.seal(name).is_err() && client.chunks(name).is_err() && client.usage(name).is_err());
        assert!(client.verify(name, &mut |_, _| ()).is_err(), "{name:?}");
        assert!(client.compact(name, &mut |_, _| true).is_err(), "{name:?}");
        let lookup =
            QueryRequest { query: format!("* | lookup {name:?} on a fields b"), ..QueryRequest::default() };
        assert!(
            client.query(&lookup, &gastrolog_engine::Cancel::default(), &mut |_| true).is_err(),
            "{name:?}"
        );
        // A chunk is named by those that ask, too.
        assert!(client.inspect("", name).is_err(), "{name:?}");
    }
    assert_eq!(others(), before);
}

#[test]
fn names_in_a_configuration_stay_inside() {
    for name in NAMES {
        // Its own quoting is that of the file for all but two of these.
        let quoted = format!("{name:?}").replace("\\0", "\\u0000");
        let log = "/nowhere/*.log";
        for (config, may) in [
            (format!("[stores.{quoted}]\nseal_bytes = \"1MB\"\n"), false),
            (format!("[[receivers]]\nkind = \"tail\"\nname = {quoted}\nglobs = [{log:?}]\n"), true),
        ] {
            let place = Place::new();
            let file = place.beside("config.toml", config.as_bytes());
            let outside = place.data().parent().unwrap().to_owned();
            let mut command =
                place.command(&["serve", "--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
            let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
            let began = std::time::Instant::now();
            let ended = loop {
                match child.try_wait().unwrap() {
                    Some(status) => break Some(status),
                    None if may && began.elapsed().as_secs() >= 2 => break None,
                    None => std::thread::sleep(std::time::Duration::from_millis(20)),
                }
                assert!(began.elapsed().as_secs() < 30, "{config}: it runs");
            };
            let _ = child.kill();
            child.wait().unwrap();
            assert!(
                ended.is_some_and(|s| s.code() == Some(2)) || (may && ended.is_none()),
                "{config}: {ended:?}"
            );
            let inside = place.data();
            let stray: Vec<PathBuf> = tree(&outside)
                .into_iter()
                .filter(|p| !p.starts_with(&inside) && *p != file && *p != outside)
                .collect();
            assert_eq!(stray, Vec::<PathBuf>::new(), "{config}");
            let named: Vec<PathBuf> =
                tree(&inside).into_iter().filter(|p| p.to_string_lossy().contains("evil")).collect();
            assert_eq!(named, Vec::<PathBuf>::new(), "{config}");
        }
    }
    let place = Place::new();
    let (code, _, said) = parts(&place.run(&["query", "--name", "../evil", "*"]));
    assert!(code == 2 && said.contains("name"), "{said}");
}
