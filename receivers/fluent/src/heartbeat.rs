//! The heartbeat over UDP: each datagram is answered with one byte, so that Fluentd knows that the server is there.

use std::net::{SocketAddr, UdpSocket};

use gastrolog_ingest::{ReceiverError, Shutdown};

/// The answer that Fluentd gives.
const ANSWER: &[u8] = &[0];

/// Binds the port; it is that of TCP.
pub(crate) fn bind(addr: SocketAddr) -> Result<UdpSocket, ReceiverError> {
    let what = format!("binding UDP {addr} for the heartbeat");
    let socket = UdpSocket::bind(addr).map_err(ReceiverError::io(what.clone()))?;
    socket.set_nonblocking(true).map_err(ReceiverError::io(what))?;
    Ok(socket)
}

/// Answers until shutdown.
pub(crate) async fn answer(socket: UdpSocket, shutdown: Shutdown) {
    let socket = match tokio::net::UdpSocket::from_std(socket) {
        Ok(socket) => socket,
        Err(e) => return tracing::warn!(error = %e, "the heartbeat cannot be answered"),
    };
    let mut byte = [0];
    loop {
        let came = tokio::select! {
            () = shutdown.wait() => return,
            came = socket.recv_from(&mut byte) => came,
        };
        // A peer that is gone shows as an error of the socket; the others go on.
        if let Ok((_, peer)) = came
            && let Err(e) = socket.try_send_to(ANSWER, peer)
        {
            tracing::debug!(error = %e, "a heartbeat was not answered");
        }
    }
}
