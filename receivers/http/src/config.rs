//! Limits of the receiver.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::Sink;
use gastrolog_net::inflate::InflateLimits;

/// Finds the sink of a store by its name; `None` when there is no such store.
pub type SinkResolver = Arc<dyn Fn(&str) -> Option<Arc<dyn Sink>> + Send + Sync>;

/// What a request may be.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Where records go when a request names no store.
    pub store: String,
    /// A body may have this many bytes, as sent and after inflating; at most 1 GiB.
    pub body_bytes_max: usize,
    /// A body may inflate to this many times its size (a body of up to 1 MiB inflated always passes).
    pub inflate_ratio_max: usize,
    /// Longer lines are refused, each by its number.
    pub line_bytes_max: usize,
    /// A request may have this many records; each costs 32 bytes beside its text.
    pub records_max: usize,
    /// What all bodies together may hold in memory; requests beyond it wait.
    pub memory_bytes: usize,
    /// Compressed bodies that are inflated and stored at once, each up to `body_bytes_max` in memory.
    pub inflate_at_once: usize,
    /// How long a request waits for memory before it is answered 429.
    pub wait: Duration,
    /// How long a sender may be silent in the middle of a body.
    pub idle: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig {
            name: "http".into(),
            store: "default".into(),
            body_bytes_max: 64 << 20,
            inflate_ratio_max: 250,
            line_bytes_max: 1 << 20,
            records_max: 4 << 20,
            memory_bytes: 256 << 20,
            inflate_at_once: 4,
            wait: Duration::from_secs(5),
            idle: Duration::from_secs(30),
        }
    }
}

impl HttpConfig {
    pub(crate) fn inflate_limits(&self) -> InflateLimits {
        InflateLimits { bytes_max: self.body_bytes_max, ratio_max: self.inflate_ratio_max }
    }
}
