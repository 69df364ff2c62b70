//! What is made once for each peer of a socket.

use std::collections::HashMap;
use std::net::IpAddr;

/// Peers remembered by one socket; beyond it all are forgotten and met anew.
const PEERS_MAX: usize = 1024;

/// A value for each peer, by its address without the port.
#[derive(Debug)]
pub struct PerPeer<T>(HashMap<IpAddr, T>);

impl<T> Default for PerPeer<T> {
    fn default() -> Self {
        PerPeer(HashMap::new())
    }
}

impl<T> PerPeer<T> {
    /// The value of `peer`; `make` makes it when the peer is met.
    pub fn get(&mut self, peer: IpAddr, make: impl FnOnce() -> T) -> &T {
        if self.0.len() >= PEERS_MAX && !self.0.contains_key(&peer) {
            self.0.clear();
        }
        self.0.entry(peer).or_insert_with(make)
    }
}
