//! Accepts connections and serves HTTP/1.1 and HTTP/2 on them, within limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gastrolog_ingest::{Counters, Crowd, Seat};
use gastrolog_net::{WithPeer, patience};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::watched::Watched;

/// How long the head of an HTTP/1.1 request may take, and how long a connection may be idle between two.
const HEAD: Duration = Duration::from_secs(30);

/// Longest head of a request, and most that a connection reads at once: what a slow sender can make it hold.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An HTTP/2 connection is asked for a sign of life this often, and is closed when none comes for as long again.
const ALIVE: Duration = Duration::from_secs(20);

/// How long calls under way may go on after the server was asked to stop.
const DRAIN: Duration = Duration::from_secs(6);

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is listened on.
pub(crate) trait Door {
    /// Its connections.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one, and whose it is where that is known.
    async fn open(&self) -> io::Result<(Self::Io, Option<SocketAddr>)>;
}

impl Door for TcpListener {
    type Io = TcpStream;

    async fn open(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = self.accept().await?;
        // An answer is one small write: waiting for more to send only delays it. Who does not grant that is slower.
        let _ = stream.set_nodelay(true);
        Ok((stream, Some(peer)))
    }
}

impl Door for UnixListener {
    type Io = UnixStream;

    async fn open(&self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        Ok((self.accept().await?.0, None))
    }
}

/// What is served on a socket, and how many may connect to it.
pub(crate) struct Served {
    pub(crate) routes: Router,
    pub(crate) connections_max: usize,
    pub(crate) counters: Arc<Counters>,
    pub(crate) stop: CancellationToken,
}

/// Serves on `door` until told to stop; then lets calls under way end for a while, and cuts off the rest.
pub(crate) async fn serve<D: Door>(door: D, served: Served) {
    let Served { routes, connections_max, counters, stop } = served;
    let routes = routes.layer(axum::middleware::map_request(patience::of_request));
    let crowd = Crowd::new(connections_max);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            (seat, opened) = next(&door, &crowd) => match opened {
                Ok((io, peer)) => {
                    let service = WithPeer::new(routes.clone(), peer);
                    connections.spawn(connection(io, service, stop.clone(), seat));
                }
                Err(e) => failed(&e, &crowd, &counters).await,
            },
            Some(_) = connections.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(door);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left is cut off when `connections` is dropped, which cancels its queries.
    let _ = tokio::time::timeout(DRAIN, drained).await;
}

/// The next connection: taken from the system's queue only when there is a place for it.
async fn next<D: Door>(door: &D, crowd: &Arc<Crowd>) -> (Seat, io::Result<(D::Io, Option<SocketAddr>)>) {
    let seat = crowd.enter().await;
    (seat, door.open().await)
}

/// Counts a failed accept. Who gave up before it was accepted concerns nobody; anything else is most likely the end of
/// the descriptors, which idle connections hold.
async fn failed(error: &io::Error, crowd: &Crowd, counters: &Counters) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset) {
        return;
    }
    counters.fault();
    counters.said(format_args!("accepting a connection failed: {error}"));
    crowd.make_room();
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

async fn connection<I>(io: I, service: WithPeer, stop: CancellationToken, seat: Seat)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(ALIVE)
        .keep_alive_timeout(ALIVE)
        .max_header_list_size(HEAD_BYTES_MAX as u32);
    let seat = Arc::new(seat);
    let leave = seat.sent_away();
    let watched = Watched::new(io, seat.clone(), HEAD);
    let serving = builder.serve_connection(TokioIo::new(watched), service);
    tokio::pin!(serving);
    // How a connection ends concerns nobody but its peer, who knows.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = leave.wait() => {}
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
}
