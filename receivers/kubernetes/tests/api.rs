//! Labels, node and owner of a pod, from an API server over TLS; and without one, lines all the same.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gastrolog_follow::{FollowConfig, Follower};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Receiver, Shutdown};
use gastrolog_net::{Bound, ConnectionLimits, TlsFiles, run_async, serve_http};
use gastrolog_receiver_kubernetes::{ApiConfig, KubernetesFiles};
use gastrolog_types::Timestamp;

const POD: &str = r#"{"kind":"Pod","metadata":{"name":"web-1","namespace":"shop","uid":"0a1b",
    "labels":{"app":"web","tier":"front"},
    "ownerReferences":[{"kind":"Node","name":"n"},{"kind":"ReplicaSet","name":"web","controller":true}]},
    "spec":{"nodeName":"node-7","containers":[]},"status":{"phase":"Running"}}"#;

/// How long what is known of a pod is not asked for again.
const REFRESH: Duration = Duration::from_millis(300);

struct Server {
    shutdown: Shutdown,
    port: u16,
    asked: Arc<AtomicUsize>,
    /// All pods are gone.
    gone: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Serves the pod over TLS, with a certificate and a token that it writes to `folder`.
    fn start(folder: &std::path::Path) -> Server {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let tls = TlsFiles { cert: folder.join("ca.pem"), key: folder.join("key.pem"), client_ca: None };
        std::fs::write(&tls.cert, made.cert.pem()).unwrap();
        std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
        std::fs::write(folder.join("token"), "sesame\n").unwrap();
        let bound = Bound::tcp("127.0.0.1:0".parse().unwrap(), Some(&tls)).unwrap();
        let (port, shutdown, asked) = (bound.addr().port(), Shutdown::new(), Arc::<AtomicUsize>::default());
        let gone = Arc::<AtomicBool>::default();
        let answer = {
            let (asked, gone) = (asked.clone(), gone.clone());
            move |Path((namespace, pod)): Path<(String, String)>, headers: HeaderMap| async move {
                asked.fetch_add(1, Ordering::SeqCst);
                if gone.load(Ordering::SeqCst) {
                    return StatusCode::NOT_FOUND.into_response();
                }
                tell(&namespace, &pod, &headers)
            }
        };
        let router = Router::new().route("/api/v1/namespaces/{namespace}/pods/{pod}", get(answer));
        let thread = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || {
                let serving = serve_http(bound, router, ConnectionLimits::default(), shutdown);
                run_async("api", 1, serving).unwrap();
            }
        });
        Server { shutdown, port, asked, gone, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.start();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn tell(namespace: &str, pod: &str, headers: &HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|token| token != "Bearer sesame") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match (namespace, pod) {
        ("shop", "web-1") => POD.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

struct Node {
    folder: tempfile::TempDir,
    sink: Arc<MemorySink>,
}

impl Node {
    fn new() -> Node {
        Node { folder: tempfile::tempdir().unwrap(), sink: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, port: u16) -> Follower {
        let config = FollowConfig {
            globs: vec![self.path("pods/*/*/*.log").display().to_string()],
            state_file: self.path("bookmarks"),
            ..FollowConfig::default()
        };
        let api = ApiConfig {
            token: self.path("token"),
            ca: self.path("ca.pem"),
            refresh: REFRESH,
            ..ApiConfig::at("localhost".into(), port)
        };
        let files = KubernetesFiles::with_api(api).unwrap();
        files.follow(config, self.sink.clone(), Arc::new(|| Timestamp(7))).unwrap()
    }

    fn write(&self, pod: &str) {
        let folder = self.path("pods").join(pod).join("app");
        std::fs::create_dir_all(&folder).unwrap();
        let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("0.log"));
        writeln!(file.unwrap(), "2026-11-21T09:14:20Z stdout F hello").unwrap();
    }

    /// Attributes of the last record that say more than the path does.
    fn told(&self) -> Vec<String> {
        let last = self.sink.records().last().cloned().unwrap();
        let pairs =
            last.attributes.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        pairs
            .filter(|pair| ["node=", "owner=", "label."].iter().any(|start| pair.starts_with(start)))
            .collect()
    }

    /// Lines come until their records say more.
    fn poll_until_told(&self, follower: &mut Follower, pod: &str) -> Vec<String> {
        let start = Instant::now();
        loop {
            self.write(pod);
            assert!(follower.poll_once(&Shutdown::new()));
            let told = self.told();
            if !told.is_empty() || start.elapsed() > Duration::from_secs(60) {
                return told;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Lines come until the server is known to have refused the token.
    fn poll_until_refused(&self, follower: &mut Follower) {
        let start = Instant::now();
        while follower.counters().last_error().is_none() && start.elapsed() < Duration::from_secs(60) {
            self.write("shop_web-1_0a1b");
            follower.poll_once(&Shutdown::new());
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(follower.counters().last_error().unwrap().1.contains("answered 401"));
    }
}

#[test]
fn the_server_tells_of_a_pod_and_is_asked_again_only_after_a_while() {
    let node = Node::new();
    let server = Server::start(node.folder.path());
    let mut follower = node.start(server.port);
    let told = node.poll_until_told(&mut follower, "shop_web-1_0a1b");
    assert_eq!(told, ["node=node-7", "owner=ReplicaSet/web", "label.app=web", "label.tier=front"]);
    let (start, asked) = (Instant::now(), server.asked.load(Ordering::SeqCst));
    for _ in 0..20 {
        node.write("shop_web-1_0a1b");
        follower.poll_once(&Shutdown::new());
    }
    // The more time has passed, the more often it may be asked.
    let may = 2 + start.elapsed().as_millis() / REFRESH.as_millis();
    let again = server.asked.load(Ordering::SeqCst) - asked;
    assert!(again as u128 <= may, "a pod that is known was asked for {again} times again");
    // Another of the name that had the files before; one that is gone.
    for pod in ["shop_web-1_ffff", "shop_web-2_0a1b"] {
        let asked = server.asked.load(Ordering::SeqCst);
        for _ in 0..200 {
            node.write(pod);
            follower.poll_once(&Shutdown::new());
            if server.asked.load(Ordering::SeqCst) > asked + 1 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(node.told(), Vec::<String>::new(), "{pod}");
    }
    assert_eq!(follower.counters().snapshot().faults, 0);
}

#[test]
fn a_server_that_is_away_or_refuses_delays_no_line() {
    let node = Node::new();
    let mut follower = {
        let server = Server::start(node.folder.path());
        std::fs::write(node.path("token"), "wrong").unwrap();
        let mut follower = node.start(server.port);
        node.poll_until_refused(&mut follower);
        follower
    };
    let before = node.sink.len();
    for _ in 0..10 {
        node.write("shop_web-1_0a1b");
        follower.poll_once(&Shutdown::new());
    }
    assert_eq!(node.sink.len(), before + 10);
    assert_eq!(node.told(), Vec::<String>::new());
}

#[test]
fn a_token_that_was_renewed_is_used() {
    let node = Node::new();
    let server = Server::start(node.folder.path());
    std::fs::write(node.path("token"), "expired").unwrap();
    let mut follower = node.start(server.port);
    node.poll_until_refused(&mut follower);
    std::fs::write(node.path("token"), "sesame").unwrap();
    assert_eq!(node.poll_until_told(&mut follower, "shop_web-1_0a1b").len(), 4);
}

#[test]
fn what_was_known_of_a_pod_stays_when_it_is_gone() {
    let node = Node::new();
    let server = Server::start(node.folder.path());
    let mut follower = node.start(server.port);
    let told = node.poll_until_told(&mut follower, "shop_web-1_0a1b");
    server.gone.store(true, Ordering::SeqCst);
    let (start, asked) = (Instant::now(), server.asked.load(Ordering::SeqCst));
    while server.asked.load(Ordering::SeqCst) < asked + 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "it was not asked again");
        node.write("shop_web-1_0a1b");
        follower.poll_once(&Shutdown::new());
        assert_eq!(node.told(), told);
        std::thread::sleep(Duration::from_millis(10));
    }
}
