//! `kind = "syslog"`.

use std::net::SocketAddr;

use anyhow::bail;
use gastrolog_receiver_syslog::{SyslogConfig, SyslogReceiver};
use serde::Deserialize;

use super::super::binding::Binding;
use super::super::config::bytes;
use super::Kind;
use super::tls::TlsKeys;

/// Syslog over UDP, TCP and TLS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyslogKeys {
    /// The `receiver` attribute of its records; left out: `syslog`.
    pub(crate) name: Option<String>,
    /// Where records go; left out: `default`.
    pub(crate) store: Option<String>,
    /// Listen here for datagrams.
    pub(crate) udp: Option<SocketAddr>,
    /// Listen here for connections.
    pub(crate) tcp: Option<SocketAddr>,
    /// The certificate to show on `tcp`.
    pub(crate) tls: Option<TlsKeys>,
    /// Sockets for datagrams, each with a thread.
    pub(crate) udp_sockets: Option<usize>,
    /// Longest message.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) message_bytes_max: Option<u64>,
}

impl Kind for SyslogKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.udp.is_none() && self.tcp.is_none() {
            bail!("a syslog receiver needs `udp`, `tcp` or both");
        }
        if self.tls.is_some() && self.tcp.is_none() {
            bail!("`tls` of a syslog receiver is for `tcp`, which it does not have");
        }
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let tls = self.tls.as_ref().map(TlsKeys::files);
        let mut config = SyslogConfig { name, udp: self.udp, tcp: self.tcp, tls, ..SyslogConfig::default() };
        config.udp_sockets = self.udp_sockets.unwrap_or(config.udp_sockets);
        if let Some(max) = self.message_bytes_max {
            config.message_bytes_max = usize::try_from(max)?;
        }
        let bound = SyslogReceiver::bind(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        let stream = if self.tls.is_some() { "tls" } else { "tcp" };
        let ports = [("udp", bound.udp_addr()), (stream, bound.tcp_addr())];
        for (scheme, address) in ports {
            if let Some(address) = address {
                binding.say(format!("syslog {scheme}://{address}"));
            }
        }
        binding.add(bound);
        Ok(())
    }
}
