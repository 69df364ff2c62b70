//! `kind = "beats"`.

use std::net::SocketAddr;

use gastrolog_receiver_beats::{BeatsConfig, BeatsReceiver};
use serde::Deserialize;

use super::super::binding::Binding;
use super::super::config::bytes;
use super::Kind;
use super::tls::TlsKeys;

/// Beats: Lumberjack, version 2.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeatsKeys {
    /// The `receiver` attribute of its records; left out: `beats`.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// Where to listen.
    listen: SocketAddr,
    /// The certificate to show.
    tls: Option<TlsKeys>,
    /// Longest event.
    #[serde(default, deserialize_with = "bytes")]
    event_bytes_max: Option<u64>,
    /// Most events that are acknowledged at once.
    window_max: Option<usize>,
}

impl Kind for BeatsKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let mut config = BeatsConfig { name, listen: self.listen, tls, ..BeatsConfig::default() };
        config.window_max = self.window_max.unwrap_or(config.window_max);
        if let Some(max) = self.event_bytes_max {
            config.frames.event_bytes_max = usize::try_from(max)?;
        }
        let bound = BeatsReceiver::bind(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        let scheme = if self.tls.is_some() { "tls" } else { "tcp" };
        binding.say(format!("beats {scheme}://{}", bound.addr()));
        binding.add(bound);
        Ok(())
    }
}
