//! Ports that are known before anybody listens there, and that are bound again after a restart.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// The first of them: below are those of services.
const FIRST: u32 = 10_000;

/// An address that is free, for TCP and for UDP, and stays so: the system gives such a port to nobody who asks for any,
/// and this process gives each once. A port that the system gave and took back could be another's a moment later, as that
/// of a client that connects.
pub fn free_address() -> SocketAddr {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = first_of_the_system().saturating_sub(FIRST).max(1);
    // Tests of other processes begin elsewhere.
    let begin = std::process::id().wrapping_mul(61);
    for _ in 0..count {
        let n = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % count;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(FIRST + n).unwrap()));
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port from {FIRST} on is free");
}

/// The first of the ports that the system gives to who asks for any.
fn first_of_the_system() -> u32 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first = range.split_whitespace().next().and_then(|first| first.parse().ok());
    // As Linux has it.
    first.unwrap_or(32_768)
}
