//! The API over real sockets: gRPC by the client, Connect JSON by hand-written HTTP/1.1.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod fake;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fake::Fake;
use gastrolog_engine::*;
use gastrolog_server::{Client, Listening, Server, ServerError};
use gastrolog_types::{Attributes, Batch, Timestamp};
use tokio::runtime::Runtime;

struct Running {
    runtime: Runtime,
    listening: Option<Listening>,
    fake: Arc<Fake>,
    dir: tempfile::TempDir,
}

impl Running {
    fn start() -> Running {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (fake, dir) = (Arc::new(Fake::default()), tempfile::tempdir().unwrap());
        let server = Server::new(fake.clone(), Arc::new(|| Timestamp(42)))
            .socket(dir.path().join("s.sock"))
            .tcp("127.0.0.1:0".parse().unwrap());
        let listening = Some(runtime.block_on(server.start()).unwrap());
        Running { runtime, listening, fake, dir }
    }

    fn client(&self) -> Client {
        Client::connect(&self.dir.path().join("s.sock")).unwrap()
    }

    fn tcp(&self) -> SocketAddr {
        self.listening.as_ref().unwrap().address().unwrap()
    }

    fn post(&self, path: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut socket = TcpStream::connect(self.tcp()).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let split = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let body = answer.split_off(split + 4);
        let head = String::from_utf8(answer).unwrap();
        let body = if head.contains("chunked") { unchunk(&body) } else { body };
        (head, body)
    }

    fn json(&self, method: &str, body: &str) -> (String, String) {
        let path = format!("/gastrolog.v1.{method}");
        let (head, body) = self.post(&path, "content-type: application/json", body.as_bytes());
        (head.lines().next().unwrap().to_owned(), String::from_utf8(body).unwrap())
    }
}

/// Takes the chunks of HTTP/1.1 apart.
fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[end + 2..][..length]);
        body = &body[end + 2 + length + 2..];
        if length == 0 {
            break;
        }
    }
    whole
}

fn ask(query: &str) -> QueryRequest {
    QueryRequest { query: query.into(), ..Default::default() }
}

fn collect(service: &dyn Service, request: &QueryRequest) -> (Vec<Answer>, Result<QueryEnd, EngineError>) {
    let mut all = Vec::new();
    let end = service.query(request, &Cancel::default(), &mut |a| {
        all.push(a);
        true
    });
    (all, end)
}

#[test]
fn the_client_gets_what_the_service_gives() {
    let running = Running::start();
    let client = running.client();
    let file = Attributes::new([("file", &b"a\xff.log"[..]), ("receiver", b"ingest")]);
    let mut batch = Batch::from_lines(b"one\ntwo \xfe\r\n\nfour".to_vec(), file, Timestamp(5));
    batch.push(b"five", &Attributes::default(), Timestamp(6), Timestamp(7));
    assert_eq!(client.append("", batch).unwrap().count, 5);
    let request = QueryRequest { with_fields: true, oldest_first: true, ..ask("*") };
    let (here, here_end) = collect(&*running.fake, &request);
    let (there, there_end) = collect(&client, &request);
    assert_eq!(here.len(), 5);
    assert_eq!(here, there);
    assert_eq!(here_end.unwrap(), there_end.unwrap());
    assert_eq!(collect(&*running.fake, &ask("table")).0, collect(&client, &ask("table")).0);
}

#[test]
fn computed_fields_context_and_the_end_come_through() {
    let running = Running::start();
    let (here, here_end) = collect(&*running.fake, &ask("computed"));
    let (there, there_end) = collect(&running.client(), &ask("computed"));
    assert_eq!(here.len(), 3);
    assert_eq!(here, there);
    assert_eq!(here_end.unwrap(), there_end.unwrap());
}

#[test]
fn a_request_arrives_as_it_was_sent() {
    let running = Running::start();
    let request = QueryRequest {
        query: "x".into(),
        store: "s".into(),
        order: Order::Ingest,
        oldest_first: true,
        limit: Some(5),
        with_fields: true,
        timeout_ms: Some(1),
        limit_cost_bytes: Some(2),
        read_bytes_max: Some(u64::MAX),
        memory_bytes_max: Some(0),
        time_zone: "Europe/Berlin".into(),
        last_ms: Some(3),
        lookups: vec![("hosts".into(), b"a,b\n\xff,2\n".to_vec()), ("empty".into(), vec![])],
        resume: "00ff".into(),
    };
    for request in [request, ask("y")] {
        collect(&running.client(), &request).1.unwrap();
        assert_eq!(*running.fake.asked.lock().unwrap(), Some(request));
    }
}

#[test]
fn fields_and_values_come_through() {
    let running = Running::start();
    let (client, fake, none) = (running.client(), &running.fake, Cancel::default());
    assert_eq!(client.fields(&ask(""), &none).unwrap(), fake.fields(&ask(""), &none).unwrap());
    for (field, prefix, limit) in [("status", "", None), ("other", "5", Some(1))] {
        let request =
            ValuesRequest { field: field.into(), prefix: prefix.into(), limit, ..Default::default() };
        assert_eq!(client.values(&request).unwrap(), fake.values(&request).unwrap());
    }
}

#[test]
fn plans_stores_chunks_and_checks_come_through() {
    let running = Running::start();
    let (client, fake) = (running.client(), &running.fake);
    let none = Cancel::default();
    assert_eq!(
        client.explain(&ask("x"), true, &none).unwrap(),
        fake.explain(&ask("x"), true, &none).unwrap()
    );
    assert_eq!(client.stores().unwrap(), fake.stores().unwrap());
    assert_eq!(client.chunks("").unwrap(), fake.chunks("").unwrap());
    assert_eq!(client.inspect("", "01J").unwrap(), fake.inspect("", "01J").unwrap());
    assert_eq!(client.usage("").unwrap(), fake.usage("").unwrap());
    assert_eq!(client.seal("").unwrap(), ["01K"]);
    let report = client.verify("broken", &mut |done, all| assert!(done <= all)).unwrap();
    assert_eq!(report, fake.verify("broken", &mut |_, _| ()).unwrap());
    let report = client.compact("", &mut |done, all| done <= all).unwrap();
    assert_eq!(report, fake.compact("", &mut |_, _| true).unwrap());
}

#[test]
fn who_leaves_ends_the_work_on_chunks() {
    let running = Running::start();
    let (client, fake) = (running.client(), &running.fake);
    let mut calls = 0;
    let stopped = client.compact("endless", &mut |_, _| {
        calls += 1;
        calls < 3
    });
    assert!(matches!(stopped, Err(EngineError::Cancelled(_))), "{stopped:?}");
    assert!(Fake::wait_for(&fake.was_cancelled), "the server works on for nobody");
}

#[test]
fn errors_keep_their_kind_and_their_text() {
    let running = Running::start();
    let client = running.client();
    match collect(&client, &ask("bad")).1 {
        Err(EngineError::BadQuery(m)) => assert_eq!(m, "expected a filter\n  bad\n  ^"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(collect(&client, &ask("gone")).1, Err(EngineError::NotFound(_))));
    assert!(matches!(client.chunks("none"), Err(EngineError::NotFound(_))));
    let batch = Batch::from_lines(b"x".to_vec(), Attributes::default(), Timestamp(1));
    assert!(matches!(client.append("full", batch), Err(EngineError::Unavailable(m)) if m == "disk full"));
    let nobody = Client::connect(&running.dir.path().join("nobody.sock"));
    assert!(matches!(nobody, Err(EngineError::Unavailable(m)) if m.contains("nobody.sock")));
}

#[test]
fn long_answers_stream_and_a_reader_that_leaves_stops_them() {
    let running = Running::start();
    let line = vec![b'x'; 1000];
    for _ in 0..20_000 {
        running.fake.add(&line, 1, &[]);
    }
    let client = running.client();
    let (all, _) = collect(&client, &ask("*"));
    assert_eq!(all.len(), 20_000);
    let mut seen = 0;
    let end = client.query(&ask("*"), &Cancel::default(), &mut |_| {
        seen += 1;
        seen < 10
    });
    assert!(end.is_ok());
    assert_eq!(seen, 10);
    assert!(Fake::wait_for(&running.fake.was_cancelled));
}

#[test]
fn a_record_of_64_mib_passes_both_ways() {
    let running = Running::start();
    let client = running.client();
    let big = vec![b'z'; 64 << 20];
    let batch = Batch::from_lines(big.clone(), Attributes::default(), Timestamp(1));
    client.append("", batch).unwrap();
    let (all, _) = collect(&client, &ask("*"));
    assert!(matches!(&all[..], [Answer::Record(r)] if r.record.text == big));
}

#[test]
fn cancelling_reaches_the_engine() {
    let running = Running::start();
    let client = running.client();
    let cancel = Cancel::default();
    let (fake, theirs) = (running.fake.clone(), cancel.clone());
    let watcher = std::thread::spawn(move || {
        assert!(Fake::wait_for(&fake.started));
        theirs.cancel();
        // The query has no end of its own.
        assert!(Fake::wait_for(&fake.was_cancelled));
    });
    let end = client.query(&ask("slow"), &cancel, &mut |_| true);
    assert!(matches!(end, Err(EngineError::Cancelled(_))));
    watcher.join().unwrap();
}

#[test]
fn a_dropped_connection_cancels_its_query() {
    let running = Running::start();
    let mut socket = TcpStream::connect(running.tcp()).unwrap();
    let body = r#"{"query":"slow"}"#;
    let mut message = vec![0, 0, 0, 0, body.len() as u8];
    message.extend_from_slice(body.as_bytes());
    let head = format!(
        "POST /gastrolog.v1.Query/Query HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\n\
         content-length: {}\r\n\r\n",
        message.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&message).unwrap();
    assert!(Fake::wait_for(&running.fake.started));
    drop(socket);
    assert!(Fake::wait_for(&running.fake.was_cancelled));
}

#[test]
fn deadlines_end_calls_and_streams() {
    let running = Running::start();
    let (head, body) = {
        let headers = "content-type: application/json\r\nconnect-timeout-ms: 50";
        running.post("/gastrolog.v1.Query/Fetch", headers, br#"{"query":"slow"}"#)
    };
    assert!(!head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(String::from_utf8_lossy(&body).contains("deadline_exceeded"), "{body:?}");
    let request = QueryRequest { timeout_ms: Some(30), ..ask("slow") };
    assert!(matches!(collect(&running.client(), &request).1, Err(EngineError::Cancelled(_))));
}

#[test]
fn connect_json_over_http_1() {
    let running = Running::start();
    let body = r#"{"records":[{"text":"héllo","attributes":[{"name":"host","text":"a"}]},{"raw":"/w=="}]}"#;
    let (status, body) = running.json("Ingest/Append", body);
    assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 200 OK", r#"{"count":"2"}"#));
    assert_eq!(running.fake.texts(), ["héllo".as_bytes(), b"\xff"]);
    assert_eq!(running.fake.records()[0].ingest, Timestamp(42));
    let (status, body) = running.json("Query/Fetch", r#"{"query":"*","oldestFirst":true}"#);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["records"][0]["text"], "héllo");
    assert_eq!(answer["records"][0]["ingestNs"], "42");
    assert_eq!(answer["records"][1]["raw"], "/w==");
    assert_eq!(answer["end"]["matched"], "2");
    let (status, body) = running.json("Query/Fetch", r#"{"query":"bad"}"#);
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    let error: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(error["code"], "invalid_argument");
    assert_eq!(error["message"], "expected a filter\n  bad\n  ^");
    let (status, _) = running.json("Query/Nothing", "{}");
    assert!(status.contains("404"), "{status}");
}

#[test]
fn fetch_says_when_it_leaves_something_out() {
    let running = Running::start();
    for i in 0..10_001 {
        running.fake.add(format!("line {i}").as_bytes(), 1, &[]);
    }
    let (_, body) = running.json("Query/Fetch", r#"{"query":"*"}"#);
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 10_000);
    assert_eq!(answer["end"]["truncated"], true);
}

#[test]
fn followers_hear_at_once_and_end_with_the_server() {
    let mut running = Running::start();
    let (client, fake) = (running.client(), running.fake.clone());
    let (send, receive) = std::sync::mpsc::channel();
    let follower = std::thread::spawn(move || {
        client.follow(&ask("*"), &Cancel::default(), &mut |a| send.send(a).is_ok())
    });
    for i in 0..3 {
        let text = format!("line {i}").into_bytes();
        fake.add(&text, 1, &[]);
        let got = receive.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(matches!(got, Answer::Record(r) if r.record.text == text));
    }
    let listening = running.listening.take().unwrap();
    running.runtime.block_on(listening.stop());
    assert!(matches!(follower.join().unwrap(), Err(EngineError::Unavailable(_))));
    assert!(Fake::wait_for(&fake.was_cancelled));
}

#[test]
fn the_socket_is_private_single_and_replaced_when_dead() {
    let mut running = Running::start();
    let path = running.dir.path().join("s.sock");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = |r: &Running| {
        let server = Server::new(r.fake.clone(), Arc::new(|| Timestamp(1))).socket(&path);
        r.runtime.block_on(server.start())
    };
    assert!(matches!(second(&running), Err(ServerError::Running(p)) if p == path));
    let listening = running.listening.take().unwrap();
    running.runtime.block_on(listening.stop());
    assert!(!path.exists());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert!(second(&running).is_ok());
}

#[test]
fn too_many_queries_at_once_are_told_to_come_back() {
    let running = Running::start();
    running.fake.add(b"one", 1, &[]);
    let body = br#"{"query":"slow"}"#;
    let open = |_| {
        let mut socket = TcpStream::connect(running.tcp()).unwrap();
        let head = format!(
            "POST /gastrolog.v1.Query/Query HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\n\
             content-length: {}\r\n\r\n\0\0\0\0{}",
            body.len() + 5,
            body.len() as u8 as char
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body).unwrap();
        socket
    };
    let mut held: Vec<TcpStream> = (0..64).map(open).collect();
    let ask = || running.json("Query/Fetch", r#"{"query":"one"}"#);
    let until = Instant::now() + Duration::from_secs(60);
    let wait_for = |status: &str, not_yet: &mut dyn FnMut()| loop {
        let (line, body) = ask();
        if line.contains(status) {
            return body;
        }
        assert!(Instant::now() < until, "{line} {body}");
        not_yet();
        std::thread::sleep(Duration::from_millis(10));
    };
    // A question that was answered may have taken the place of one of them, or of several that came meanwhile, which were
    // refused themselves: another comes for it.
    let full = wait_for("503", &mut || held.push(open(0)));
    assert!(full.contains("64 queries are running"), "{full}");
    // Records go on coming in, and whoever looks after the store is answered.
    let (line, _) = running.json("Ingest/Append", r#"{"records":[{"text":"two"}]}"#);
    assert!(line.contains("200"), "{line}");
    let (line, body) = running.json("Lifecycle/Receivers", "{}");
    assert!(
        line.contains("200") && body.contains(r#""name":"api""#) && body.contains(r#""stored":"1""#),
        "{body}"
    );
    drop(held);
    assert!(wait_for("200", &mut || ()).contains("one"));
}
