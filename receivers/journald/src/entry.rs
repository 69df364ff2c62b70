//! An entry as a record: one JSON line of all its fields, as `journalctl -o json` has them.

use gastrolog_net::json::JsonLine;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::export::Entry;

/// When the journal took it, in microseconds.
const TIME: &[u8] = b"__REALTIME_TIMESTAMP";

/// Entries on their way into the store.
pub(crate) struct Entries {
    own: Vec<(String, Vec<u8>)>,
    plain: Attributes,
    ingest: Timestamp,
    batch: Batch,
    malformed: u64,
}

impl Entries {
    /// With the attributes of every record.
    pub(crate) fn new(own: Vec<(String, Vec<u8>)>, ingest: Timestamp) -> Entries {
        let plain = Attributes::new(own.iter().cloned());
        Entries { own, plain, ingest, batch: Batch::default(), malformed: 0 }
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, entry: &Entry<'_>) {
        let attributes = self.attributes(entry);
        if entry.malformed.is_some() {
            self.malformed += 1;
            self.batch.push(entry.raw, &attributes, self.ingest, Timestamp::NONE);
            return;
        }
        let line = json(entry);
        self.batch.push(&line, &attributes, self.ingest, time(entry));
    }

    /// Bytes so far.
    pub(crate) fn bytes(&self) -> usize {
        self.batch.text.len() + self.batch.len() * size_of::<gastrolog_types::NewRecord>()
    }

    /// What was added since the last time, and how much of it was malformed.
    pub(crate) fn take(&mut self) -> (Batch, u64) {
        (std::mem::take(&mut self.batch), std::mem::take(&mut self.malformed))
    }

    fn attributes(&self, entry: &Entry<'_>) -> Attributes {
        if !entry.truncated && entry.malformed.is_none() {
            return self.plain.clone();
        }
        let mut pairs = self.own.clone();
        if entry.truncated {
            pairs.push(("truncated".to_owned(), b"true".to_vec()));
        }
        pairs.extend(entry.malformed.map(|reason| ("parse_error".to_owned(), reason.into())));
        Attributes::new(pairs)
    }
}

/// All values are texts, as they are in the journal; a name that comes several times has an array of them.
fn json(entry: &Entry<'_>) -> Vec<u8> {
    let pairs: Vec<(&[u8], &[u8])> = entry.pairs().collect();
    let mut line = JsonLine::on(Vec::with_capacity(entry.raw.len() + 8 * pairs.len()));
    line.begin_object();
    for (at, (name, value)) in pairs.iter().enumerate() {
        let (before, after) = pairs.split_at(at);
        if before.iter().any(|(n, _)| n == name) {
            continue;
        }
        let again = || after.iter().skip(1).filter(|(n, _)| n == name);
        line.key(name);
        if again().next().is_none() {
            line.string(value);
            continue;
        }
        line.begin_array();
        line.string(value);
        again().for_each(|(_, value)| line.string(value));
        line.end_array();
    }
    line.end_object();
    line.into_bytes()
}

fn time(entry: &Entry<'_>) -> Timestamp {
    let value = entry.pairs().find(|(name, _)| *name == TIME).map(|(_, value)| value);
    let us = value.and_then(|value| std::str::from_utf8(value).ok()?.parse::<i64>().ok());
    us.and_then(|us| us.checked_mul(1000)).map_or(Timestamp::NONE, Timestamp)
}
