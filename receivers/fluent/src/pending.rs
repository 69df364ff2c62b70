//! Entries that have come and are not stored yet, and the chunks to acknowledge then.

use std::net::IpAddr;

use gastrolog_ingest::Counters;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::entries::Entry;

/// The beginning of what could not be read that is kept.
const RAW_BYTES_MAX: usize = 1 << 20;
/// Longest tag that becomes an attribute; the rest is cut off.
const TAG_BYTES_MAX: usize = 4 << 10;

/// What [`Pending::take`] gives.
pub(crate) struct Taken {
    pub(crate) batch: Batch,
    /// The answers to send when it is stored.
    pub(crate) answers: Vec<u8>,
    /// Whether the sender keeps all of it until it is acknowledged.
    pub(crate) kept_by_sender: bool,
}

/// Gathers entries into a batch.
pub(crate) struct Pending {
    receiver: String,
    peer: String,
    /// The last tag and its attributes: most entries share them.
    last: (Vec<u8>, Attributes),
    batch: Batch,
    answers: Vec<u8>,
    unacknowledged: bool,
}

impl Pending {
    pub(crate) fn new(receiver: &str, peer: IpAddr) -> Pending {
        let mut pending = Pending {
            receiver: receiver.to_owned(),
            peer: peer.to_canonical().to_string(),
            last: Default::default(),
            batch: Batch::default(),
            answers: Vec::new(),
            unacknowledged: false,
        };
        pending.last.1 = pending.attributes(b"", &[]);
        pending
    }

    pub(crate) fn bytes(&self) -> usize {
        self.batch.text.len() + self.answers.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.answers.is_empty()
    }

    /// Takes an entry of a message with `tag`.
    pub(crate) fn push(&mut self, tag: &[u8], entry: &Entry, now: Timestamp, counters: &Counters) {
        let mut more: Vec<(&str, &[u8])> = Vec::new();
        if !entry.metadata.is_empty() {
            more.push(("metadata", &entry.metadata));
        }
        if !entry.utf8 {
            more.push(("not_utf8", b"true"));
        }
        if !entry.is_map {
            more.push(("parse_error", b"the record is not a map"));
        }
        let attributes = if more.is_empty() { self.plain(tag) } else { self.attributes(tag, &more) };
        if !entry.is_map {
            counters.malformed_record(&entry.json, &attributes);
        }
        self.batch.push(&entry.json, &attributes, now, entry.time);
    }

    /// Takes bytes that could not be read.
    pub(crate) fn push_raw(
        &mut self,
        tag: &[u8],
        bytes: &[u8],
        why: &str,
        now: Timestamp,
        counters: &Counters,
    ) {
        let mut more: Vec<(&str, &[u8])> = vec![("parse_error", why.as_bytes())];
        if bytes.len() > RAW_BYTES_MAX {
            more.push(("truncated", b"true"));
        }
        let attributes = self.attributes(tag, &more);
        counters.malformed_record(bytes, &attributes);
        self.batch.push(bytes.get(..RAW_BYTES_MAX).unwrap_or(bytes), &attributes, now, Timestamp::NONE);
    }

    /// Entries of a message that will, or will not, be acknowledged are about to come.
    pub(crate) fn begin(&mut self, acknowledged: bool) {
        self.unacknowledged |= !acknowledged;
    }

    /// All entries of a chunk have been pushed.
    pub(crate) fn acknowledge(&mut self, chunk: &[u8]) {
        // {"ack": chunk}
        self.answers.extend_from_slice(b"\x81\xa3ack");
        self.answers.extend_from_slice(chunk);
    }

    /// What has gathered.
    pub(crate) fn take(&mut self) -> Taken {
        Taken {
            batch: std::mem::take(&mut self.batch),
            answers: std::mem::take(&mut self.answers),
            kept_by_sender: !std::mem::take(&mut self.unacknowledged),
        }
    }

    fn plain(&mut self, tag: &[u8]) -> Attributes {
        if self.last.0 != tag {
            self.last = (tag.to_vec(), self.attributes(tag, &[]));
        }
        self.last.1.clone()
    }

    fn attributes(&self, tag: &[u8], more: &[(&str, &[u8])]) -> Attributes {
        let tag = tag.get(..TAG_BYTES_MAX).unwrap_or(tag);
        let tag = (!tag.is_empty()).then_some(("tag", tag));
        let fixed = [("receiver", self.receiver.as_bytes()), ("peer", self.peer.as_bytes())];
        Attributes::new(fixed.into_iter().chain(tag).chain(more.iter().copied()))
    }
}
