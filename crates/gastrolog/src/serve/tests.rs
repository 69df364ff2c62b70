//! A whole server over a small service in memory: what is sent to it by HTTP, syslog and file is stored.

#[path = "../../../server/tests/fake/mod.rs"]
mod fake;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use fake::Fake;

use super::*;

fn post(address: std::net::SocketAddr, path: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        socket,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\
         content-type: {}\r\n\r\n{body}",
        if path == "/ingest" { "text/plain" } else { "application/json" }
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn http_syslog_and_files_reach_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("app.log");
    std::fs::write(&log, "from a file\n").unwrap();
    let config: Config = toml::from_str(&format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[receivers]]\nkind = \"syslog\"\ntcp = \"127.0.0.1:0\"\n\
         [[receivers]]\nkind = \"tail\"\nglobs = [{:?}]\n",
        log.display()
    ))
    .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let fake = Arc::new(Fake::default());
    let location = Location::Dir(dir.path().to_owned());
    let (listening, running) = runtime.block_on(start(&location, &config, fake.clone(), 64)).unwrap();
    assert!(dir.path().join(SOCKET_NAME).exists());

    let address = listening.address().unwrap();
    assert!(post(address, "/ingest", "by http").starts_with("HTTP/1.1 200"));
    assert!(post(address, "/gastrolog.v1.Lifecycle/Stores", "{}").contains("default"));
    let syslog = running.listening().iter().find_map(|l| l.strip_prefix("syslog tcp://")).unwrap();
    TcpStream::connect(syslog).unwrap().write_all(b"<13>Oct 10 13:55:36 h app: by syslog\n").unwrap();

    let until = Instant::now() + Duration::from_secs(60);
    while fake.texts().len() < 3 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut texts: Vec<String> =
        fake.texts().iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect();
    texts.sort();
    assert_eq!(texts, ["<13>Oct 10 13:55:36 h app: by syslog", "by http", "from a file"]);

    runtime.block_on(drain(listening, running));
    assert!(TcpStream::connect(address).is_err());
    assert!(!dir.path().join(SOCKET_NAME).exists());
}

#[test]
fn two_receivers_of_one_name_are_refused() {
    let config: Config = toml::from_str(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[receivers]]\nkind = \"syslog\"\ntcp = \"127.0.0.1:0\"\n\
         [[receivers]]\nkind = \"syslog\"\nudp = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(start(&Location::Memory, &config, Arc::new(Fake::default()), 64));
    assert!(refused.err().unwrap().to_string().contains("two receivers are named syslog"));
}

#[test]
fn the_receivers_of_the_documentation_are_read() {
    let page = include_str!("../../../../docs/receivers.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut kinds = Vec::new();
    for block in blocks.filter(|block| block.starts_with("[[receivers]]")) {
        let config: Config = toml::from_str(block).unwrap_or_else(|e| panic!("{block}\n{e}"));
        for receiver in &config.receivers {
            receiver.check().unwrap();
            kinds.push(receiver.name().to_owned());
        }
    }
    for kind in ["beats", "fluent", "kafka", "chatterbox"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn the_processing_of_the_documentation_is_read() {
    let page = include_str!("../../../../docs/processing.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut read = 0;
    for block in blocks {
        let config: Config = toml::from_str(block).unwrap_or_else(|e| panic!("{block}\n{e}"));
        let fake: Arc<dyn Service> = Arc::new(Fake::default());
        Receivers::bind(&Location::Memory, &config, &fake).unwrap();
        read += 1;
    }
    assert!(read >= 3);
}
