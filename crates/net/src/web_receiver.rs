//! An HTTP protocol with a port of its own, as a [`Receiver`].

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use gastrolog_ingest::{Counters, Receiver, ReceiverError, Shutdown};

use crate::{Bound, ConnectionLimits, TlsFiles, run_async, serve_http};

/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;

/// What speaks a protocol over HTTP, wherever it is served.
pub trait WebIngest {
    /// The name the operator gave it.
    fn name(&self) -> &str;

    /// The protocol.
    fn kind(&self) -> &'static str;

    /// What it has counted so far.
    fn counters(&self) -> Arc<Counters>;

    /// Its routes on a port that it has for itself.
    fn router(&self) -> Router;
}

/// A [`WebIngest`] on a port.
pub struct WebReceiver {
    name: String,
    kind: &'static str,
    counters: Arc<Counters>,
    router: Router,
    bound: Bound,
    limits: ConnectionLimits,
}

impl WebReceiver {
    /// Binds `addr` (port 0 takes a free one).
    pub fn bind(
        ingest: &impl WebIngest,
        addr: SocketAddr,
        tls: Option<&TlsFiles>,
        limits: ConnectionLimits,
    ) -> Result<WebReceiver, ReceiverError> {
        Ok(WebReceiver {
            name: ingest.name().to_owned(),
            kind: ingest.kind(),
            counters: ingest.counters(),
            router: ingest.router(),
            bound: Bound::tcp(addr, tls)?,
            limits,
        })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.bound.addr()
    }
}

impl Receiver for WebReceiver {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let WebReceiver { kind, router, bound, limits, .. } = *self;
        run_async(kind, SOCKET_THREADS, serve_http(bound, router, limits, shutdown))
    }
}
