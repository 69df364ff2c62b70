//! Events that have come and are not acknowledged yet.

use std::net::IpAddr;

use gastrolog_ingest::Counters;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::event;

/// The beginning of bytes without frames that is kept.
const RAW_BYTES_MAX: usize = 64 << 10;

/// Gathers events into a batch.
pub(crate) struct Pending {
    receiver: String,
    peer: String,
    plain: Attributes,
    batch: Batch,
    last_seq: Option<u32>,
}

impl Pending {
    pub(crate) fn new(receiver: &str, peer: IpAddr) -> Pending {
        let mut pending = Pending {
            receiver: receiver.to_owned(),
            peer: peer.to_canonical().to_string(),
            plain: Attributes::default(),
            batch: Batch::default(),
            last_seq: None,
        };
        pending.plain = pending.attributes(&[]);
        pending
    }

    pub(crate) fn records(&self) -> usize {
        self.batch.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.batch.text.len()
    }

    /// Takes an event.
    pub(crate) fn push(
        &mut self,
        seq: u32,
        text: &[u8],
        truncated: bool,
        now: Timestamp,
        counters: &Counters,
    ) {
        self.last_seq = Some(seq);
        let read = if truncated { Ok(Timestamp::NONE) } else { event::read(text, now) };
        let source = *read.as_ref().unwrap_or(&Timestamp::NONE);
        let error = read.err();
        let mut more: Vec<(&str, &str)> = Vec::new();
        if truncated {
            more.push(("truncated", "true"));
        }
        if let Some(error) = &error {
            more.push(("parse_error", error));
        }
        let attributes = if more.is_empty() { self.plain.clone() } else { self.attributes(&more) };
        if truncated {
            counters.too_long(text, &attributes);
        } else if error.is_some() {
            counters.malformed_record(text, &attributes);
        }
        self.batch.push(text, &attributes, now, source);
    }

    /// Takes bytes in which no frame was found.
    pub(crate) fn push_raw(&mut self, bytes: &[u8], why: &str, now: Timestamp, counters: &Counters) {
        let attributes = self.attributes(&[("parse_error", why)]);
        counters.malformed_record(bytes, &attributes);
        let kept = bytes.get(..RAW_BYTES_MAX).unwrap_or(bytes);
        self.batch.push(kept, &attributes, now, Timestamp::NONE);
    }

    /// What has gathered, and the number to acknowledge, if there is an event.
    pub(crate) fn take(&mut self) -> (Batch, Option<u32>) {
        (std::mem::take(&mut self.batch), self.last_seq.take())
    }

    fn attributes(&self, more: &[(&str, &str)]) -> Attributes {
        let fixed = [("receiver", self.receiver.as_str()), ("peer", self.peer.as_str())];
        Attributes::new(fixed.iter().chain(more).map(|&(name, value)| (name, value.as_bytes())))
    }
}
