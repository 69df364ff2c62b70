//! The configuration of a server: a TOML file, refined by flags. Unknown keys are refused with their place.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use gastrolog_engine::QueryLimits;
use serde::{Deserialize, Deserializer};

use super::kinds::{ReceiverConfig, SyslogKeys, TailKeys};
use super::processing::{ProcessKeys, RouteKeys, RoutingKeys};
use crate::cli::ServeArgs;
use crate::units;

/// The port of the API and of HTTP ingest.
pub(crate) const PORT: u16 = 4780;

/// How long a query may take that a server answers, where nothing else is configured.
const SERVED_TIMEOUT: Duration = Duration::from_secs(300);

/// Everything that can be configured; the default is what `serve` does without a file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) server: ServerConfig,
    /// What one query may take.
    #[serde(default)]
    pub(crate) query: QueryConfig,
    /// What is kept in memory for the next query.
    #[serde(default)]
    pub(crate) cache: CacheConfig,
    /// Policies by store; a store that is not named here has the defaults.
    #[serde(default)]
    pub(crate) stores: BTreeMap<String, StoreConfig>,
    #[serde(default)]
    pub(crate) receivers: Vec<ReceiverConfig>,
    /// What is done with records on their way in, by receiver.
    #[serde(default)]
    pub(crate) process: BTreeMap<String, ProcessKeys>,
    /// Which records go to which stores, in this order.
    #[serde(default)]
    pub(crate) routes: Vec<RouteKeys>,
    /// What becomes of the others.
    #[serde(default)]
    pub(crate) routing: RoutingKeys,
    /// The server's own log of what could not be read or stored.
    #[serde(default)]
    pub(crate) errors: ErrorsConfig,
}

/// The server's own log; what is `None` is left to the engine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorsConfig {
    /// Whether it is written.
    pub(crate) enabled: Option<bool>,
    /// Drop what is older.
    #[serde(default, deserialize_with = "span")]
    pub(crate) retention_age: Option<Duration>,
    /// Drop the oldest above this size.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) retention_bytes: Option<u64>,
}

/// Where the server listens and keeps its data.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerConfig {
    /// Address of the API and of HTTP ingest.
    #[serde(default = "loopback")]
    pub(crate) listen: SocketAddr,
    /// Data directory, where `--store` does not name another.
    pub(crate) data_dir: Option<PathBuf>,
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig { listen: loopback(), data_dir: None }
    }
}

/// What one query may take; a request may ask for less.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryConfig {
    /// Wall time, what is waited for the reader not counted.
    #[serde(default, deserialize_with = "timeout")]
    pub(crate) timeout: Option<Timeout>,
    /// Records or rows that are returned.
    pub(crate) limit_rows: Option<u64>,
    /// Bytes read from the store.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) limit_bytes: Option<u64>,
    /// Bytes held in memory.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) limit_memory: Option<u64>,
}

/// What is kept in memory for the next query; what is `None` is left to the engine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CacheConfig {
    /// Bytes of decoded columns.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) columns: Option<u64>,
    /// Bytes of what row groups answered.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) answers: Option<u64>,
    /// Bytes of filters of row groups.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) filters: Option<u64>,
}

/// How long a query may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timeout {
    /// As long as it takes.
    None,
    /// So long.
    After(Duration),
}

impl QueryConfig {
    /// What is said here, the engine's defaults for the rest.
    pub(crate) fn limits(&self) -> QueryLimits {
        let default = QueryLimits::default();
        QueryLimits {
            timeout_ms: match self.timeout {
                Some(Timeout::After(span)) => Some(span.as_millis() as u64),
                Some(Timeout::None) => None,
                None => default.timeout_ms,
            },
            rows: self.limit_rows,
            read_bytes: self.limit_bytes,
            memory_bytes: self.limit_memory.unwrap_or(default.memory_bytes),
        }
    }
}

/// Policies of a store; what is `None` is left to the engine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// Seal the active chunk at this size.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) seal_bytes: Option<u64>,
    /// Seal it at this age.
    #[serde(default, deserialize_with = "span")]
    pub(crate) seal_age: Option<Duration>,
    /// Drop chunks whose records are all older.
    #[serde(default, deserialize_with = "span")]
    pub(crate) retention_age: Option<Duration>,
    /// Drop the oldest chunks above this size of the store.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) retention_bytes: Option<u64>,
    /// Bytes of the disk that are kept free.
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) reserve: Option<u64>,
    /// Write chunks anew whose records all arrived this long ago.
    #[serde(default, deserialize_with = "recompact")]
    pub(crate) recompact: Option<Recompact>,
    /// When a record is acknowledged.
    #[serde(default, deserialize_with = "durability")]
    pub(crate) durability: Option<Durability>,
    /// Indexers that may lay out columns; left out: all. Their precedence is fixed.
    pub(crate) indexers: Option<Vec<String>>,
    /// Most distinct values of a field that the footer of a chunk lists.
    pub(crate) footer_values: Option<usize>,
}

/// When a chunk is written anew, smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recompact {
    /// By hand only.
    Never,
    /// This long after its last record arrived.
    After(Duration),
}

/// When a record is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// After it is on the disk.
    Fsync,
    /// At once; the disk follows within this time.
    Interval(Duration),
}

impl Config {
    /// The configuration that the arguments of `serve` ask for.
    pub(crate) fn load(args: &ServeArgs) -> anyhow::Result<Config> {
        let mut config = match &args.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if let Some(listen) = args.listen {
            config.server.listen = listen;
        }
        let (udp, tcp) = (args.syslog_udp, args.syslog_tcp);
        if udp.is_some() || tcp.is_some() {
            let syslog = SyslogKeys { udp, tcp, ..SyslogKeys::default() };
            config.receivers.push(ReceiverConfig::Syslog(syslog));
        }
        if !args.tail.is_empty() {
            let tail = TailKeys { globs: args.tail.clone(), ..TailKeys::default() };
            config.receivers.push(ReceiverConfig::Tail(tail));
        }
        config.query.timeout.get_or_insert(Timeout::After(SERVED_TIMEOUT));
        config.set_durability(args.durability.as_deref())?;
        config.check()?;
        Ok(config)
    }

    fn read(path: &Path) -> anyhow::Result<Config> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Durability of every store, where a flag sets it.
    pub(crate) fn set_durability(&mut self, flag: Option<&str>) -> anyhow::Result<()> {
        let Some(flag) = flag else { return Ok(()) };
        let wanted = parse_durability(flag).map_err(|e| anyhow::anyhow!("--durability {flag}: {e}"))?;
        self.stores.entry("default".to_owned()).or_default();
        self.stores.values_mut().for_each(|s| s.durability = Some(wanted));
        Ok(())
    }

    /// What the types cannot say.
    fn check(&self) -> anyhow::Result<()> {
        self.receivers.iter().try_for_each(ReceiverConfig::check)
    }
}

fn parse_durability(text: &str) -> Result<Durability, String> {
    match text.split_once('=') {
        None if text == "fsync" => Ok(Durability::Fsync),
        Some(("interval", span)) => units::parse_duration(span).map(Durability::Interval),
        _ => Err("expected `fsync` or `interval=100ms`".to_owned()),
    }
}

/// A number or text with a unit.
#[derive(Deserialize)]
#[serde(untagged)]
enum Quantity {
    Number(u64),
    Text(String),
}

/// For `deserialize_with`: a number of bytes, or text with a unit.
pub(super) fn bytes<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    match Quantity::deserialize(d)? {
        Quantity::Number(n) => Ok(Some(n)),
        Quantity::Text(text) => units::parse_bytes(&text).map(Some).map_err(serde::de::Error::custom),
    }
}

/// For `deserialize_with`: text of a number and a unit of time.
pub(super) fn span<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(d)?;
    units::parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

fn timeout<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Timeout>, D::Error> {
    match String::deserialize(d)?.as_str() {
        "none" => Ok(Some(Timeout::None)),
        text => {
            let span = units::parse_duration(text).map(Timeout::After).map(Some);
            span.map_err(|e| serde::de::Error::custom(format!("{e}, or `none`")))
        }
    }
}

fn recompact<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Recompact>, D::Error> {
    let text = String::deserialize(d)?;
    if text == "never" {
        return Ok(Some(Recompact::Never));
    }
    let after = units::parse_duration(&text).map(|span| Some(Recompact::After(span)));
    after.map_err(|e| serde::de::Error::custom(format!("{e}, or `never`")))
}

fn durability<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Durability>, D::Error> {
    let text = String::deserialize(d)?;
    parse_durability(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file() {
        let config: Config = toml::from_str(
            r#"
            [server]
            listen = "0.0.0.0:9000"
            data_dir = "/var/lib/x"

            [query]
            timeout = "10m"
            limit_rows = 100000
            limit_bytes = "50GB"
            limit_memory = "256MiB"

            [cache]
            columns = "1GiB"
            answers = 0
            filters = "64MiB"

            [stores.default]
            seal_bytes = "1GiB"
            seal_age = "1h"
            retention_age = "30d"
            retention_bytes = 5000
            durability = "interval=100ms"
            indexers = ["json", "token"]
            recompact = "12h"
            footer_values = 20000

            [[receivers]]
            kind = "syslog"
            udp = "127.0.0.1:5514"
            message_bytes_max = "64KiB"

            [[receivers]]
            kind = "tail"
            store = "web"
            globs = ["/var/log/*.log"]
            from = "end"
            "#,
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 9000);
        let limits = config.query.limits();
        assert_eq!((limits.timeout_ms, limits.rows), (Some(600_000), Some(100_000)));
        assert_eq!((limits.read_bytes, limits.memory_bytes), (Some(50_000_000_000), 256 << 20));
        assert_eq!((config.cache.columns, config.cache.answers), (Some(1 << 30), Some(0)));
        assert_eq!(config.cache.filters, Some(64 << 20));
        let store = &config.stores["default"];
        assert_eq!(store.seal_bytes, Some(1 << 30));
        assert_eq!(store.recompact, Some(Recompact::After(Duration::from_secs(12 * 3600))));
        assert_eq!((store.retention_bytes, store.footer_values), (Some(5000), Some(20_000)));
        assert_eq!(store.durability, Some(Durability::Interval(Duration::from_millis(100))));
        assert!(
            matches!(&config.receivers[1], ReceiverConfig::Tail(t) if t.store.as_deref() == Some("web") && t.from != Default::default())
        );
        assert!(config.check().is_ok());
    }

    #[test]
    fn nothing_is_needed() {
        let config: Config = toml::from_str("").unwrap();
        assert_eq!(config, Config::default());
        assert!(config.server.listen.ip().is_loopback());
    }

    #[test]
    fn mistakes_are_shown_with_their_place() {
        let said = |text: &str| toml::from_str::<Config>(text).unwrap_err().to_string();
        let unknown = said("[server]\nlisten = \"127.0.0.1:1\"\nlissten = 1\n");
        assert!(unknown.contains("line 3") && unknown.contains("lissten"), "{unknown}");
        let unit = said("[stores.a]\nseal_age = \"7 moons\"\n");
        assert!(unit.contains("line 2") && unit.contains("30d"), "{unit}");
        let never: Config = toml::from_str("[stores.a]\nrecompact = \"never\"\n").unwrap();
        assert_eq!(never.stores["a"].recompact, Some(Recompact::Never));
        assert!(said("[stores.a]\nrecompact = \"seldom\"\n").contains("or `never`"));
        assert!(said("[[receivers]]\nkind = \"pigeon\"\n").contains("pigeon"));
        assert!(said("[[receivers]]\nkind = \"tail\"\nglobs = []\ncolour = 1\n").contains("colour"));
    }

    #[test]
    fn durability_of_all_stores() {
        let mut config: Config = toml::from_str("[stores.web]\n").unwrap();
        config.set_durability(Some("fsync")).unwrap();
        assert!(config.stores.values().all(|s| s.durability == Some(Durability::Fsync)));
        assert_eq!(config.stores.len(), 2);
        assert!(config.set_durability(Some("never")).is_err());
    }
}
