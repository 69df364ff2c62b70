//! `kind = "relp"`.

use std::net::SocketAddr;

use gastrolog_receiver_relp::{RelpConfig, RelpReceiver};
use serde::Deserialize;

use super::super::binding::Binding;
use super::super::config::bytes;
use super::Kind;
use super::tls::TlsKeys;

/// RELP, plain or over TLS.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelpKeys {
    /// The `receiver` attribute of its records; left out: `relp`.
    pub(crate) name: Option<String>,
    /// Where records go; left out: `default`.
    pub(crate) store: Option<String>,
    /// Listen here.
    pub(crate) listen: SocketAddr,
    /// The certificate to show.
    pub(crate) tls: Option<TlsKeys>,
    /// Longest message.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) message_bytes_max: Option<u64>,
}

impl Kind for RelpKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let scheme = if tls.is_some() { "tls" } else { "tcp" };
        let mut config = RelpConfig { name, listen: self.listen, tls, ..RelpConfig::default() };
        if let Some(max) = self.message_bytes_max {
            config.message_bytes_max = usize::try_from(max)?;
        }
        let bound = RelpReceiver::bind(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        binding.say(format!("relp {scheme}://{}", bound.addr()));
        binding.add(bound);
        Ok(())
    }
}
