//! `POST /ingest`, on the port of the API and on ports of its own.

use std::net::SocketAddr;

use gastrolog_net::ConnectionLimits;
use gastrolog_receiver_http::{HttpConfig, HttpIngest, HttpReceiver};
use serde::Deserialize;

use super::super::binding::Binding;
use super::super::tagged::Extra;
use super::Kind;
use super::tls::TlsKeys;

/// What one is called that has no name: `http` is the one on the port of the API.
const NAME: &str = "http-port";

/// `POST /ingest` on a port of its own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpKeys {
    /// The `receiver` attribute of its records; left out: `http-port`.
    name: Option<String>,
    /// Where records go for which the request names no store; left out: `default`.
    store: Option<String>,
    /// What its records have beside.
    #[serde(default)]
    attributes: Extra,
    /// Listen here.
    listen: SocketAddr,
    /// The certificate to show.
    tls: Option<TlsKeys>,
}

impl Kind for HttpKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref().or(Some(NAME))
    }

    fn attributes(&self) -> &Extra {
        &self.attributes
    }

    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut config = HttpConfig { name, ..HttpConfig::default() };
        config.store = self.store.clone().unwrap_or(config.store);
        let (sinks, limits) = (binding.sinks(&config.store)?, ConnectionLimits::default());
        let bound = HttpReceiver::bind(self.listen, tls.as_ref(), config, limits, sinks, binding.clock())?;
        binding.say(format!("http {scheme}://{}", bound.addr()));
        binding.add(bound);
        Ok(())
    }
}

/// Serves it on the port of the API.
pub(super) fn on_api(binding: &mut Binding<'_>) {
    binding.begin("http");
    let ingest = HttpIngest::new(HttpConfig::default(), binding.default_sinks(), binding.clock());
    binding.add_routes("http", "http", ingest.router(), ingest.counters());
}
