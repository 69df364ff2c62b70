//! An engine on a socket of its own, which answers as Docker documents it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as Param, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::mpsc;

/// How often streams look for more.
const LOOK: Duration = Duration::from_millis(2);

/// A container with its log.
#[derive(Clone, Default)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) tty: bool,
    pub(crate) running: bool,
    /// Its log driver cannot be read.
    pub(crate) unreadable: bool,
    /// The engine fails so often when it is asked for its log.
    pub(crate) failures: u32,
    /// Stream (1, 2), time, text.
    pub(crate) messages: Vec<(u8, i64, String)>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) containers: BTreeMap<String, Container>,
    pub(crate) started: Vec<String>,
    /// Connections that were made for logs, with what they asked for.
    pub(crate) asked: Vec<String>,
    /// How often all containers were listed.
    pub(crate) lists: u32,
    /// Raised to end all streams.
    pub(crate) breaks: u64,
}

/// 2026-11-21T09:14:00Z, from which messages are counted.
pub(crate) const MINUTE: i64 = 1_795_252_440_000_000_000;

type Shared = Arc<Mutex<Inner>>;

/// The engine, until it is dropped.
pub(crate) struct Engine {
    pub(crate) inner: Shared,
    pub(crate) socket: PathBuf,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Engine {
    pub(crate) fn start(folder: &Path) -> Engine {
        let (inner, socket) = (Shared::default(), folder.join("docker.sock"));
        let mut engine = Engine { inner, socket, runtime: None };
        engine.restart();
        engine
    }

    /// Ends all connections and listens again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        std::fs::remove_file(&self.socket).ok();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (socket, inner) = (self.socket.clone(), self.inner.clone());
        let listener = runtime.block_on(async { tokio::net::UnixListener::bind(socket).unwrap() });
        let routes = Router::new()
            .route("/containers/json", get(list))
            .route("/containers/{id}/json", get(inspect))
            .route("/containers/{id}/logs", get(logs))
            .route("/events", get(events))
            .with_state(inner);
        runtime.spawn(async move { axum::serve(listener, routes).await });
        self.runtime = Some(runtime);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }

    /// Adds a running container.
    pub(crate) fn run(&self, id: &str, container: Container) {
        let mut inner = self.inner.lock();
        inner.containers.insert(id.to_owned(), Container { running: true, ..container });
        inner.started.push(id.to_owned());
    }

    pub(crate) fn end(&self, id: &str) {
        self.inner.lock().containers.get_mut(id).unwrap().running = false;
    }

    /// A message of a container.
    pub(crate) fn write(&self, id: &str, stream: u8, ns: i64, text: &str) {
        self.inner.lock().containers.get_mut(id).unwrap().messages.push((stream, ns, text.to_owned()));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn list(State(inner): State<Shared>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    assert_eq!(query.get("all").map(String::as_str), Some("1"));
    let mut inner = inner.lock();
    inner.lists += 1;
    let all = inner.containers.iter().map(|(id, container)| {
        json!({ "Id": id, "Names": [container.name], "State": if container.running { "running" } else { "exited" } })
    });
    axum::response::Html(json!(all.collect::<Vec<_>>()).to_string()).into_response()
}

async fn inspect(State(inner): State<Shared>, Param(id): Param<String>) -> Response {
    let inner = inner.lock();
    let Some(container) = inner.containers.get(&id) else { return missing(&id) };
    let all = json!({
        "Id": id, "Name": container.name, "State": { "Running": container.running },
        "Config": { "Tty": container.tty, "Image": "busybox:1", "Labels": { "app": "shop" } }
    });
    all.to_string().into_response()
}

fn missing(id: &str) -> Response {
    let said = json!({ "message": format!("No such container: {id}") }).to_string();
    (StatusCode::NOT_FOUND, said).into_response()
}

async fn logs(
    State(inner): State<Shared>,
    Param(id): Param<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let since = query.get("since").map_or(i64::MIN, |since| {
        let (seconds, nanos) = since.split_once('.').unwrap();
        seconds.parse::<i64>().unwrap() * 1_000_000_000 + nanos.parse::<i64>().unwrap() - MINUTE
    });
    {
        let mut inner = inner.lock();
        let Some(container) = inner.containers.get_mut(&id) else { return missing(&id) };
        if container.failures > 0 {
            container.failures -= 1;
            return (StatusCode::INTERNAL_SERVER_ERROR, "{}").into_response();
        }
        if container.unreadable {
            let said = json!({ "message": "configured logging driver does not support reading" }).to_string();
            return (StatusCode::NOT_IMPLEMENTED, said).into_response();
        }
        assert!(["follow", "stdout", "stderr", "timestamps"].iter().all(|key| query[*key] == "1"));
        inner.asked.push(format!("{id} {}", query.get("since").map_or("", String::as_str)));
    }
    streamed(move |bytes| async move { send_logs(inner, id, since, bytes).await })
}

async fn send_logs(inner: Shared, id: String, since: i64, bytes: mpsc::Sender<Bytes>) {
    let (mut at, breaks) = (0, inner.lock().breaks);
    loop {
        let (out, more) = {
            let inner = inner.lock();
            let container = &inner.containers[&id];
            let mut out = Vec::new();
            for (stream, ns, text) in &container.messages[at..] {
                if *ns >= since {
                    encode(*stream, *ns, text, container.tty, &mut out);
                }
            }
            at = container.messages.len();
            (out, container.running && inner.breaks == breaks)
        };
        // In parts that have nothing to do with messages.
        for part in out.chunks(1000) {
            if bytes.send(Bytes::copy_from_slice(part)).await.is_err() {
                return;
            }
        }
        if !more {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn encode(stream: u8, ns: i64, text: &str, tty: bool, out: &mut Vec<u8>) {
    // Times of the tests are within one minute.
    let message = format!("2026-11-21T09:14:{:02}.{:09}Z {text}", ns / 1_000_000_000, ns % 1_000_000_000);
    if !tty {
        out.extend_from_slice(&[stream, 0, 0, 0]);
        out.extend_from_slice(&(message.len() as u32).to_be_bytes());
    }
    out.extend_from_slice(message.as_bytes());
}

async fn events(State(inner): State<Shared>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    assert_eq!(query["filters"], r#"{"type":["container"],"event":["start"]}"#);
    streamed(move |bytes| async move {
        let (mut at, breaks) = {
            let inner = inner.lock();
            (inner.started.len(), inner.breaks)
        };
        loop {
            let (new, more) = {
                let inner = inner.lock();
                let new = inner.started[at..].to_vec();
                at = inner.started.len();
                (new, inner.breaks == breaks)
            };
            for id in new {
                let event = json!({ "Type": "container", "Action": "start", "status": "start", "id": id });
                if bytes.send(Bytes::from(format!("{event}\n"))).await.is_err() {
                    return;
                }
            }
            if !more || bytes.is_closed() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    })
}

fn streamed<F, W>(work: W) -> Response
where
    W: FnOnce(mpsc::Sender<Bytes>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(work(sender));
    let stream = futures::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|bytes| (Ok::<_, std::io::Error>(bytes), receiver))
    });
    Body::from_stream(stream).into_response()
}
