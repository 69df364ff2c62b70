//! Datagrams: each is one record.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use gastrolog_ingest::{DropReason, Incoming, ReceiverError};
use gastrolog_types::Timestamp;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::framer::{Flaw, trim_end};
use crate::peers::Peers;
use crate::receiver::Shared;

/// Longest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// Datagrams taken for each time the socket becomes readable, before others get their turn.
const RECEIVES_PER_WAKEUP: usize = 256;
/// What is still taken from the socket's buffer when the receiver stops.
const RECEIVES_AT_END: usize = 64 << 10;

/// A bound socket with a large buffer, so that a burst outlasts a pause of this process.
pub(crate) fn bind(addr: SocketAddr, buffer_bytes: usize) -> Result<std::net::UdpSocket, ReceiverError> {
    let open = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_recv_buffer_size(buffer_bytes)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        Ok(socket)
    };
    let socket = open().map_err(ReceiverError::io(format!("binding UDP {addr}")))?;
    let got = socket.recv_buffer_size().unwrap_or(0);
    if got < buffer_bytes {
        tracing::info!(
            got,
            wanted = buffer_bytes,
            "the system allows a smaller UDP buffer (net.core.rmem_max)"
        );
    }
    Ok(socket.into())
}

/// Receives until shutdown, then what has come before it.
pub(crate) async fn receive(socket: UdpSocket, shared: &Shared) {
    let mut from =
        From { socket: &socket, shared, peers: Peers::default(), buf: vec![0; DATAGRAM_BYTES_MAX] };
    loop {
        tokio::select! {
            () = shared.shutdown.wait() => break,
            ready = socket.readable() => if let Err(e) = ready {
                shared.counters.fault();
                shared.counters.said(format_args!("a UDP socket failed; it is closed: {e}"));
                tracing::error!(error = %e, "a UDP socket failed; it is closed");
                return;
            },
        }
        from.take_up_to(RECEIVES_PER_WAKEUP);
        tokio::task::yield_now().await;
    }
    from.take_up_to(RECEIVES_AT_END);
}

struct From<'a> {
    socket: &'a UdpSocket,
    shared: &'a Shared,
    peers: Peers,
    buf: Vec<u8>,
}

impl From<'_> {
    fn take_up_to(&mut self, count: usize) {
        let ingest = (self.shared.clock)();
        for _ in 0..count {
            match self.socket.try_recv_from(&mut self.buf) {
                Ok((len, peer)) => self.datagram(len, peer, ingest),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier answer may surface here; it says nothing about what comes next.
                Err(_) => self.shared.counters.fault(),
            }
        }
    }

    fn datagram(&mut self, len: usize, peer: SocketAddr, ingest: Timestamp) {
        let text = trim_end(self.buf.get(..len).unwrap_or(&[]));
        if text.is_empty() {
            return;
        }
        let max = self.shared.message_bytes_max;
        let flaw = (text.len() > max).then_some(Flaw::Truncated);
        let text = text.get(..max).unwrap_or(text);
        let (attributes, bad) = self.peers.get(&self.shared.name, peer.ip()).of(text, flaw);
        self.shared.counters.received(1);
        if bad {
            self.shared.counters.parse_error();
        }
        if !self.shared.batcher.try_push(&Incoming { text, attributes, ingest, source: Timestamp::NONE }) {
            self.shared.counters.dropped(DropReason::QueueFull, 1);
        }
    }
}
