//! The receiver: its configuration, its port and its run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::{Bound, ConnectionLimits, Memory, Patience, TlsFiles, accept, run_async};

use crate::connection;

/// Largest limit for a message.
const MESSAGE_BYTES_LIMIT: usize = 1 << 20;
/// What connections together may hold of messages that are not complete (over 4 KiB), or not stored yet.
const MEMORY_BYTES: usize = 64 << 20;
/// How long a connection waits for memory. Shorter than the 90 s that librelp waits for an answer.
const MEMORY_WAIT: Duration = Duration::from_secs(30);
/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;

/// Where to listen and what to allow.
#[derive(Clone, Debug)]
pub struct RelpConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate to show; without it connections are plain.
    pub tls: Option<TlsFiles>,
    /// Longer messages are truncated to this; at most 1 MiB.
    pub message_bytes_max: usize,
    /// Connections of the port.
    pub connections: ConnectionLimits,
    /// How long messages are held while the store is not available, before the connection is closed. Shorter than
    /// the 90 s that librelp waits for an answer.
    pub hold: Duration,
}

impl Default for RelpConfig {
    fn default() -> Self {
        RelpConfig {
            name: "relp".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 20514)),
            tls: None,
            message_bytes_max: 128 << 10,
            connections: ConnectionLimits { idle: Duration::from_secs(3600), ..ConnectionLimits::default() },
            hold: Duration::from_secs(30),
        }
    }
}

/// What the connections of a receiver share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) message_bytes_max: usize,
    pub(crate) idle: Duration,
    pub(crate) clock: Clock,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) patience: Patience,
    pub(crate) memory: Memory,
}

/// RELP on one port, into one sink.
pub struct RelpReceiver {
    config: RelpConfig,
    bound: Bound,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl RelpReceiver {
    /// Binds the port.
    pub fn bind(config: RelpConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        if !(1..=MESSAGE_BYTES_LIMIT).contains(&config.message_bytes_max) {
            let what = "the longest message must be between 1 byte and 1 MiB";
            return Err(ReceiverError::Config(format!("relp receiver {}: {what}", config.name)));
        }
        let bound = Bound::tcp(config.listen, config.tls.as_ref())?;
        Ok(RelpReceiver { config, bound, sink, clock, counters: Arc::default() })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.bound.addr()
    }
}

impl Receiver for RelpReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "relp"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let RelpReceiver { config, bound, sink, clock, counters } = *self;
        let shared = Arc::new(Shared {
            name: config.name,
            message_bytes_max: config.message_bytes_max,
            idle: config.connections.idle,
            clock,
            sink,
            counters: counters.clone(),
            patience: Patience { hold: config.hold, shutdown: shutdown.clone() },
            memory: Memory::new(MEMORY_BYTES, MEMORY_WAIT),
        });
        let serving = accept(bound, config.connections, shutdown, counters, move |stream| {
            let shared = shared.clone();
            async move { connection::serve(stream, &shared).await }
        });
        run_async("relp", SOCKET_THREADS, serving)
    }
}
