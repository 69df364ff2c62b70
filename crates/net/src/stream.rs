//! A connection, plain or with TLS.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use gastrolog_ingest::Seat;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Read at once by [`read_some`].
const SCRATCH_BYTES: usize = 16 << 10;

thread_local! {
    /// One for each thread, so that a connection that waits needs none.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// What a receiver reads from and answers on.
///
/// When its place is wanted by others (see [`gastrolog_ingest::Crowd`]), it ends as if its peer had closed it.
pub struct Stream {
    kind: Kind,
    peer: SocketAddr,
    seat: Seat,
    sent_away: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

enum Kind {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(crate) fn plain(stream: TcpStream, peer: SocketAddr, seat: Seat) -> Stream {
        Stream::new(Kind::Plain(stream), peer, seat)
    }

    pub(crate) fn tls(stream: TlsStream<TcpStream>, peer: SocketAddr, seat: Seat) -> Stream {
        Stream::new(Kind::Tls(Box::new(stream)), peer, seat)
    }

    fn new(kind: Kind, peer: SocketAddr, seat: Seat) -> Stream {
        let leave = seat.sent_away();
        Stream { kind, peer, seat, sent_away: Box::pin(async move { leave.wait().await }) }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self.kind, Kind::Tls(_))
    }

    fn pinned(self: Pin<&mut Self>) -> Pin<&mut dyn ReadWrite> {
        match &mut self.get_mut().kind {
            Kind::Plain(stream) => Pin::new(stream),
            Kind::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }
}

trait ReadWrite: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> ReadWrite for T {}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.as_mut().pinned().poll_read(cx, buf);
        if read.is_ready() {
            self.seat.active();
        } else if self.sent_away.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.as_mut().pinned().poll_write(cx, buf);
        if written.is_ready() {
            self.seat.active();
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_shutdown(cx)
    }
}

/// Appends what comes next, 16 KiB at most, to `out`; 0 at the end of the stream. `out` grows only when something is
/// there, so that a connection that waits holds no buffer. May be cancelled without loss.
pub async fn read_some(stream: &mut (impl AsyncRead + Unpin), out: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|cx| {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buf = ReadBuf::new(scratch);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf))?;
            out.extend_from_slice(buf.filled());
            Poll::Ready(Ok(buf.filled().len()))
        })
    })
    .await
}
