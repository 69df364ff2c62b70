//! A listener of its own, for the receiver without the rest of a server.

use std::net::SocketAddr;
use std::sync::Arc;

use gastrolog_ingest::{Clock, Counters, Receiver, ReceiverError, Shutdown};
use gastrolog_net::{Bound, ConnectionLimits, TlsFiles, run_async, serve_http};

use crate::config::{HttpConfig, SinkResolver};
use crate::handler::HttpIngest;

/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;

/// The receiver with a port of its own.
pub struct HttpReceiver {
    ingest: HttpIngest,
    bound: Bound,
    limits: ConnectionLimits,
}

impl HttpReceiver {
    /// Binds `addr` (port 0 takes a free one), with TLS where there are files for it.
    pub fn bind(
        addr: SocketAddr,
        tls: Option<&TlsFiles>,
        config: HttpConfig,
        limits: ConnectionLimits,
        sinks: SinkResolver,
        clock: Clock,
    ) -> Result<HttpReceiver, ReceiverError> {
        let bound = Bound::tcp(addr, tls)?;
        Ok(HttpReceiver { ingest: HttpIngest::new(config, sinks, clock), bound, limits })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.bound.addr()
    }
}

impl Receiver for HttpReceiver {
    fn name(&self) -> &str {
        self.ingest.name()
    }

    fn kind(&self) -> &'static str {
        "http"
    }

    fn counters(&self) -> Arc<Counters> {
        self.ingest.counters()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let HttpReceiver { ingest, bound, limits } = *self;
        run_async("http-ingest", SOCKET_THREADS, serve_http(bound, ingest.router(), limits, shutdown))
    }
}
