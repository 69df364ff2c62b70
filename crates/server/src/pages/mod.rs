//! Pages for those who watch the server: `/metrics`, `/health`, `/ready`.

mod metrics;
mod ready;
mod text;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gastrolog_engine::Service;
use gastrolog_env::{ProcessUsage, udp_sockets};
use gastrolog_ingest::Roster;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::Now;

/// Pages that are made at the same time: each takes a thread.
const AT_ONCE: usize = 4;

/// What the pages tell of.
pub(crate) struct Pages {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) stop: CancellationToken,
    pub(crate) now: Now,
}

#[derive(Clone)]
struct Shared {
    pages: Arc<Pages>,
    started_seconds: f64,
    free: Arc<Semaphore>,
}

impl Pages {
    /// The routes of the pages.
    pub(crate) fn into_router(self) -> Router {
        let started_seconds = (self.now)().0 as f64 / 1e9;
        let shared =
            Shared { pages: Arc::new(self), started_seconds, free: Arc::new(Semaphore::new(AT_ONCE)) };
        Router::new()
            .route("/health", get(|| async { "alive\n" }))
            .route("/ready", get(is_ready))
            .route("/metrics", get(show_metrics))
            .with_state(shared)
    }
}

impl Shared {
    /// Makes a page where it may block.
    async fn make(self, page: impl FnOnce(&Shared) -> Response + Send + 'static) -> Response {
        let Ok(permit) = self.free.clone().acquire_owned().await else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let made = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            page(&self)
        });
        made.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

async fn is_ready(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let wanted = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("");
    let as_json = wanted.contains("application/json");
    let page = move |shared: &Shared| {
        let pages = &shared.pages;
        let reasons = ready::reasons(pages.stop.is_cancelled(), pages.service.stores());
        let (status, kind, text) = ready::answer(&reasons, as_json);
        (status, [(header::CONTENT_TYPE, kind)], text).into_response()
    };
    shared.make(page).await
}

async fn show_metrics(State(shared): State<Shared>) -> Response {
    let page = |shared: &Shared| {
        let pages = &shared.pages;
        let measured = metrics::Measured {
            started_seconds: shared.started_seconds,
            process: ProcessUsage::now(),
            udp: udp_sockets(),
            receivers: pages.roster.measures(),
            routes: pages.roster.routes().status(),
            // A service that is not the engine does not know.
            engine: pages.service.measures().ok(),
        };
        ([(header::CONTENT_TYPE, text::CONTENT_TYPE)], metrics::page(&measured)).into_response()
    };
    shared.make(page).await
}
