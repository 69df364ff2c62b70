//! Accepts connections, up to a limit, and waits for them at the end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Counters, Crowd, ReceiverError, Seat, Shutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{Bound, Stream};

/// Pause after a failed accept (no descriptors left, for one).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A connection that has not ended this long after its time to drain is cut off.
const DRAIN_GRACE: Duration = Duration::from_secs(2);

/// What the connections of a port may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at once. When there are as many, who has been idle longest makes room for who comes.
    pub connections_max: usize,
    /// How long a connection may be silent. The handler sees to it, as it knows what silence means.
    pub idle: Duration,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long connections may go on at shutdown.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            connections_max: 16_384,
            idle: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            drain: Duration::from_secs(6),
        }
    }
}

/// Accepts until shutdown and runs `handle` for each connection, as a task; then waits for those that are open, which
/// must end by themselves when they see the shutdown.
///
/// Over the limit nothing is refused: who connects waits in the system's queue until another leaves, or has been idle
/// for some seconds and is sent away. Failures to accept and handshakes that fail are counted as faults.
pub async fn accept<H, F>(
    bound: Bound,
    limits: ConnectionLimits,
    shutdown: Shutdown,
    counters: Arc<Counters>,
    handle: H,
) -> Result<(), ReceiverError>
where
    H: Fn(Stream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Bound { listener, tls, .. } = bound;
    let listener = TcpListener::from_std(listener).map_err(ReceiverError::io("registering a socket"))?;
    let handle = Arc::new(handle);
    let crowd = Crowd::new(limits.connections_max);
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let seat = crowd.enter().await;
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            () = shutdown.wait() => break,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (tls, handle, shutdown) = (tls.clone(), handle.clone(), shutdown.clone());
                let counters = counters.clone();
                connections.spawn(async move {
                    if let Some(stream) =
                        open(stream, peer, seat, tls, limits.handshake, &shutdown, &counters).await
                    {
                        handle(stream).await;
                    }
                });
            }
            Err(e) => {
                counters.fault();
                counters.said(format_args!("accepting a connection failed: {e}"));
                tracing::warn!(error = %e, "accepting a connection failed");
                // Most likely no descriptors are left: idle connections hold them.
                crowd.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left is cut off when `connections` is dropped.
    if tokio::time::timeout(limits.drain + DRAIN_GRACE, drained).await.is_err() {
        tracing::warn!("connections did not end in time and were cut off");
    }
    Ok(())
}

/// The connection ready for use; `None` when it failed before.
async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    tls: Option<TlsAcceptor>,
    limit: Duration,
    shutdown: &Shutdown,
    counters: &Counters,
) -> Option<Stream> {
    // An answer is one small write: waiting for more to send only delays it.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(error = %e, "TCP_NODELAY");
    }
    let Some(tls) = tls else { return Some(Stream::plain(stream, peer, seat)) };
    let shaken = tokio::select! {
        () = shutdown.wait() => return None,
        shaken = tokio::time::timeout(limit, tls.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => Some(Stream::tls(stream, peer, seat)),
        Ok(Err(e)) => {
            counters.fault();
            counters.said(format_args!("a TLS handshake with {peer} failed: {e}"));
            tracing::warn!(error = %e, %peer, "a TLS handshake failed");
            None
        }
        Err(_) => {
            counters.fault();
            counters.said(format_args!("a TLS handshake with {peer} took too long"));
            tracing::warn!(%peer, "a TLS handshake took too long");
            None
        }
    }
}
