//! The receiver: its configuration, its sockets and its run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Batcher, BatcherConfig, Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::udp::{self, BoundUdp};
use gastrolog_net::{Bound, ConnectionLimits, Memory, TlsFiles, accept, run_async};

use crate::tcp;
use crate::udp::Datagrams;

/// Largest limit for a message.
const MESSAGE_BYTES_LIMIT: usize = 1 << 20;
/// What connections together may hold of messages that are longer than 4 KiB and not complete.
const MEMORY_BYTES: usize = 64 << 20;
/// How long a connection waits for memory.
const MEMORY_WAIT: Duration = Duration::from_secs(60);
/// Threads for connections; datagrams and storing have threads of their own.
const SOCKET_THREADS: usize = 2;

/// Where to listen and what to allow.
#[derive(Clone, Debug)]
pub struct SyslogConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Address for UDP; port 0 takes a free one.
    pub udp: Option<SocketAddr>,
    /// Address for TCP.
    pub tcp: Option<SocketAddr>,
    /// The certificate to show on TCP (RFC 5425); without it connections are plain.
    pub tls: Option<TlsFiles>,
    /// Longer messages are truncated to this; at most 1 MiB.
    pub message_bytes_max: usize,
    /// Connections of each port. Silence closes one late: a sender without acknowledgements loses what it writes
    /// into a connection that was just closed.
    pub connections: ConnectionLimits,
    /// Receive buffer of a UDP socket.
    pub udp_buffer_bytes: usize,
    /// UDP sockets, each with a thread. The system spreads senders over them.
    pub udp_sockets: usize,
    /// How records are gathered for the store.
    pub batcher: BatcherConfig,
}

impl Default for SyslogConfig {
    fn default() -> Self {
        SyslogConfig {
            name: "syslog".into(),
            udp: None,
            tcp: None,
            tls: None,
            message_bytes_max: 64 << 10,
            connections: ConnectionLimits { idle: Duration::from_secs(3600), ..ConnectionLimits::default() },
            udp_buffer_bytes: 16 << 20,
            udp_sockets: 1,
            batcher: BatcherConfig::default(),
        }
    }
}

impl SyslogConfig {
    fn check(&self) -> Result<(), ReceiverError> {
        let wrong = |what: &str| Err(ReceiverError::Config(format!("syslog receiver {}: {what}", self.name)));
        if self.udp.is_none() && self.tcp.is_none() {
            return wrong("neither a UDP nor a TCP address is given");
        }
        if !(1..=MESSAGE_BYTES_LIMIT).contains(&self.message_bytes_max) {
            return wrong("the longest message must be between 1 byte and 1 MiB");
        }
        if self.connections.connections_max == 0 {
            return wrong("at least one connection must be allowed");
        }
        Ok(())
    }
}

/// What the tasks of a receiver share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) message_bytes_max: usize,
    pub(crate) idle: Duration,
    pub(crate) drain: Duration,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) batcher: Batcher,
    pub(crate) memory: Memory,
    pub(crate) shutdown: Shutdown,
}

/// Syslog on one UDP and one TCP port, into one sink.
pub struct SyslogReceiver {
    config: SyslogConfig,
    udp: Option<BoundUdp>,
    tcp: Option<Bound>,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl SyslogReceiver {
    /// Binds the ports. What arrives before [`Receiver::run`] waits in the system's buffers.
    pub fn bind(config: SyslogConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        config.check()?;
        let udp = |addr| BoundUdp::bind(addr, config.udp_buffer_bytes, config.udp_sockets);
        let udp = config.udp.map(udp).transpose()?;
        let tcp = config.tcp.map(|addr| Bound::tcp(addr, config.tls.as_ref())).transpose()?;
        Ok(SyslogReceiver { config, udp, tcp, sink, clock, counters: Arc::default() })
    }

    /// The address of the UDP port.
    pub fn udp_addr(&self) -> Option<SocketAddr> {
        self.udp.as_ref().map(BoundUdp::addr)
    }

    /// The address of the TCP port.
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().map(Bound::addr)
    }
}

impl Receiver for SyslogReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "syslog"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let SyslogReceiver { config, udp, tcp, sink, clock, counters } = *self;
        let batcher = Batcher::start(&config.name, sink, counters.clone(), config.batcher)?;
        let shared = Arc::new(Shared {
            name: config.name,
            message_bytes_max: config.message_bytes_max,
            idle: config.connections.idle,
            drain: config.batcher.drain,
            clock,
            counters: counters.clone(),
            batcher,
            memory: Memory::new(MEMORY_BYTES, MEMORY_WAIT),
            shutdown: shutdown.clone(),
        });
        let threads = match udp {
            Some(bound) => bound.start("syslog", &shutdown, &counters, || {
                let mut datagrams = Datagrams::new(shared.clone());
                move |datagram: &[u8], peer| datagrams.take(datagram, peer)
            })?,
            None => Vec::new(),
        };
        let limits = ConnectionLimits { drain: config.batcher.drain, ..config.connections };
        // The last owner of what is shared, a thread or the runtime, closes the batcher, which stores what it holds.
        let served = run_async("syslog", SOCKET_THREADS, serve(tcp, limits, shared));
        udp::join(threads);
        served
    }
}

async fn serve(
    tcp: Option<Bound>,
    limits: ConnectionLimits,
    shared: Arc<Shared>,
) -> Result<(), ReceiverError> {
    let (shutdown, counters) = (shared.shutdown.clone(), shared.counters.clone());
    let Some(bound) = tcp else {
        shutdown.wait().await;
        return Ok(());
    };
    accept(bound, limits, shutdown, counters, move |stream| {
        let shared = shared.clone();
        async move { tcp::serve(stream, &shared).await }
    })
    .await
}
