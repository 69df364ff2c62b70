//! The receiver: its configuration, its sockets and its run.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Batcher, BatcherConfig, Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};

use crate::{tcp, udp};

/// Largest limit for a message.
const MESSAGE_BYTES_LIMIT: usize = 1 << 20;
/// Threads for the sockets; storing has a thread of its own.
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
    /// Longer messages are truncated to this; at most 1 MiB.
    pub message_bytes_max: usize,
    /// TCP connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// A connection without a byte for this long is closed. Generous: a sender without acknowledgements loses what
    /// it writes into a connection that was just closed.
    pub idle: Duration,
    /// Receive buffer of the UDP socket.
    pub udp_buffer_bytes: usize,
    /// How records are gathered for the store.
    pub batcher: BatcherConfig,
}

impl Default for SyslogConfig {
    fn default() -> Self {
        SyslogConfig {
            name: "syslog".into(),
            udp: None,
            tcp: None,
            message_bytes_max: 64 << 10,
            connections_max: 512,
            idle: Duration::from_secs(3600),
            udp_buffer_bytes: 8 << 20,
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
        if self.connections_max == 0 {
            return wrong("at least one connection must be allowed");
        }
        Ok(())
    }
}

/// What the tasks of a receiver share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) message_bytes_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) idle: Duration,
    pub(crate) drain: Duration,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) batcher: Batcher,
    pub(crate) shutdown: Shutdown,
}

impl Shared {
    /// Ends when the receiver has to stop and the time to drain is over.
    pub(crate) async fn out_of_time(&self) {
        self.shutdown.wait().await;
        tokio::time::sleep(self.drain).await;
    }
}

/// Syslog on one UDP and one TCP port, into one sink.
pub struct SyslogReceiver {
    config: SyslogConfig,
    udp: Option<UdpSocket>,
    tcp: Option<TcpListener>,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl SyslogReceiver {
    /// Binds the ports. What arrives before [`Receiver::run`] waits in the system's buffers.
    pub fn bind(config: SyslogConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        config.check()?;
        let udp = config.udp.map(|addr| udp::bind(addr, config.udp_buffer_bytes)).transpose()?;
        let tcp = config.tcp.map(bind_tcp).transpose()?;
        Ok(SyslogReceiver { config, udp, tcp, sink, clock, counters: Arc::default() })
    }

    /// The address of the UDP port.
    pub fn udp_addr(&self) -> Option<SocketAddr> {
        self.udp.as_ref()?.local_addr().ok()
    }

    /// The address of the TCP port.
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.tcp.as_ref()?.local_addr().ok()
    }
}

fn bind_tcp(addr: SocketAddr) -> Result<TcpListener, ReceiverError> {
    let listener = TcpListener::bind(addr).map_err(ReceiverError::io(format!("binding TCP {addr}")))?;
    listener.set_nonblocking(true).map_err(ReceiverError::io(format!("TCP {addr}")))?;
    Ok(listener)
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(SOCKET_THREADS)
            .thread_name("syslog")
            .enable_all()
            .build()
            .map_err(ReceiverError::io("starting threads for syslog"))?;
        let shared = Arc::new(Shared {
            name: config.name,
            message_bytes_max: config.message_bytes_max,
            connections_max: config.connections_max,
            idle: config.idle,
            drain: config.batcher.drain,
            clock,
            counters,
            batcher,
            shutdown,
        });
        let served = runtime.block_on(serve(udp, tcp, shared.clone()));
        drop(runtime);
        // The last owner closes the batcher, which stores what it holds.
        drop(shared);
        served
    }
}

async fn serve(
    udp_socket: Option<UdpSocket>,
    tcp_listener: Option<TcpListener>,
    shared: Arc<Shared>,
) -> Result<(), ReceiverError> {
    let registering = || ReceiverError::io("registering a socket");
    let udp_socket = udp_socket.map(tokio::net::UdpSocket::from_std).transpose().map_err(registering())?;
    let tcp_listener =
        tcp_listener.map(tokio::net::TcpListener::from_std).transpose().map_err(registering())?;
    let datagrams = tokio::spawn({
        let shared = shared.clone();
        async move {
            if let Some(socket) = udp_socket {
                udp::receive(socket, &shared).await;
            }
        }
    });
    if let Some(listener) = tcp_listener {
        tcp::accept(listener, shared).await;
    }
    datagrams.await.map_err(|e| ReceiverError::Config(format!("the UDP task ended badly: {e}")))
}
