//! The receiver: its configuration, its port and its run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::inflate::InflateLimits;
use gastrolog_net::{Bound, ConnectionLimits, Memory, TlsFiles, accept, run_async};

use crate::connection::Connection;
use crate::frames::FrameLimits;

/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;
/// How long a large window waits for memory before it looks again whether its sender is there.
const MEMORY_WAIT: Duration = Duration::from_secs(3);

/// Where to listen and what to allow.
#[derive(Clone, Debug)]
pub struct BeatsConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key; `None` listens without TLS.
    pub tls: Option<TlsFiles>,
    /// What connections may take.
    pub connections: ConnectionLimits,
    /// How large frames may be.
    pub frames: FrameLimits,
    /// Events stored and acknowledged at once; a larger window is acknowledged in parts.
    pub window_max: usize,
    /// Text stored and acknowledged at once.
    pub batch_bytes_max: usize,
    /// What large windows of all connections may hold.
    pub memory_bytes_max: usize,
    /// How often a sender that waits is told that the server is at work.
    pub keep_alive: Duration,
}

impl Default for BeatsConfig {
    fn default() -> Self {
        BeatsConfig {
            name: "beats".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 5044)),
            tls: None,
            // Senders keep their connection while they have nothing to send.
            connections: ConnectionLimits { idle: Duration::from_secs(3600), ..ConnectionLimits::default() },
            frames: FrameLimits {
                event_bytes_max: 1 << 20,
                compressed_bytes_max: 8 << 20,
                inflate: InflateLimits { bytes_max: 32 << 20, ..InflateLimits::default() },
            },
            window_max: 10_000,
            batch_bytes_max: 4 << 20,
            memory_bytes_max: 512 << 20,
            keep_alive: Duration::from_secs(3),
        }
    }
}

/// What the connections share.
pub(crate) struct Shared {
    pub(crate) config: BeatsConfig,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) shutdown: Shutdown,
    pub(crate) memory: Memory,
}

/// Beats on one TCP port, into one sink.
pub struct BeatsReceiver {
    config: BeatsConfig,
    bound: Bound,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl BeatsReceiver {
    /// Binds the port and reads the certificate.
    pub fn bind(config: BeatsConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        if config.window_max == 0 || config.frames.event_bytes_max == 0 {
            let name = &config.name;
            return Err(ReceiverError::Config(format!(
                "beats receiver {name}: a limit of 0 lets nothing through"
            )));
        }
        let bound = Bound::tcp(config.listen, config.tls.as_ref())?;
        Ok(BeatsReceiver { config, bound, sink, clock, counters: Arc::default() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.bound.addr()
    }
}

impl Receiver for BeatsReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "beats"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let BeatsReceiver { config, bound, sink, clock, counters } = *self;
        let limits = config.connections;
        let memory = Memory::new(config.memory_bytes_max, MEMORY_WAIT);
        let shared =
            Shared { config, sink, clock, counters: counters.clone(), shutdown: shutdown.clone(), memory };
        let shared = Arc::new(shared);
        run_async("beats", SOCKET_THREADS, async {
            accept(bound, limits, shutdown, counters, move |stream| {
                Connection::new(stream, shared.clone()).run()
            })
            .await
        })
    }
}
