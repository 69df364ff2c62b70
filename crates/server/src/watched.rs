//! A connection that notes when bytes come and go, and that does not wait for its first bytes for ever.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gastrolog_ingest::Seat;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// So many bytes tell HTTP/1.1 from HTTP/2; from then on the protocol has time limits of its own.
const OPENING_BYTES: usize = 24;

/// A connection, watched.
pub(crate) struct Watched<I> {
    io: I,
    seat: Arc<Seat>,
    opening: Option<Opening>,
}

struct Opening {
    bytes: usize,
    end: Pin<Box<Sleep>>,
}

impl<I> Watched<I> {
    /// Its first bytes have to be there within `patience`.
    pub(crate) fn new(io: I, seat: Arc<Seat>, patience: Duration) -> Watched<I> {
        let opening = Some(Opening { bytes: 0, end: Box::pin(tokio::time::sleep(patience)) });
        Watched { io, seat, opening }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        let come = buf.filled().len().saturating_sub(before);
        if come > 0 {
            self.seat.active();
        }
        let Some(opening) = &mut self.opening else { return read };
        opening.bytes += come;
        if opening.bytes >= OPENING_BYTES {
            self.opening = None;
        } else if read.is_pending() {
            ready!(opening.end.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf));
        self.seat.active();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs));
        self.seat.active();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
