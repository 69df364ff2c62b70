//! The route: from a request to an answer.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use gastrolog_ingest::samples::{Cause, Input};
use gastrolog_ingest::{Clock, Counters, DropReason, Sink, SinkError};
use gastrolog_net::body::{self, HeldBody};
use gastrolog_net::inflate::{Codec, inflate};
use gastrolog_net::web::peer;
use gastrolog_net::{Memory, append};
use gastrolog_types::Attributes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::{Problem, Stored};
use crate::attributes::{self, Target};
use crate::config::{HttpConfig, SinkResolver};
use crate::records::{self, Records, Shape};

/// The receiver without a port of its own: a router to merge into a server, or to [`gastrolog_net::serve_http`].
#[derive(Clone)]
pub struct HttpIngest(Arc<Inner>);

struct Inner {
    config: HttpConfig,
    sinks: SinkResolver,
    clock: Clock,
    counters: Arc<Counters>,
    memory: Memory,
    inflating: Arc<Semaphore>,
}

type Parameters = Query<Vec<(String, String)>>;

impl HttpIngest {
    /// A receiver that asks `sinks` for the store of each request.
    pub fn new(mut config: HttpConfig, sinks: SinkResolver, clock: Clock) -> HttpIngest {
        // The offsets of a batch are 32 bits wide.
        config.body_bytes_max = config.body_bytes_max.min(1 << 30);
        let memory = Memory::new(config.memory_bytes.max(config.body_bytes_max), config.wait);
        let inflating = Arc::new(Semaphore::new(config.inflate_at_once.max(1)));
        HttpIngest(Arc::new(Inner { memory, inflating, config, sinks, clock, counters: Arc::default() }))
    }

    /// `POST /ingest` and `POST /ingest/{store}`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/ingest", post(to_default))
            .route("/ingest/{store}", post(to_named))
            .with_state(self.clone())
    }

    /// What it has counted so far.
    pub fn counters(&self) -> Arc<Counters> {
        self.0.counters.clone()
    }

    /// The name the operator gave it.
    pub fn name(&self) -> &str {
        &self.0.config.name
    }
}

async fn to_default(State(ingest): State<HttpIngest>, query: Parameters, request: Request) -> Response {
    ingest.0.answer(None, query, request).await
}

async fn to_named(
    State(ingest): State<HttpIngest>,
    Path(store): Path<String>,
    query: Parameters,
    request: Request,
) -> Response {
    ingest.0.answer(Some(store), query, request).await
}

/// All that is needed to store a request on a thread that may block.
struct Job {
    inner: Arc<Inner>,
    held: HeldBody,
    encoding: Option<Codec>,
    shape: Shape,
    attributes: Attributes,
    sink: Arc<dyn Sink>,
}

impl Inner {
    async fn answer(
        self: &Arc<Self>,
        store: Option<String>,
        query: Parameters,
        request: Request,
    ) -> Response {
        match self.take(store, query, request).await {
            Ok(stored) => stored.into_response(),
            Err(problem) => {
                if problem.is_of_the_sender() {
                    self.counters.parse_error();
                }
                self.counters.said(&problem);
                problem.into_response()
            }
        }
    }

    async fn take(
        self: &Arc<Self>,
        path_store: Option<String>,
        Query(query): Parameters,
        request: Request,
    ) -> Result<Stored, Problem> {
        let (parts, body) = request.into_parts();
        let peer = peer(&parts);
        let job = self.job(path_store, query, parts, body).await;
        let (job, inflating) = job.map_err(|e| sampled(&self.counters, &peer, e, Input::default()))?;
        tokio::task::spawn_blocking(move || {
            let done = job.run(&peer);
            drop(inflating);
            done
        })
        .await
        .unwrap_or_else(|e| Err(Problem::Internal(format!("the request could not be worked on: {e}"))))
    }

    /// Reads the request. What comes with it bounds how many are inflated at once.
    async fn job(
        self: &Arc<Self>,
        path_store: Option<String>,
        query: Vec<(String, String)>,
        parts: Parts,
        body: Body,
    ) -> Result<(Job, Option<OwnedSemaphorePermit>), Problem> {
        let Target { store, attributes } = attributes::target(&self.config.name, &parts, query)?;
        let store = path_store.or(store).unwrap_or_else(|| self.config.store.clone());
        let sink = (self.sinks)(&store).ok_or(Problem::NoStore(store))?;
        let encoding = body::encoding(&parts.headers)?;
        let shape = Shape::of(&parts.headers);
        let (max, idle) = (self.config.body_bytes_max, self.config.idle);
        let held = body::read(body, &parts.headers, &self.memory, max, idle).await?;
        // Held until the records are durable, like the memory of the body itself.
        let inflating = match encoding {
            Some(_) => Some(self.inflating.clone().acquire_owned().await.map_err(|_| Problem::Busy)?),
            None => None,
        };
        Ok((Job { inner: self.clone(), held, encoding, shape, attributes, sink }, inflating))
    }
}

impl Job {
    /// Counts here and not in the task that waits: a sender that hangs up does not stop what was begun.
    fn run(self, peer: &str) -> Result<Stored, Problem> {
        let Job { inner, held: HeldBody { bytes, memory }, encoding, shape, attributes, sink } = self;
        let (config, counters) = (&inner.config, &inner.counters);
        let (bytes, memory) = match encoding {
            Some(encoding) => {
                let inflated = inflate(encoding, &bytes, &config.inflate_limits())
                    .map_err(|e| sampled(counters, peer, e.into(), Input::from(&bytes[..]).packed(true)))?;
                drop((bytes, memory));
                (inflated, None)
            }
            None => (bytes, Some(memory)),
        };
        let kept = counters.keep(&bytes);
        let records = records::split(bytes, shape, attributes, (inner.clock)(), config)
            .map_err(|e| sampled(counters, peer, e, Input::from(&kept)))?;
        for (text, reason) in records.refused() {
            counters.sample(Cause::TooLong, peer, reason, text);
        }
        let stored = store(records, &*sink, counters);
        drop(memory);
        stored
    }
}

/// Takes a sample of what could not be taken apart; whether it is counted is decided with the answer.
fn sampled(counters: &Counters, peer: &str, problem: Problem, input: Input<'_>) -> Problem {
    if problem.is_of_the_sender() {
        let too_long = matches!(problem, Problem::TooLarge(_));
        counters.sample(if too_long { Cause::TooLong } else { Cause::Malformed }, peer, &problem, input);
    }
    problem
}

fn store(records: Records, sink: &dyn Sink, counters: &Counters) -> Result<Stored, Problem> {
    let Records { batch, refusals } = records;
    let refused = refusals.count as u64;
    counters.received(refused);
    counters.dropped(DropReason::TooLong, refused);
    if batch.is_empty() {
        return Ok(Stored::new(0, None, refusals));
    }
    match append(sink, batch, counters) {
        Ok(accepted) => Ok(Stored::new(accepted.count, Some(accepted.first_seq), refusals)),
        Err(e @ SinkError::Unavailable(_)) => Err(Problem::Unavailable(e.to_string())),
        Err(e @ SinkError::Refused(_)) => Err(Problem::BadRequest(e.to_string())),
    }
}
