//! The route: from a request to an answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use gastrolog_ingest::{Clock, Counters, Sink};
use gastrolog_net::WebIngest;
use gastrolog_net::body::encoding;
use gastrolog_net::inflate::Codec;
use gastrolog_net::web::{Problem, Taken, Web, media_type, own_attributes};

use crate::config::LokiConfig;
use crate::gather::{Gather, Limits};
use crate::{json, protobuf};

/// Who sends for several tenants says which by this.
const TENANT: &str = "x-scope-orgid";

/// Routes to merge into a server, or into a port of their own.
#[derive(Clone)]
pub struct LokiIngest(Arc<Inner>);

struct Inner {
    config: LokiConfig,
    web: Web,
    clock: Clock,
}

impl LokiIngest {
    /// A receiver into `sink`.
    pub fn new(config: LokiConfig, sink: Arc<dyn Sink>, clock: Clock) -> LokiIngest {
        let web = Web::new(config.web, sink);
        LokiIngest(Arc::new(Inner { config, web, clock }))
    }
}

impl WebIngest for LokiIngest {
    fn name(&self) -> &str {
        &self.0.config.name
    }

    fn kind(&self) -> &'static str {
        "loki"
    }

    fn counters(&self) -> Arc<Counters> {
        self.0.web.counters()
    }

    fn router(&self) -> Router {
        Router::new().route("/loki/api/v1/push", post(push)).with_state(self.clone())
    }
}

async fn push(State(ingest): State<LokiIngest>, request: Request) -> Response {
    match ingest.store(request).await {
        // Exactly this: some senders take any other answer for a failure.
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => problem.answer("text/plain; charset=utf-8", problem.to_string()),
    }
}

impl LokiIngest {
    async fn store(&self, request: Request) -> Result<(), Problem> {
        let (parts, body) = request.into_parts();
        let is_json = media_type(&parts.headers) == "application/json";
        let codec = codec(&parts.headers, is_json)?;
        let take = self.taker(&parts, is_json);
        self.0.web.store_inflated(&parts, body, codec, take).await?;
        Ok(())
    }

    fn taker(
        &self,
        parts: &Parts,
        is_json: bool,
    ) -> impl FnOnce(Vec<u8>) -> Result<Taken<()>, Problem> + Send + 'static {
        let inner = self.0.clone();
        let mut own = own_attributes(&inner.config.name, parts);
        if let Some(tenant) = parts.headers.get(TENANT) {
            own.push(("tenant".to_owned(), tenant.as_bytes().to_vec()));
        }
        move |bytes| {
            let LokiConfig { records_max: records, attribute_bytes_max: attribute_bytes, .. } = inner.config;
            let mut gather = Gather::new(own, (inner.clock)(), Limits { records, attribute_bytes });
            match is_json {
                true => json::read(&String::from_utf8_lossy(&bytes), &mut gather)?,
                false => protobuf::read(&bytes, &mut gather)?,
            }
            Ok(gather.finish())
        }
    }
}

/// Protobuf is in snappy, whether or not a header says so.
fn codec(headers: &HeaderMap, is_json: bool) -> Result<Option<Codec>, Problem> {
    let said = encoding(headers)?;
    Ok(if is_json { said } else { said.or(Some(Codec::Snappy)) })
}
