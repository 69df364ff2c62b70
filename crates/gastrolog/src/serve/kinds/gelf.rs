//! `kind = "gelf"`, and `POST /gelf` on the port of the API.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::bail;
use gastrolog_receiver_gelf::{GelfConfig, GelfIngest, GelfReceiver};
use serde::Deserialize;

use super::super::binding::Binding;
use super::super::config::bytes;
use super::Kind;
use super::tls::TlsKeys;

/// Name of the receiver on the port of the API.
const ON_API: &str = "gelf-http";

/// GELF over UDP, TCP and HTTP.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GelfKeys {
    /// The `receiver` attribute of its records; left out: `gelf`.
    pub(crate) name: Option<String>,
    /// Where records go; left out: `default`.
    pub(crate) store: Option<String>,
    /// Listen here for datagrams.
    pub(crate) udp: Option<SocketAddr>,
    /// Listen here for connections.
    pub(crate) tcp: Option<SocketAddr>,
    /// Listen here for requests.
    pub(crate) http: Option<SocketAddr>,
    /// The certificate to show on `tcp` and `http`.
    pub(crate) tls: Option<TlsKeys>,
    /// Longest message.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) message_bytes_max: Option<u64>,
}

impl Kind for GelfKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.udp.is_none() && self.tcp.is_none() && self.http.is_none() {
            bail!("a gelf receiver needs `udp`, `tcp` or `http`");
        }
        if self.tls.is_some() && self.tcp.is_none() && self.http.is_none() {
            bail!("`tls` of a gelf receiver is for `tcp` and `http`, which it does not have");
        }
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let GelfKeys { udp, tcp, http, .. } = *self;
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let (stream, web) = if tls.is_some() { ("tls", "https") } else { ("tcp", "http") };
        let mut config = GelfConfig { name, udp, tcp, http, tls, ..GelfConfig::default() };
        if let Some(max) = self.message_bytes_max {
            config.message_bytes_max = usize::try_from(max)?;
        }
        let bound = GelfReceiver::bind(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        let ports = [("udp", bound.udp_addr()), (stream, bound.tcp_addr()), (web, bound.http_addr())];
        for (scheme, address) in ports {
            if let Some(address) = address {
                binding.say(format!("gelf {scheme}://{address}"));
            }
        }
        binding.add(bound);
        Ok(())
    }
}

pub(super) fn on_api(binding: &mut Binding<'_>) {
    let max = GelfConfig::default().message_bytes_max;
    binding.begin(ON_API);
    let ingest = GelfIngest::new(ON_API, max, binding.default_sink(), binding.clock(), Arc::default());
    binding.add_routes(ON_API, "gelf", ingest.router(), ingest.counters());
}
