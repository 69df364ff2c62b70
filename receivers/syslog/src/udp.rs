//! Datagrams: each is one record.

use std::net::SocketAddr;
use std::sync::Arc;

use gastrolog_ingest::Incoming;
use gastrolog_net::PerPeer;
use gastrolog_types::Timestamp;

use crate::framer::{Flaw, trim_end};
use crate::peers::{PeerSets, note};
use crate::receiver::Shared;

/// What takes the datagrams of one socket.
pub(crate) struct Datagrams {
    shared: Arc<Shared>,
    peers: PerPeer<PeerSets>,
}

impl Datagrams {
    pub(crate) fn new(shared: Arc<Shared>) -> Datagrams {
        Datagrams { shared, peers: PerPeer::default() }
    }

    pub(crate) fn take(&mut self, datagram: &[u8], peer: SocketAddr) {
        let text = trim_end(datagram);
        if text.is_empty() {
            return;
        }
        let Shared { name, counters, batcher, clock, message_bytes_max: max, .. } = &*self.shared;
        let flaw = (text.len() > *max).then_some(Flaw::Truncated);
        let text = text.get(..*max).unwrap_or(text);
        let (attributes, bad) = self.peers.get(peer.ip(), || PeerSets::new(name, peer.ip())).of(text, flaw);
        counters.received_text(1, text.len());
        note(counters, text, attributes, flaw, bad);
        let record = Incoming { text, attributes, ingest: clock(), source: Timestamp::NONE };
        if !batcher.try_push(&record) {
            counters.no_room(text, attributes);
        }
    }
}
