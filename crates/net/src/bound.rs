//! A TCP port that is bound, before anything runs: a wrong address is an error at start.

use std::io;
use std::net::{SocketAddr, TcpListener};

use gastrolog_ingest::ReceiverError;
use socket2::{Domain, Protocol, Socket, Type};
use tokio_rustls::TlsAcceptor;

use crate::tls::TlsFiles;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 4096;

/// A bound port, plain or with TLS. Who connects waits in the system's queue until [`crate::accept()`] runs.
pub struct Bound {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
    addr: SocketAddr,
}

impl Bound {
    /// Binds `addr`; port 0 takes a free one. An IPv6 address that is unspecified takes IPv4 too.
    pub fn tcp(addr: SocketAddr, tls: Option<&TlsFiles>) -> Result<Bound, ReceiverError> {
        let tls = tls.map(TlsFiles::acceptor).transpose()?;
        let what = format!("binding TCP {addr}");
        let listener = bind(addr).map_err(ReceiverError::io(what.clone()))?;
        let addr = listener.local_addr().map_err(ReceiverError::io(what))?;
        Ok(Bound { listener, tls, addr })
    }

    /// The address, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // After a restart the port may be taken again at once.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
