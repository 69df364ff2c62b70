//! The receiver: its configuration, its ports and its run.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::inflate::InflateLimits;
use gastrolog_net::{Bound, ConnectionLimits, Memory, TlsFiles, accept, run_async};

use crate::auth::Security;
use crate::connection::Connection;
use crate::heartbeat;
use crate::message::MessageLimits;

/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;
/// How long a large message waits for memory before it looks again whether its sender is there.
const MEMORY_WAIT: Duration = Duration::from_secs(3);

/// Where to listen and what to allow.
#[derive(Clone, Debug)]
pub struct FluentConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key; `None` listens without TLS.
    pub tls: Option<TlsFiles>,
    /// Who may send; `None`: whoever reaches the port.
    pub security: Option<Security>,
    /// Whether the heartbeat over UDP is answered, on the same port.
    pub heartbeat: bool,
    /// What connections may take.
    pub connections: ConnectionLimits,
    /// How large messages may be.
    pub messages: MessageLimits,
    /// Text stored at once.
    pub batch_bytes_max: usize,
    /// What large messages of all connections may hold.
    pub memory_bytes_max: usize,
}

impl Default for FluentConfig {
    fn default() -> Self {
        FluentConfig {
            name: "fluent".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 24224)),
            tls: None,
            security: None,
            heartbeat: true,
            // Senders keep their connection while they have nothing to send.
            connections: ConnectionLimits { idle: Duration::from_secs(3600), ..ConnectionLimits::default() },
            messages: MessageLimits {
                bytes_max: 16 << 20,
                inflate: InflateLimits { bytes_max: 32 << 20, ..InflateLimits::default() },
            },
            batch_bytes_max: 4 << 20,
            memory_bytes_max: 512 << 20,
        }
    }
}

/// What the connections share.
pub(crate) struct Shared {
    pub(crate) config: FluentConfig,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) shutdown: Shutdown,
    pub(crate) memory: Memory,
}

/// Fluent Forward on one TCP port and its heartbeat on UDP, into one sink.
pub struct FluentReceiver {
    config: FluentConfig,
    bound: Bound,
    heartbeat: Option<UdpSocket>,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl FluentReceiver {
    /// Binds the ports and reads the certificate.
    pub fn bind(config: FluentConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        let name = &config.name;
        if config.security.as_ref().is_some_and(|s| s.shared_key.is_empty()) {
            return Err(ReceiverError::Config(format!("fluent receiver {name}: the shared key is empty")));
        }
        let bound = Bound::tcp(config.listen, config.tls.as_ref())?;
        let heartbeat = config.heartbeat.then(|| heartbeat::bind(bound.addr())).transpose()?;
        Ok(FluentReceiver { config, bound, heartbeat, sink, clock, counters: Arc::default() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.bound.addr()
    }
}

impl Receiver for FluentReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "fluent"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let FluentReceiver { config, bound, heartbeat, sink, clock, counters } = *self;
        let limits = config.connections;
        let memory = Memory::new(config.memory_bytes_max, MEMORY_WAIT);
        let shared =
            Shared { config, sink, clock, counters: counters.clone(), shutdown: shutdown.clone(), memory };
        let shared = Arc::new(shared);
        run_async("fluent", SOCKET_THREADS, async {
            if let Some(socket) = heartbeat {
                tokio::spawn(heartbeat::answer(socket, shutdown.clone()));
            }
            accept(bound, limits, shutdown, counters, move |stream| {
                Connection::new(stream, shared.clone()).run()
            })
            .await
        })
    }
}
