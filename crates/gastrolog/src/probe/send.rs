//! Which sender a kind of receiver needs, and what it sends.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gastrolog_receiver_elastic::ElasticIngest;
use serde_json::json;

use super::is_tls;
use super::tls::Trust;
use super::wire::{self, Answer, Peer};
use crate::clock;

/// A record to send.
pub(super) struct Probe<'a> {
    /// What it is found by.
    pub(super) id: &'a str,
    /// Its text.
    pub(super) text: &'a str,
}

/// Sends the probe to the receiver of `kind` at `address`, as the list of receivers has it (`tcp://…`). `None`: nothing
/// can be sent there, for this reason.
pub(super) fn send(
    kind: &str,
    name: &str,
    address: &str,
    probe: &Probe<'_>,
    trust: &Trust,
) -> Result<Answer, String> {
    let Some((scheme, to)) = address.split_once("://") else {
        return Err(no_port(kind));
    };
    let to = reachable(to.parse().map_err(|_| no_port(kind))?);
    let to = Peer { to, tls: Some(trust).filter(|_| is_tls(address)) };
    let Probe { id, text } = probe;
    let now = clock::now().0;
    let post = |path: &str, body: String| wire::post(&to, path, "application/json", body.as_bytes());
    let syslog = format!("<14>1 - gastrolog gastrolog - test - {text}");
    let gelf = json!({ "version": "1.1", "host": "gastrolog", "short_message": text }).to_string();
    Ok(match (kind, scheme) {
        ("syslog", "udp") => wire::datagram(&to, syslog.as_bytes()),
        ("syslog", _) => wire::stream(&to, format!("{syslog}\n").as_bytes()),
        ("relp", _) => wire::relp(&to, &syslog),
        ("gelf", "udp") => wire::datagram(&to, gelf.as_bytes()),
        ("gelf", "tcp" | "tls") => wire::stream(&to, format!("{gelf}\0").as_bytes()),
        ("gelf", _) => post("/gelf", gelf),
        ("http", _) => wire::post(&to, "/ingest", "text/plain", text.as_bytes()),
        ("otlp", _) => {
            let record = json!({ "timeUnixNano": now.to_string(), "body": { "stringValue": text } });
            post(
                "/v1/logs",
                json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record] }] }] }).to_string(),
            )
        }
        ("loki", _) => {
            let stream = json!({ "stream": { "job": "gastrolog" }, "values": [[now.to_string(), text]] });
            post("/loki/api/v1/push", json!({ "streams": [stream] }).to_string())
        }
        ("elastic", _) => {
            let prefix = if name == "elastic-api" { ElasticIngest::PREFIX } else { "" };
            let (action, event) =
                (json!({ "create": { "_index": "gastrolog" } }), json!({ "message": text }));
            let body = format!("{action}\n{event}\n");
            wire::post(&to, &format!("{prefix}/_bulk"), "application/x-ndjson", body.as_bytes())
        }
        ("journald", _) => {
            let body = format!("__REALTIME_TIMESTAMP={}\nMESSAGE={text}\n\n", now / 1000);
            wire::post(&to, "/upload", "application/vnd.fdo.journal", body.as_bytes())
        }
        ("beats", _) => wire::beats(&to, &json!({ "message": text }).to_string()),
        ("fluent", _) => wire::fluent(&to, u32::try_from(now / 1_000_000_000).unwrap_or(0), text, id),
        _ => return Err(no_port(kind)),
    })
}

/// Why nothing can be sent.
fn no_port(kind: &str) -> String {
    format!("nothing can be sent to a receiver of kind {kind}")
}

/// Who listens everywhere is reached by way of loopback.
fn reachable(to: SocketAddr) -> SocketAddr {
    let ip = match to.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, to.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::TlsArgs;

    #[test]
    fn what_cannot_be_tested_says_why() {
        let (probe, trust) = (Probe { id: "i", text: "t" }, Trust::new(&TlsArgs::default()).unwrap());
        let said = |kind, address| send(kind, "x", address, &probe, &trust).err().unwrap_or_default();
        assert!(said("chatterbox", "seed=1 rate=10").contains("chatterbox"));
        assert!(said("pigeon", "udp://127.0.0.1:1").contains("pigeon"));
    }

    #[test]
    fn everywhere_is_loopback() {
        for (to, reached) in
            [("0.0.0.0:5", "127.0.0.1:5"), ("[::]:5", "[::1]:5"), ("10.0.0.1:5", "10.0.0.1:5")]
        {
            assert_eq!(reachable(to.parse().unwrap()), reached.parse().unwrap());
        }
    }
}
