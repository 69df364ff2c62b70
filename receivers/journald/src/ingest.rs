//! The route: from a request to an answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use gastrolog_ingest::{Clock, Counters, Sink};
use gastrolog_net::WebIngest;
use gastrolog_net::web::own_attributes;
use tokio::sync::Semaphore;

use crate::config::JournaldConfig;
use crate::entry::Entries;
use crate::upload;

/// Routes to merge into a server, or into a port of their own.
#[derive(Clone)]
pub struct JournaldIngest(Arc<Inner>);

struct Inner {
    config: JournaldConfig,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
    uploads: Semaphore,
}

impl JournaldIngest {
    /// A receiver into `sink`.
    pub fn new(config: JournaldConfig, sink: Arc<dyn Sink>, clock: Clock) -> JournaldIngest {
        let uploads = Semaphore::new(config.uploads_max.max(1));
        JournaldIngest(Arc::new(Inner { config, sink, clock, counters: Arc::default(), uploads }))
    }
}

impl WebIngest for JournaldIngest {
    fn name(&self) -> &str {
        &self.0.config.name
    }

    fn kind(&self) -> &'static str {
        "journald"
    }

    fn counters(&self) -> Arc<Counters> {
        self.0.counters.clone()
    }

    fn router(&self) -> Router {
        Router::new().route("/upload", post(receive)).with_state(self.clone())
    }
}

async fn receive(State(ingest): State<JournaldIngest>, request: Request) -> Response {
    let Inner { config, sink, clock, counters, uploads } = &*ingest.0;
    let (parts, body) = request.into_parts();
    // Never closed; whoever comes when all are taken is delayed and not refused.
    let _turn = uploads.acquire().await;
    let entries = Entries::new(own_attributes(&config.name, &parts), clock());
    match upload::receive(body, entries, config, sink, counters).await {
        Ok(()) => (StatusCode::ACCEPTED, "OK.\n").into_response(),
        Err(error) => {
            counters.fault();
            (StatusCode::REQUEST_TIMEOUT, format!("{error}\n")).into_response()
        }
    }
}
