//! The receiver without a port of its own.

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::post;
use gastrolog_ingest::{Clock, Counters, Sink};
use gastrolog_net::WebIngest;
use gastrolog_net::web::{Problem, Taken, Web, own_attributes};

use crate::config::OtlpConfig;
use crate::gather::{Fault, Gather, Limits};
use crate::{grpc, http, json, protobuf};

/// Routes to merge into a server, or into a port of their own.
#[derive(Clone)]
pub struct OtlpIngest(Arc<Inner>);

struct Inner {
    config: OtlpConfig,
    web: Web,
    clock: Clock,
}

impl WebIngest for OtlpIngest {
    fn name(&self) -> &str {
        &self.0.config.name
    }

    fn kind(&self) -> &'static str {
        "otlp"
    }

    fn counters(&self) -> Arc<Counters> {
        self.0.web.counters()
    }

    /// `POST /v1/logs`, and the gRPC method `LogsService/Export`.
    fn router(&self) -> Router {
        Router::new()
            .route("/v1/logs", post(http::export))
            .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", post(grpc::export))
            .with_state(self.clone())
    }
}

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Protobuf,
    Json,
}

impl OtlpIngest {
    /// A receiver into `sink`.
    pub fn new(config: OtlpConfig, sink: Arc<dyn Sink>, clock: Clock) -> OtlpIngest {
        let web = Web::new(config.web, sink);
        OtlpIngest(Arc::new(Inner { config, web, clock }))
    }

    pub(crate) fn web(&self) -> &Web {
        &self.0.web
    }

    /// What takes the bytes of a request apart.
    pub(crate) fn taker(
        &self,
        parts: &Parts,
        form: Form,
    ) -> impl FnOnce(&[u8]) -> Result<Taken<()>, Problem> + Send + 'static {
        let inner = self.0.clone();
        let own = own_attributes(&inner.config.name, parts);
        move |bytes| {
            let limits = Limits {
                text_bytes: inner.config.text_bytes_max.min(1 << 30),
                records: inner.config.records_max,
            };
            let mut gather = Gather::new(own, (inner.clock)(), limits);
            let read = match form {
                Form::Protobuf => protobuf::read(bytes, &mut gather),
                // A text that is not UTF-8 is not JSON; the rest of the request is worth more than these bytes.
                Form::Json => json::read(&String::from_utf8_lossy(bytes), &mut gather),
            };
            read.map_err(|fault| match fault {
                Fault::Malformed(text) => Problem::Bad(text),
                Fault::TooLarge(text) => Problem::TooLarge(text),
            })?;
            let (batch, malformed) = gather.finish();
            Ok(Taken::new(batch, malformed))
        }
    }
}
