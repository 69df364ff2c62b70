//! HTTP/1.1 and HTTP/2 on a port of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use gastrolog_ingest::{Counters, ReceiverError, Shutdown};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio_rustls::TlsAcceptor;

use crate::{Bound, ConnectionLimits, Stream, WithPeer, accept, patience};

/// Longest head of a request, and most that a connection reads at once: what a slow sender can make it hold.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An HTTP/2 connection is asked for a sign of life this often, and is closed when none comes for as long again.
const ALIVE: Duration = Duration::from_secs(20);

/// Serves `router` until shutdown, then lets the requests that are under way end. Requests carry
/// `ConnectInfo<SocketAddr>`. [`ConnectionLimits::idle`] is how long the head of a request may take, and how long a
/// connection may be idle between two.
pub async fn serve_http(
    mut bound: Bound,
    router: Router,
    limits: ConnectionLimits,
    shutdown: Shutdown,
) -> Result<(), ReceiverError> {
    let router = router.layer(axum::middleware::map_request(patience::of_request));
    bound.tls = bound.tls.map(|tls| with_alpn(&tls));
    let counters = Arc::<Counters>::default();
    accept(bound, limits, shutdown.clone(), counters, move |stream| {
        connection(stream, router.clone(), limits, shutdown.clone())
    })
    .await
}

fn with_alpn(tls: &TlsAcceptor) -> TlsAcceptor {
    let mut config = (**tls.config()).clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn connection(stream: Stream, router: Router, limits: ConnectionLimits, shutdown: Shutdown) {
    let peer = stream.peer();
    let service = WithPeer::new(router, Some(peer));
    let asked = service.asked();
    let mut builder = Builder::new(TokioExecutor::new());
    // Some senders do not wait for the answer; what they have sent is taken all the same.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(HEAD_BYTES_MAX)
        .half_close(true);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(ALIVE).keep_alive_timeout(ALIVE);
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    // The builder itself waits for ever for the bytes that tell the version.
    let silent = async {
        tokio::time::sleep(limits.idle).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = silent => return,
        () = shutdown.wait() => {
            serving.as_mut().graceful_shutdown();
            tokio::time::timeout(limits.drain, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(e) = ended {
        tracing::debug!(error = %e, %peer, "a connection ended badly");
    }
}
