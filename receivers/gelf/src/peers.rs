//! The attribute sets of records.

use std::net::IpAddr;

use gastrolog_ingest::Counters;
use gastrolog_types::Attributes;

/// What is known of one peer's records.
#[derive(Clone)]
pub(crate) struct Peer {
    receiver: String,
    peer: String,
    plain: Attributes,
}

impl Peer {
    /// The port is left out: it is another one for each connection, often for each datagram.
    pub(crate) fn new(receiver: &str, peer: Option<IpAddr>) -> Peer {
        let peer = peer.map(|p| p.to_canonical().to_string()).unwrap_or_default();
        let plain = Attributes::new(pairs(receiver, &peer));
        Peer { receiver: receiver.into(), peer, plain }
    }

    /// The set for a record without a flaw, or with one.
    pub(crate) fn attributes(&self, flaw: Option<&Flaw>) -> Attributes {
        let Some(flaw) = flaw else { return self.plain.clone() };
        let own = match flaw {
            Flaw::Truncated => ("truncated", "true".into()),
            Flaw::Problem(why) => ("parse_error", why.as_bytes().to_vec()),
        };
        Attributes::new(pairs(&self.receiver, &self.peer).chain([own]))
    }
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It was longer than the limit; this is its beginning.
    Truncated,
    /// Why it is not GELF.
    Problem(String),
}

/// Counts what is wrong with a record.
pub(crate) fn note(counters: &Counters, text: &[u8], attributes: &Attributes, flaw: Option<&Flaw>) {
    match flaw {
        Some(Flaw::Problem(_)) => counters.malformed_record(text, attributes),
        Some(Flaw::Truncated) => counters.too_long(text, attributes),
        None => {}
    }
}

fn pairs<'a>(receiver: &'a str, peer: &'a str) -> impl Iterator<Item = (&'static str, Vec<u8>)> + use<'a> {
    let pairs = [("receiver", receiver), ("peer", peer)];
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.into()))
}
