//! Accepts connections and serves HTTP/1.1 and HTTP/2 on them, within limits.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections at once on a socket; more wait to be accepted.
const CONNECTIONS_MAX: usize = 512;

/// How long the head of an HTTP/1.1 request may take, and how long a connection may be idle between two.
const HEAD: Duration = Duration::from_secs(30);

/// An HTTP/2 connection is asked for a sign of life this often, and is closed when none comes for as long again.
const ALIVE: Duration = Duration::from_secs(20);

/// How long calls under way may go on after the server was asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves `routes` on `listener` until `stop`; then lets calls under way end for a while, and cuts off the rest.
pub(crate) async fn serve<L: Listener>(mut listener: L, routes: Router, stop: CancellationToken) {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = next(&mut listener, &free) => {
                let Some((io, permit)) = accepted else { break };
                connections.spawn(connection(io, routes.clone(), stop.clone(), permit));
            }
            Some(_) = connections.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left is cut off when `connections` is dropped, which cancels its queries.
    let _ = tokio::time::timeout(DRAIN, drained).await;
}

/// The next connection, once there is room for it.
async fn next<L: Listener>(listener: &mut L, free: &Arc<Semaphore>) -> Option<(L::Io, OwnedSemaphorePermit)> {
    let permit = free.clone().acquire_owned().await.ok()?;
    let (io, _) = listener.accept().await;
    Some((io, permit))
}

async fn connection<I>(io: I, routes: Router, stop: CancellationToken, _permit: OwnedSemaphorePermit)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(ALIVE).keep_alive_timeout(ALIVE);
    let serving = builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(routes));
    tokio::pin!(serving);
    // How a connection ends concerns nobody but its peer, who knows.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
}
