//! The routes: from a request to an answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use gastrolog_ingest::{Clock, Counters, Sink};
use gastrolog_net::WebIngest;
use gastrolog_net::web::{Web, own_attributes};

use crate::bulk::Reader;
use crate::config::ElasticConfig;
use crate::{answer, stubs};

/// Routes to merge into a server, or into a port of their own.
#[derive(Clone)]
pub struct ElasticIngest(Arc<Inner>);

struct Inner {
    config: ElasticConfig,
    web: Web,
    clock: Clock,
}

impl ElasticIngest {
    /// Where it is found on a port that it shares: its own paths would take too many of the others.
    pub const PREFIX: &str = "/elastic";

    /// A receiver into `sink`.
    pub fn new(config: ElasticConfig, sink: Arc<dyn Sink>, clock: Clock) -> ElasticIngest {
        let web = Web::new(config.web, sink);
        ElasticIngest(Arc::new(Inner { config, web, clock }))
    }

    /// Its routes on a port that it shares, below [`ElasticIngest::PREFIX`].
    pub fn shared_router(&self) -> Router {
        let root = format!("{}/", ElasticIngest::PREFIX);
        Router::new().nest(ElasticIngest::PREFIX, self.router()).route(&root, get(stubs::root))
    }
}

impl WebIngest for ElasticIngest {
    fn name(&self) -> &str {
        &self.0.config.name
    }

    fn kind(&self) -> &'static str {
        "elastic"
    }

    fn counters(&self) -> Arc<Counters> {
        self.0.web.counters()
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/_bulk", post(bulk).put(bulk))
            .route("/{index}/_bulk", post(bulk_of).put(bulk_of))
            .with_state(self.clone())
            .merge(stubs::router())
    }
}

async fn bulk(State(ingest): State<ElasticIngest>, request: Request) -> Response {
    ingest.answer(None, request).await
}

async fn bulk_of(
    State(ingest): State<ElasticIngest>,
    Path(index): Path<String>,
    request: Request,
) -> Response {
    ingest.answer(Some(index), request).await
}

impl ElasticIngest {
    async fn answer(&self, index: Option<String>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let ElasticConfig { name, actions_max, .. } = &self.0.config;
        let reader = Reader {
            own: own_attributes(name, &parts),
            index,
            ingest: (self.0.clock)(),
            actions_max: *actions_max,
        };
        let stored = self.0.web.store(&parts, body, move |bytes| reader.read(bytes)).await;
        match stored {
            Ok((accepted, actions)) => {
                let first_seq = accepted.map_or(0, |accepted| accepted.first_seq);
                answer::json(StatusCode::OK, answer::items(&actions, first_seq))
            }
            Err(problem) => answer::refuse(&problem),
        }
    }
}
