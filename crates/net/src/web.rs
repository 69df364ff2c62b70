//! From an HTTP request to records in the store: what receivers of HTTP protocols share. How records are found in a
//! body, and how a sender is answered, is theirs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use gastrolog_ingest::samples::{Cause, Input};
use gastrolog_ingest::{Accepted, Counters, DropReason, Sink, SinkError};
use gastrolog_types::Batch;
use tokio::sync::Semaphore;

use crate::Memory;
use crate::body::{self, BodyError, HeldBody};
use crate::inflate::{Codec, InflateError, InflateLimits, UnknownCodec, inflate};

/// Seconds after which a sender should try again.
pub const RETRY_AFTER_S: u32 = 1;

/// What requests may take.
#[derive(Clone, Copy, Debug)]
pub struct WebLimits {
    /// A body may have this many bytes, as sent and after inflating.
    pub body_bytes_max: usize,
    /// A body may inflate to this many times its size (up to 1 MiB inflated always passes).
    pub inflate_ratio_max: usize,
    /// What all bodies together may hold as they came; requests beyond it wait.
    pub memory_bytes: usize,
    /// Bodies that are taken apart and stored at once.
    pub at_once: usize,
    /// How long a request waits for memory before the sender is told to come again.
    pub wait: Duration,
    /// How long a sender may be silent in the middle of a body.
    pub idle: Duration,
}

impl Default for WebLimits {
    fn default() -> Self {
        WebLimits {
            body_bytes_max: 64 << 20,
            inflate_ratio_max: 250,
            memory_bytes: 256 << 20,
            at_once: 4,
            wait: Duration::from_secs(5),
            idle: Duration::from_secs(30),
        }
    }
}

/// Why nothing of a request was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It does not follow the protocol, or the store can never take it.
    #[error("{0}")]
    Bad(String),
    /// It must be sent in parts.
    #[error("{0}")]
    TooLarge(String),
    /// It is compressed in a way that is not understood.
    #[error(transparent)]
    Encoding(#[from] UnknownCodec),
    /// It stopped coming.
    #[error("{0}")]
    Silent(String),
    /// Too much at once.
    #[error("too many requests at once; try again")]
    Busy,
    /// The store is away.
    #[error("{0}")]
    Unavailable(String),
}

impl Problem {
    /// The status that says so.
    pub fn status(&self) -> StatusCode {
        match self {
            Problem::Bad(_) => StatusCode::BAD_REQUEST,
            Problem::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Problem::Silent(_) => StatusCode::REQUEST_TIMEOUT,
            Problem::Busy => StatusCode::TOO_MANY_REQUESTS,
            Problem::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether the sender should keep what it has and come again.
    pub fn passes(&self) -> bool {
        matches!(self, Problem::Busy | Problem::Unavailable(_))
    }

    /// An answer with this body; with `Retry-After` where that makes sense.
    pub fn answer(&self, content_type: &'static str, body: impl Into<Body>) -> Response {
        let mut response = Response::new(body.into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.passes() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        response
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Problem {
        match error {
            BodyError::TooLarge(_) => Problem::TooLarge(error.to_string()),
            BodyError::Silent(_) => Problem::Silent(error.to_string()),
            BodyError::Busy(_) => Problem::Busy,
        }
    }
}

impl From<InflateError> for Problem {
    fn from(error: InflateError) -> Problem {
        match error {
            InflateError::TooLarge(_) => Problem::TooLarge(format!("the body {error}")),
            InflateError::Broken(_) => Problem::Bad(format!("the body {error}")),
        }
    }
}

/// What a body was taken apart into.
#[derive(Debug)]
pub struct Taken<T> {
    /// The records.
    pub batch: Batch,
    /// Records among them that do not follow the protocol.
    pub malformed: u64,
    /// What the answer needs to know.
    pub note: T,
}

impl Taken<()> {
    /// Records, some of them malformed.
    pub fn new(batch: Batch, malformed: u64) -> Taken<()> {
        Taken { batch, malformed, note: () }
    }
}

/// What is known of a request beside its body.
struct Seen {
    peer: String,
    /// The body may be compressed though no header of HTTP says so.
    packed: bool,
}

/// The way of requests into a store. Clones share limits and counters.
#[derive(Clone)]
pub struct Web {
    limits: WebLimits,
    memory: Memory,
    working: Arc<Semaphore>,
    sink: Arc<dyn Sink>,
    counters: Arc<Counters>,
}

impl Web {
    /// Into `sink`.
    pub fn new(limits: WebLimits, sink: Arc<dyn Sink>) -> Web {
        Web {
            memory: Memory::new(limits.memory_bytes.max(limits.body_bytes_max), limits.wait),
            working: Arc::new(Semaphore::new(limits.at_once.max(1))),
            limits,
            sink,
            counters: Arc::default(),
        }
    }

    /// What has been counted.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Where records go.
    pub fn sink(&self) -> Arc<dyn Sink> {
        self.sink.clone()
    }

    /// What requests may take.
    pub fn limits(&self) -> &WebLimits {
        &self.limits
    }

    /// Reads the body, inflates it as its headers say, lets `take` find the records in it, and stores them. `Ok` means
    /// that they are durable; `None` that there were none.
    pub async fn store<T: Send + 'static>(
        &self,
        parts: &Parts,
        body: Body,
        take: impl FnOnce(Vec<u8>) -> Result<Taken<T>, Problem> + Send + 'static,
    ) -> Result<(Option<Accepted>, T), Problem> {
        match body::encoding(&parts.headers) {
            Ok(codec) => self.store_inflated(parts, body, codec, take).await,
            Err(unknown) => Err(self.failed(&peer(parts), Problem::from(unknown), Input::default())),
        }
    }

    /// Like [`Web::store`], for protocols that have a word of their own for the compression, or always compress.
    pub async fn store_inflated<T: Send + 'static>(
        &self,
        parts: &Parts,
        body: Body,
        codec: Option<Codec>,
        take: impl FnOnce(Vec<u8>) -> Result<Taken<T>, Problem> + Send + 'static,
    ) -> Result<(Option<Accepted>, T), Problem> {
        let peer = peer(parts);
        let held = match self.read(&parts.headers, body).await {
            Ok(held) => held,
            Err(problem) => return Err(self.failed(&peer, problem, Input::default())),
        };
        // A message of gRPC may be compressed by itself.
        let packed = media_type(&parts.headers).starts_with("application/grpc");
        self.store_held(held, codec, Seen { peer, packed }, take).await
    }

    /// Counts what keeps a request from being stored, if that is its sender's doing, and takes a sample.
    fn failed(&self, peer: &str, problem: Problem, input: Input<'_>) -> Problem {
        if !problem.passes() {
            self.counters.parse_error();
            let too_long = matches!(problem, Problem::TooLarge(_));
            let cause = if too_long { Cause::TooLong } else { Cause::Malformed };
            self.counters.sample(cause, peer, &problem, input);
        }
        problem
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<HeldBody, Problem> {
        let WebLimits { body_bytes_max, idle, .. } = self.limits;
        Ok(body::read(body, headers, &self.memory, body_bytes_max, idle).await?)
    }

    async fn store_held<T: Send + 'static>(
        &self,
        held: HeldBody,
        codec: Option<Codec>,
        seen: Seen,
        take: impl FnOnce(Vec<u8>) -> Result<Taken<T>, Problem> + Send + 'static,
    ) -> Result<(Option<Accepted>, T), Problem> {
        // Held until the records are durable: it bounds what bodies grow to.
        let working = self.working.clone().acquire_owned().await.map_err(|_| Problem::Busy)?;
        let web = self.clone();
        // A sender that hangs up does not stop what was begun, nor its being counted.
        tokio::task::spawn_blocking(move || {
            let HeldBody { bytes, memory } = held;
            let Seen { peer, packed } = seen;
            let bytes = match codec {
                Some(codec) => web
                    .inflate(codec, &bytes)
                    .map_err(|e| web.failed(&peer, e, Input::from(&bytes[..]).packed(true)))?,
                None => bytes,
            };
            let kept = web.counters.keep(&bytes);
            let Taken { batch, malformed, note } =
                take(bytes).map_err(|e| web.failed(&peer, e, Input::from(&kept).packed(packed)))?;
            web.counters.malformed_records(&batch, malformed);
            let accepted = web.append(batch)?;
            drop((memory, working));
            Ok((accepted, note))
        })
        .await
        .unwrap_or_else(|e| Err(Problem::Unavailable(format!("the request could not be worked on: {e}"))))
    }

    /// Inflates within the limits.
    pub fn inflate(&self, codec: Codec, bytes: &[u8]) -> Result<Vec<u8>, Problem> {
        let WebLimits { body_bytes_max, inflate_ratio_max, .. } = self.limits;
        let limits = InflateLimits { bytes_max: body_bytes_max, ratio_max: inflate_ratio_max };
        Ok(inflate(codec, bytes, &limits)?)
    }

    fn append(&self, batch: Batch) -> Result<Option<Accepted>, Problem> {
        let count = batch.len() as u64;
        if count == 0 {
            return Ok(None);
        }
        self.counters.received_batch(&batch);
        let first = self.counters.keep_first(&batch);
        match self.counters.timed(|| self.sink.append(batch)) {
            Ok(accepted) => {
                self.counters.accepted(&accepted);
                Ok(Some(accepted))
            }
            Err(e @ SinkError::Unavailable(_)) => {
                self.counters.store_away();
                self.counters.dropped(DropReason::HandedBack, count);
                Err(Problem::Unavailable(e.to_string()))
            }
            Err(e @ SinkError::Refused(_)) => {
                self.counters.parse_error();
                self.counters.refused(&first, &e, count);
                Err(Problem::Bad(e.to_string()))
            }
        }
    }
}

/// `receiver` and `peer`, the attributes of every record.
pub fn own_attributes(receiver: &str, parts: &Parts) -> Vec<(String, Vec<u8>)> {
    let mut pairs = vec![("receiver".to_owned(), receiver.as_bytes().to_vec())];
    let peer = peer(parts);
    if !peer.is_empty() {
        pairs.push(("peer".to_owned(), peer.into_bytes()));
    }
    pairs
}

/// The address of who sends a request; empty where there is none.
pub fn peer(parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string()).unwrap_or_default()
}

/// The media type of a request, without parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}
