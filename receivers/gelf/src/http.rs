//! `POST /gelf`: a message, or one on each line; 202 when they are durable.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use gastrolog_ingest::samples::{Cause, Input};
use gastrolog_ingest::{Clock, Counters, Sink, SinkError};
use gastrolog_net::body::{self, BodyError, HeldBody};
use gastrolog_net::inflate::{Codec, InflateError, InflateLimits, inflate};
use gastrolog_net::web::peer;
use gastrolog_net::{Memory, store};
use gastrolog_types::{Batch, Timestamp};
use serde::de::IgnoredAny;

use crate::message::look;
use crate::peers::{Flaw, Peer, note};

/// A body may have this many bytes, as sent and after inflating.
const BODY_BYTES_MAX: usize = 16 << 20;
/// What all bodies together may hold.
const MEMORY_BYTES: usize = 128 << 20;
/// How long a request waits for memory.
const WAIT: Duration = Duration::from_secs(5);
/// How long a sender may be silent in the middle of a body.
const IDLE: Duration = Duration::from_secs(30);

/// The receiver without a port of its own: a router to merge into a server.
#[derive(Clone)]
pub struct GelfIngest(Arc<Inner>);

struct Inner {
    name: String,
    message_bytes_max: usize,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
    memory: Memory,
}

/// A status and why.
struct Problem(StatusCode, String);

impl GelfIngest {
    /// Named `name`, into `sink`.
    pub fn new(
        name: &str,
        message_bytes_max: usize,
        sink: Arc<dyn Sink>,
        clock: Clock,
        counters: Arc<Counters>,
    ) -> GelfIngest {
        let memory = Memory::new(MEMORY_BYTES, WAIT);
        GelfIngest(Arc::new(Inner { name: name.into(), message_bytes_max, sink, clock, counters, memory }))
    }

    /// `POST /gelf`.
    pub fn router(&self) -> Router {
        Router::new().route("/gelf", post(take)).with_state(self.clone())
    }

    /// What it has counted so far.
    pub fn counters(&self) -> Arc<Counters> {
        self.0.counters.clone()
    }
}

async fn take(State(ingest): State<GelfIngest>, request: Request) -> Response {
    // graypy closes the connection without waiting for the answer, which would end this future but not the task.
    let inner = ingest.0.clone();
    let taken = tokio::spawn(async move { inner.take(request).await }).await;
    let taken = taken.unwrap_or_else(|e| Err(Problem(StatusCode::INTERNAL_SERVER_ERROR, e.to_string())));
    match taken {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(Problem(status, why)) if status == StatusCode::SERVICE_UNAVAILABLE => {
            (status, [(header::RETRY_AFTER, "1")], why).into_response()
        }
        Err(Problem(status, why)) => {
            ingest.0.counters.parse_error();
            ingest.0.counters.said(&why);
            (status, why).into_response()
        }
    }
}

impl Inner {
    async fn take(&self, request: Request) -> Result<(), Problem> {
        let (parts, body) = request.into_parts();
        let from = peer(&parts);
        let HeldBody { bytes, memory } = body::read(body, &parts.headers, &self.memory, BODY_BYTES_MAX, IDLE)
            .await
            .map_err(|e| self.sampled(&from, of_body(e), Input::default()))?;
        let input = Input::from(&bytes[..]);
        let codec = codec(&bytes, &parts.headers).map_err(|e| self.sampled(&from, e, input.packed(true)))?;
        let limits = InflateLimits { bytes_max: BODY_BYTES_MAX, ..InflateLimits::default() };
        let text = match codec {
            Some(codec) => inflate(codec, &bytes, &limits)
                .map_err(|e| self.sampled(&from, of_inflating(e), input.packed(true)))?,
            None => bytes,
        };
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let batch = self
            .batch(&text, &Peer::new(&self.name, peer))
            .map_err(|e| self.sampled(&from, e, Input::from(&text[..])))?;
        let stored = store(self.sink.clone(), batch, &self.counters).await;
        drop(memory);
        match stored {
            Ok(_) => Ok(()),
            Err(e @ SinkError::Unavailable(_)) => {
                Err(Problem(StatusCode::SERVICE_UNAVAILABLE, e.to_string()))
            }
            Err(e @ SinkError::Refused(_)) => Err(Problem(StatusCode::BAD_REQUEST, e.to_string())),
        }
    }

    /// Takes a sample; it is counted with the answer.
    fn sampled(&self, peer: &str, problem: Problem, input: Input<'_>) -> Problem {
        let cause = match problem.0 {
            StatusCode::SERVICE_UNAVAILABLE => return problem,
            StatusCode::PAYLOAD_TOO_LARGE => Cause::TooLong,
            _ => Cause::Malformed,
        };
        self.counters.sample(cause, peer, &problem.1, input);
        problem
    }

    fn batch(&self, text: &[u8], peer: &Peer) -> Result<Batch, Problem> {
        let mut batch = Batch::default();
        let ingest: Timestamp = (self.clock)();
        for message in messages(text) {
            if message.len() > self.message_bytes_max {
                let max = self.message_bytes_max;
                return Err(Problem(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("a message has more than {max} bytes"),
                ));
            }
            let looked = look(message);
            let flaw = looked.problem.map(|why| Flaw::Problem(why.into()));
            let attributes = peer.attributes(flaw.as_ref());
            note(&self.counters, message, &attributes, flaw.as_ref());
            batch.push(message, &attributes, ingest, looked.source);
        }
        if batch.is_empty() {
            return Err(Problem(StatusCode::BAD_REQUEST, "the body is empty".into()));
        }
        Ok(batch)
    }
}

/// The bytes tell more than the header: graypy and pygelf say `gzip,deflate` of what is zlib.
fn codec(body: &[u8], headers: &HeaderMap) -> Result<Option<Codec>, Problem> {
    let sniffed = Codec::sniff(body);
    if sniffed.is_some() || body.trim_ascii_start().starts_with(b"{") {
        return Ok(sniffed);
    }
    body::encoding(headers).map_err(|e| Problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, e.to_string()))
}

/// The body when it is one JSON value, else its lines that are not blank.
fn messages(body: &[u8]) -> Vec<&[u8]> {
    let body = body.trim_ascii();
    let is_one = !body.contains(&b'\n') || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let lines = body.split(move |&b| b == b'\n' && !is_one);
    lines.map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect()
}

fn of_body(e: BodyError) -> Problem {
    let status = match e {
        BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::Silent(_) => StatusCode::REQUEST_TIMEOUT,
        BodyError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    Problem(status, e.to_string())
}

fn of_inflating(e: InflateError) -> Problem {
    let status = match e {
        InflateError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        InflateError::Broken(_) => StatusCode::BAD_REQUEST,
    };
    Problem(status, format!("the body {e}"))
}
