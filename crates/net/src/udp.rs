//! Datagrams: sockets with large buffers, each read by a thread of its own that does nothing else.
//!
//! UDP has no backpressure: what is not read in time the system drops. So a thread reads in a tight loop, and the
//! buffer is made as large as the system lets it be.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gastrolog_ingest::{Counters, ReceiverError, Shutdown};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use socket2::{Domain, Protocol, Socket, Type};

/// Longest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// How long a shutdown may go unseen.
const SHUTDOWN_LOOK: Duration = Duration::from_millis(50);
/// What is still taken from a socket's buffer when the receiver stops.
const RECEIVES_AT_END: usize = 256 << 10;
/// Sockets of one port.
const SOCKETS_MAX: usize = 64;
/// After so many failures without a datagram between them a socket is given up.
const FAILURES_MAX: u32 = 1000;

/// A bound UDP port.
pub struct BoundUdp {
    sockets: Vec<UdpSocket>,
    addr: SocketAddr,
}

impl BoundUdp {
    /// Binds `addr` (port 0 takes a free one) with a receive buffer of `buffer_bytes` for each of `sockets`. With more
    /// than one the system spreads senders over them; one sender stays with one socket, and in order.
    pub fn bind(addr: SocketAddr, buffer_bytes: usize, sockets: usize) -> Result<BoundUdp, ReceiverError> {
        let what = || ReceiverError::io(format!("binding UDP {addr}"));
        let sockets = sockets.clamp(1, SOCKETS_MAX);
        let first = open(addr, buffer_bytes, false).map_err(what())?;
        let addr = first.local_addr().map_err(what())?;
        if sockets == 1 {
            return Ok(BoundUdp { sockets: vec![first], addr });
        }
        // Sockets that share a port share it with other processes too. The first, which does not share, has shown
        // that there is none.
        drop(first);
        let shared = (0..sockets).map(|_| open(addr, buffer_bytes, true)).collect::<io::Result<_>>();
        Ok(BoundUdp { sockets: shared.map_err(what())?, addr })
    }

    /// The address, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Starts a thread for each socket. `handler` makes what takes the datagrams of one thread. The threads end after
    /// shutdown, when they have taken what had come before it.
    pub fn start<H>(
        self,
        thread_name: &str,
        shutdown: &Shutdown,
        counters: &Arc<Counters>,
        handler: impl Fn() -> H,
    ) -> Result<Vec<JoinHandle<()>>, ReceiverError>
    where
        H: FnMut(&[u8], SocketAddr) + Send + 'static,
    {
        let start = |socket: UdpSocket| {
            let (shutdown, counters, handle) = (shutdown.clone(), counters.clone(), handler());
            let thread = std::thread::Builder::new().name(format!("{thread_name}-udp"));
            thread.spawn(move || receive(&socket, &shutdown, &counters, handle))
        };
        let threads = self.sockets.into_iter().map(start).collect::<io::Result<_>>();
        threads.map_err(ReceiverError::io(format!("starting threads for {thread_name}")))
    }
}

/// Waits for the threads that [`BoundUdp::start`] has started.
pub fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread for datagrams panicked");
        }
    }
}

fn open(addr: SocketAddr, buffer_bytes: usize, share: bool) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    enlarge(&socket, buffer_bytes)?;
    socket.set_reuse_port(share)?;
    socket.set_read_timeout(Some(SHUTDOWN_LOOK))?;
    socket.bind(&addr.into())?;
    Ok(socket.into())
}

/// Root may go over the system's limit; others get what it allows.
fn enlarge(socket: &Socket, buffer_bytes: usize) -> io::Result<()> {
    if set_socket_recv_buffer_size_force(socket, buffer_bytes).is_err() {
        socket.set_recv_buffer_size(buffer_bytes)?;
    }
    let got = socket.recv_buffer_size().unwrap_or(0);
    if got < buffer_bytes {
        let wanted = buffer_bytes;
        tracing::info!(got, wanted, "the system allows a smaller UDP buffer (net.core.rmem_max)");
    }
    Ok(())
}

fn receive(
    socket: &UdpSocket,
    shutdown: &Shutdown,
    counters: &Counters,
    mut handle: impl FnMut(&[u8], SocketAddr),
) {
    let mut buf = vec![0; DATAGRAM_BYTES_MAX];
    let mut failures = 0;
    while !shutdown.is_set() {
        match socket.recv_from(&mut buf) {
            Ok((len, peer)) => {
                failures = 0;
                handle(buf.get(..len).unwrap_or(&[]), peer);
            }
            // Nothing came for a while.
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(e) => {
                // An ICMP error of an earlier answer may surface here; it says nothing about what comes next.
                counters.fault();
                counters.said(format_args!("receiving a datagram failed: {e}"));
                failures += 1;
                if failures == FAILURES_MAX {
                    counters.said(format_args!("a UDP socket failed; it is closed: {e}"));
                    tracing::error!(error = %e, "a UDP socket failed; it is closed");
                    return;
                }
            }
        }
    }
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    for _ in 0..RECEIVES_AT_END {
        let Ok((len, peer)) = socket.recv_from(&mut buf) else { return };
        handle(buf.get(..len).unwrap_or(&[]), peer);
    }
}
