//! A listener of its own, for the receiver without the rest of a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use gastrolog_ingest::{Clock, Counters, Receiver, ReceiverError, Shutdown};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::config::{HttpConfig, ServeLimits, SinkResolver};
use crate::handler::HttpIngest;

/// Pause after a failed accept (no descriptors left, for one).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;

/// Serves `router` until shutdown, then lets the requests that are under way end.
pub async fn serve(listener: TcpListener, router: Router, limits: ServeLimits, shutdown: Shutdown) {
    let permits = Arc::new(Semaphore::new(limits.connections_max.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = shutdown.wait() => break,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, shutdown) = (router.clone(), shutdown.clone());
                connections.spawn(async move {
                    connection(stream, peer, router, limits, shutdown).await;
                    drop(permit);
                });
            }
            Err(e) => {
                tracing::warn!(error = %e, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ServeLimits,
    shutdown: Shutdown,
) {
    // An answer is one small write: waiting for more to send only delays it.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(error = %e, "TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router.layer(Extension(ConnectInfo(peer))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(limits.drain, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(e) = ended {
        tracing::debug!(error = %e, %peer, "a connection ended badly");
    }
}

/// The receiver with a port of its own.
pub struct HttpReceiver {
    ingest: HttpIngest,
    listener: std::net::TcpListener,
    limits: ServeLimits,
}

impl HttpReceiver {
    /// Binds `addr` (port 0 takes a free one).
    pub fn bind(
        addr: SocketAddr,
        config: HttpConfig,
        limits: ServeLimits,
        sinks: SinkResolver,
        clock: Clock,
    ) -> Result<HttpReceiver, ReceiverError> {
        let what = format!("binding TCP {addr}");
        let listener = std::net::TcpListener::bind(addr).map_err(ReceiverError::io(what.clone()))?;
        listener.set_nonblocking(true).map_err(ReceiverError::io(what))?;
        Ok(HttpReceiver { ingest: HttpIngest::new(config, sinks, clock), listener, limits })
    }

    /// The address it listens on.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(SOCKET_THREADS)
            .thread_name("http-ingest")
            .enable_all()
            .build()
            .map_err(ReceiverError::io("starting threads for http"))?;
        let HttpReceiver { ingest, listener, limits } = *self;
        let served = runtime.block_on(async {
            let listener =
                TcpListener::from_std(listener).map_err(ReceiverError::io("registering a socket"))?;
            serve(listener, ingest.router(), limits, shutdown).await;
            Ok(())
        });
        runtime.shutdown_timeout(limits.drain);
        served
    }
}
