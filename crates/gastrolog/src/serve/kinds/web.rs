//! The kinds that speak HTTP and have nothing to configure but where: `otlp`, `loki`, `elastic`, `journald`. They are
//! served on the port of the API too.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use gastrolog_ingest::{Clock, Sink};
use gastrolog_net::{ConnectionLimits, WebIngest, WebReceiver};
use gastrolog_receiver_elastic::{ElasticConfig, ElasticIngest};
use gastrolog_receiver_journald::{JournaldConfig, JournaldIngest};
use gastrolog_receiver_loki::{LokiConfig, LokiIngest};
use gastrolog_receiver_otlp::{OtlpConfig, OtlpIngest};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;
use super::tls::TlsKeys;

/// A protocol over HTTP on a port of its own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub(crate) struct WebKeys<P> {
    /// The `receiver` attribute of its records; left out: the kind.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// Listen here.
    listen: SocketAddr,
    /// The certificate to show.
    tls: Option<TlsKeys>,
    #[serde(skip)]
    protocol: PhantomData<P>,
}

/// Which protocol.
pub(crate) trait Protocol {
    /// What speaks it.
    type Ingest: WebIngest;

    /// Makes what speaks it.
    fn make(name: String, sink: Arc<dyn Sink>, clock: Clock) -> Self::Ingest;

    /// Its routes on a port that it shares.
    fn shared(ingest: &Self::Ingest) -> Router {
        ingest.router()
    }
}

impl<P: Protocol> Kind for WebKeys<P> {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let ingest = P::make(name, binding.sink(self.store.as_deref())?, binding.clock());
        let bound = WebReceiver::bind(&ingest, self.listen, tls.as_ref(), ConnectionLimits::default())?;
        binding.say(format!("{} {scheme}://{}", ingest.kind(), bound.addr()));
        binding.add(bound);
        Ok(())
    }
}

/// Serves all of them on the port of the API.
pub(super) fn on_api(binding: &mut Binding<'_>) {
    add::<Otlp>("otlp-api", binding);
    add::<Loki>("loki-api", binding);
    add::<Elastic>("elastic-api", binding);
    add::<Journald>("journald-api", binding);
}

fn add<P: Protocol>(name: &str, binding: &mut Binding<'_>) {
    binding.begin(name);
    let ingest = P::make(name.to_owned(), binding.default_sink(), binding.clock());
    binding.add_routes(name, ingest.kind(), P::shared(&ingest), ingest.counters());
}

/// OTLP.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Otlp;

impl Protocol for Otlp {
    type Ingest = OtlpIngest;

    fn make(name: String, sink: Arc<dyn Sink>, clock: Clock) -> OtlpIngest {
        OtlpIngest::new(OtlpConfig { name, ..OtlpConfig::default() }, sink, clock)
    }
}

/// Loki's push API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Loki;

impl Protocol for Loki {
    type Ingest = LokiIngest;

    fn make(name: String, sink: Arc<dyn Sink>, clock: Clock) -> LokiIngest {
        LokiIngest::new(LokiConfig { name, ..LokiConfig::default() }, sink, clock)
    }
}

/// Elasticsearch's bulk API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Elastic;

impl Protocol for Elastic {
    type Ingest = ElasticIngest;

    fn make(name: String, sink: Arc<dyn Sink>, clock: Clock) -> ElasticIngest {
        ElasticIngest::new(ElasticConfig { name, ..ElasticConfig::default() }, sink, clock)
    }

    fn shared(ingest: &ElasticIngest) -> Router {
        ingest.shared_router()
    }
}

/// Uploads of the journal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Journald;

impl Protocol for Journald {
    type Ingest = JournaldIngest;

    fn make(name: String, sink: Arc<dyn Sink>, clock: Clock) -> JournaldIngest {
        JournaldIngest::new(JournaldConfig { name, ..JournaldConfig::default() }, sink, clock)
    }
}
