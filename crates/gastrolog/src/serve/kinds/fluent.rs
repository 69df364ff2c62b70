//! `kind = "fluent"`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::bail;
use gastrolog_receiver_fluent::{FluentConfig, FluentReceiver, Security};
use serde::Deserialize;

use super::super::binding::Binding;
use super::super::config::bytes;
use super::Kind;
use super::tls::TlsKeys;

/// The name of the server in a handshake, where none is given.
const HOSTNAME: &str = "gastrolog";

/// Fluent Forward.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FluentKeys {
    /// The `receiver` attribute of its records; left out: `fluent`.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// Where to listen, and to answer heartbeats.
    listen: SocketAddr,
    /// The certificate to show.
    tls: Option<TlsKeys>,
    /// Senders must know this key.
    shared_key: Option<String>,
    /// The name of this server in the handshake.
    hostname: Option<String>,
    /// Senders must be one of these, and know its password.
    #[serde(default)]
    users: BTreeMap<String, String>,
    /// Whether the heartbeat over UDP is answered.
    heartbeat: Option<bool>,
    /// Longest message.
    #[serde(default, deserialize_with = "bytes")]
    message_bytes_max: Option<u64>,
}

impl Kind for FluentKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.shared_key.is_none() && (!self.users.is_empty() || self.hostname.is_some()) {
            bail!("`users` and `hostname` of a fluent receiver need a `shared_key`");
        }
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let security = self.shared_key.clone().map(|shared_key| Security {
            shared_key,
            hostname: self.hostname.clone().unwrap_or_else(|| HOSTNAME.to_owned()),
            users: self.users.clone(),
        });
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let mut config = FluentConfig { name, listen: self.listen, tls, security, ..FluentConfig::default() };
        config.heartbeat = self.heartbeat.unwrap_or(config.heartbeat);
        if let Some(max) = self.message_bytes_max {
            config.messages.bytes_max = usize::try_from(max)?;
        }
        let bound = FluentReceiver::bind(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        let scheme = if self.tls.is_some() { "tls" } else { "tcp" };
        binding.say(format!("fluent {scheme}://{}", bound.addr()));
        binding.add(bound);
        Ok(())
    }
}
