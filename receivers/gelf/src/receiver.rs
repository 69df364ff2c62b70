//! The receiver: its configuration, its ports and its run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Batcher, BatcherConfig, Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::udp::{self, BoundUdp};
use gastrolog_net::{Bound, ConnectionLimits, Memory, TlsFiles, accept, run_async, serve_http};
use tokio::task::JoinSet;

use crate::chunks::ChunkLimits;
use crate::http::GelfIngest;
use crate::peers::Flaw;
use crate::tcp;
use crate::udp::Datagrams;

/// Largest limit for a message.
const MESSAGE_BYTES_LIMIT: usize = 16 << 20;
/// What connections together may hold of messages that are longer than 4 KiB and not complete.
const MEMORY_BYTES: usize = 64 << 20;
/// How long a connection waits for memory.
const MEMORY_WAIT: Duration = Duration::from_secs(60);
/// Threads for connections; datagrams and storing have threads of their own.
const SOCKET_THREADS: usize = 2;

/// Where to listen and what to allow.
#[derive(Clone, Debug)]
pub struct GelfConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Address for UDP; port 0 takes a free one.
    pub udp: Option<SocketAddr>,
    /// Address for TCP.
    pub tcp: Option<SocketAddr>,
    /// Address for HTTP.
    pub http: Option<SocketAddr>,
    /// The certificate to show on TCP and HTTP; without it they are plain.
    pub tls: Option<TlsFiles>,
    /// Longer messages are truncated to this, by HTTP refused; at most 16 MiB.
    pub message_bytes_max: usize,
    /// Connections of TCP. Those of HTTP are silent for 30 s at most.
    pub connections: ConnectionLimits,
    /// Receive buffer of a UDP socket.
    pub udp_buffer_bytes: usize,
    /// Messages in chunks that are not complete.
    pub chunks: ChunkLimits,
    /// How records of UDP and TCP are gathered for the store.
    pub batcher: BatcherConfig,
}

impl Default for GelfConfig {
    fn default() -> Self {
        GelfConfig {
            name: "gelf".into(),
            udp: None,
            tcp: None,
            http: None,
            tls: None,
            message_bytes_max: 1 << 20,
            connections: ConnectionLimits { idle: Duration::from_secs(3600), ..ConnectionLimits::default() },
            udp_buffer_bytes: 16 << 20,
            chunks: ChunkLimits::default(),
            batcher: BatcherConfig::default(),
        }
    }
}

impl GelfConfig {
    fn check(&self) -> Result<(), ReceiverError> {
        let wrong = |what: &str| Err(ReceiverError::Config(format!("gelf receiver {}: {what}", self.name)));
        if self.udp.is_none() && self.tcp.is_none() && self.http.is_none() {
            return wrong("no address is given, neither for UDP nor for TCP nor for HTTP");
        }
        if !(1..=MESSAGE_BYTES_LIMIT).contains(&self.message_bytes_max) {
            return wrong("the longest message must be between 1 byte and 16 MiB");
        }
        Ok(())
    }
}

/// What datagrams and connections share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) message_bytes_max: usize,
    pub(crate) idle: Duration,
    pub(crate) drain: Duration,
    pub(crate) chunks: ChunkLimits,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) batcher: Batcher,
    pub(crate) memory: Memory,
    pub(crate) shutdown: Shutdown,
}

impl Shared {
    /// The text without NUL and line ending after it, and no longer than is allowed.
    pub(crate) fn cut<'t>(&self, text: &'t [u8]) -> (&'t [u8], Option<Flaw>) {
        let end = text.iter().rposition(|b| !matches!(b, 0 | b'\n' | b'\r')).map_or(0, |last| last + 1);
        let text = text.get(..end).unwrap_or(&[]);
        match text.get(..self.message_bytes_max) {
            Some(start) if start.len() < text.len() => (start, Some(Flaw::Truncated)),
            _ => (text, None),
        }
    }
}

/// GELF on up to three ports, into one sink.
pub struct GelfReceiver {
    config: GelfConfig,
    udp: Option<BoundUdp>,
    tcp: Option<Bound>,
    http: Option<Bound>,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl GelfReceiver {
    /// Binds the ports.
    pub fn bind(config: GelfConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        config.check()?;
        let bind = |addr| Bound::tcp(addr, config.tls.as_ref());
        let udp = config.udp.map(|addr| BoundUdp::bind(addr, config.udp_buffer_bytes, 1)).transpose()?;
        let (tcp, http) = (config.tcp.map(bind).transpose()?, config.http.map(bind).transpose()?);
        Ok(GelfReceiver { config, udp, tcp, http, sink, clock, counters: Arc::default() })
    }

    /// The address of the UDP port.
    pub fn udp_addr(&self) -> Option<SocketAddr> {
        self.udp.as_ref().map(BoundUdp::addr)
    }

    /// The address of the TCP port.
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().map(Bound::addr)
    }

    /// The address of the HTTP port.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Bound::addr)
    }
}

impl Receiver for GelfReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "gelf"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let GelfReceiver { config, udp, tcp, http, sink, clock, counters } = *self;
        let batcher = Batcher::start(&config.name, sink.clone(), counters.clone(), config.batcher)?;
        let max = config.message_bytes_max;
        let ingest = GelfIngest::new(&config.name, max, sink, clock.clone(), counters.clone());
        let shared = Arc::new(Shared {
            name: config.name,
            message_bytes_max: max,
            idle: config.connections.idle,
            drain: config.batcher.drain,
            chunks: config.chunks,
            clock,
            counters: counters.clone(),
            batcher,
            memory: Memory::new(MEMORY_BYTES, MEMORY_WAIT),
            shutdown: shutdown.clone(),
        });
        let threads = match udp {
            Some(bound) => bound.start("gelf", &shutdown, &counters, || {
                let mut datagrams = Datagrams::new(shared.clone());
                move |datagram: &[u8], peer| datagrams.take(datagram, peer)
            })?,
            None => Vec::new(),
        };
        let limits = ConnectionLimits { drain: config.batcher.drain, ..config.connections };
        let served = run_async("gelf", SOCKET_THREADS, serve(tcp, http, ingest, limits, shared));
        udp::join(threads);
        served
    }
}

async fn serve(
    tcp_port: Option<Bound>,
    http_port: Option<Bound>,
    ingest: GelfIngest,
    limits: ConnectionLimits,
    shared: Arc<Shared>,
) -> Result<(), ReceiverError> {
    let mut tasks = JoinSet::new();
    let shutdown = shared.shutdown.clone();
    if let Some(bound) = http_port {
        let limits = ConnectionLimits { idle: ConnectionLimits::default().idle, ..limits };
        tasks.spawn(serve_http(bound, ingest.router(), limits, shutdown.clone()));
    }
    if let Some(bound) = tcp_port {
        let (shared, counters) = (shared.clone(), shared.counters.clone());
        tasks.spawn(accept(bound, limits, shutdown.clone(), counters, move |stream| {
            let shared = shared.clone();
            async move { tcp::serve(stream, &shared).await }
        }));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|e| ReceiverError::Config(format!("a task of the receiver ended badly: {e}")))??;
    }
    shutdown.wait().await;
    Ok(())
}
