//! Datagrams: whole messages and chunks, plain and compressed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use gastrolog_ingest::Incoming;
use gastrolog_ingest::samples::Input;
use gastrolog_net::PerPeer;
use gastrolog_net::inflate::{Codec, InflateLimits, inflate};

use crate::chunks::{Assembler, Taken};
use crate::message::look;
use crate::peers::{Flaw, Peer, note};
use crate::receiver::Shared;

/// Compressed logs are not smaller than this part of themselves; a bomb is.
const RATIO_MAX: usize = 1000;

/// What takes the datagrams of one socket.
pub(crate) struct Datagrams {
    shared: Arc<Shared>,
    assembler: Assembler,
    peers: PerPeer<Peer>,
}

impl Datagrams {
    pub(crate) fn new(shared: Arc<Shared>) -> Datagrams {
        Datagrams { assembler: Assembler::new(shared.chunks), peers: PerPeer::default(), shared }
    }

    pub(crate) fn take(&mut self, datagram: &[u8], peer: SocketAddr) {
        let now = Instant::now();
        match self.assembler.take(datagram, peer, now) {
            Taken::Whole => self.message(datagram, peer),
            Taken::Complete(message) => self.message(&message, peer),
            Taken::Malformed(why) => self.store(datagram, peer, Some(Flaw::Problem(why.into()))),
            Taken::Kept => {}
        }
        let given_up = self.assembler.given_up(now);
        if given_up > 0 {
            tracing::warn!(messages = given_up, %peer, "GELF chunks were lost or came too late");
            self.shared
                .counters
                .said(format_args!("{given_up} messages in chunks of {peer} were not complete in time"));
            let (counters, why) = (&self.shared.counters, "the message was not complete in time");
            (0..given_up).for_each(|_| counters.malformed(peer.ip(), why, Input::default()));
        }
    }

    fn message(&mut self, payload: &[u8], peer: SocketAddr) {
        let Some(codec) = Codec::sniff(payload) else { return self.store(payload, peer, None) };
        let limits = InflateLimits { bytes_max: self.shared.message_bytes_max, ratio_max: RATIO_MAX };
        match inflate(codec, payload, &limits) {
            Ok(text) => self.store(&text, peer, None),
            Err(e) => self.store(payload, peer, Some(Flaw::Problem(e.to_string()))),
        }
    }

    fn store(&mut self, text: &[u8], peer: SocketAddr, flaw: Option<Flaw>) {
        let (text, flaw) = match flaw {
            Some(flaw) => (text, Some(flaw)),
            None => self.shared.cut(text),
        };
        if text.is_empty() {
            return;
        }
        let message = look(text);
        let flaw = flaw.or(message.problem.map(|why| Flaw::Problem(why.into())));
        let shared = &self.shared;
        shared.counters.received_text(1, text.len());
        if let Some(Flaw::Problem(why)) = &flaw {
            shared.counters.said(format_args!("{peer}: {why}"));
        }
        let attributes =
            self.peers.get(peer.ip(), || Peer::new(&shared.name, Some(peer.ip()))).attributes(flaw.as_ref());
        note(&shared.counters, text, &attributes, flaw.as_ref());
        let ingest = (shared.clock)();
        let record = Incoming { text, attributes: &attributes, ingest, source: message.source };
        if !shared.batcher.try_push(&record) {
            shared.counters.no_room(text, &attributes);
        }
    }
}
