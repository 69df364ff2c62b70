//! The attribute sets of records, made once for each peer.

use std::net::IpAddr;

use gastrolog_ingest::Counters;
use gastrolog_types::Attributes;

use crate::framer::Flaw;

/// What a record can be marked with.
#[derive(Clone)]
pub(crate) struct PeerSets {
    plain: Attributes,
    no_priority: Attributes,
    truncated: Attributes,
    cut_off: Attributes,
}

impl PeerSets {
    /// The sets of one peer. The port is left out: it is another one for each connection, often for each datagram.
    pub(crate) fn new(receiver: &str, peer: IpAddr) -> PeerSets {
        let peer = peer.to_canonical().to_string();
        let base = || [("receiver", receiver.as_bytes().to_vec()), ("peer", peer.clone().into_bytes())];
        let with = |name: &'static str, value: &str| {
            Attributes::new(base().into_iter().chain([(name, value.as_bytes().to_vec())]))
        };
        PeerSets {
            plain: Attributes::new(base()),
            no_priority: with("parse_error", "no <priority>"),
            truncated: with("truncated", "true"),
            cut_off: with("parse_error", "the connection ended inside of a counted message"),
        }
    }

    /// The set for a message, and whether it breaks the protocol.
    pub(crate) fn of(&self, text: &[u8], flaw: Option<Flaw>) -> (&Attributes, bool) {
        match flaw {
            Some(Flaw::Truncated) => (&self.truncated, false),
            Some(Flaw::CutOff) => (&self.cut_off, true),
            None if has_priority(text) => (&self.plain, false),
            None => (&self.no_priority, true),
        }
    }
}

/// Counts what is wrong with a record.
pub(crate) fn note(
    counters: &Counters,
    text: &[u8],
    attributes: &Attributes,
    flaw: Option<Flaw>,
    is_bad: bool,
) {
    if is_bad {
        counters.malformed_record(text, attributes);
    } else if matches!(flaw, Some(Flaw::Truncated)) {
        counters.too_long(text, attributes);
    }
}

/// Whether `text` begins with `<`, 1 to 3 digits, `>`.
fn has_priority(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"<") else { return false };
    let digits = rest.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>')
}
