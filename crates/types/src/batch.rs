//! Records on their way in (a [`Batch`]) and on their way out (a [`Record`]).

use std::sync::Arc;

use crate::{Seq, Timestamp};

/// Attributes of a record: what is known about it beside its text (receiver, host, file …).
/// Names are unique within a set and in the order the receiver gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(Arc<[Pair]>);

/// Name and value.
type Pair = (Box<str>, Box<[u8]>);

impl Attributes {
    /// A set from pairs of name and value; of two pairs with one name the first wins.
    pub fn new<N: Into<Box<str>>, V: Into<Box<[u8]>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut kept: Vec<(Box<str>, Box<[u8]>)> = Vec::new();
        for (name, value) in pairs {
            let name = name.into();
            if kept.iter().all(|(n, _)| *n != name) {
                kept.push((name, value.into()));
            }
        }
        Attributes(kept.into())
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(n, v)| (&**n, &**v))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One record of a [`Batch`]: a range of the batch's buffer and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord {
    /// First byte of the record in [`Batch::text`].
    pub start: u32,
    /// One past its last byte (the line ending is not part of a record).
    pub end: u32,
    /// Index into [`Batch::attributes`].
    pub attributes: u32,
    /// When it arrived.
    pub ingest: Timestamp,
    /// When the sender says it happened; [`Timestamp::NONE`] leaves it to the store to look in the text.
    pub source: Timestamp,
}

/// Records that arrived together and are acknowledged together. One buffer, no copy per record.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The bytes that the records point into; gaps (line endings) are allowed. Shorter than 4 GiB.
    pub text: Vec<u8>,
    /// The records, in order of arrival.
    pub records: Vec<NewRecord>,
    /// The distinct attribute sets of the batch.
    pub attributes: Vec<Attributes>,
}

impl Batch {
    /// Splits `text` at LF into records that share `attributes` and `ingest`. An LF at the very end does not
    /// start another record; a CR before the LF stays part of the record, so that the text comes back as it was.
    pub fn from_lines(text: Vec<u8>, attributes: Attributes, ingest: Timestamp) -> Batch {
        let records = split_lines(&text, ingest, usize::MAX).unwrap_or_default();
        Batch { text, records, attributes: vec![attributes] }
    }

    /// As [`Batch::from_lines`], but none if there would be more than `records_max` records: what a text of nothing but
    /// line ends takes is 32 times its size.
    pub fn from_lines_max(
        text: Vec<u8>,
        attributes: Attributes,
        ingest: Timestamp,
        records_max: usize,
    ) -> Option<Batch> {
        let records = split_lines(&text, ingest, records_max)?;
        Some(Batch { text, records, attributes: vec![attributes] })
    }

    /// Appends one record with attributes of its own (an equal last set is shared).
    pub fn push(&mut self, text: &[u8], attributes: &Attributes, ingest: Timestamp, source: Timestamp) {
        if self.attributes.last() != Some(attributes) {
            self.attributes.push(attributes.clone());
        }
        let start = self.text.len() as u32;
        self.text.extend_from_slice(text);
        let end = self.text.len() as u32;
        let attributes = self.attributes.len() as u32 - 1;
        self.records.push(NewRecord { start, end, attributes, ingest, source });
    }

    /// The text of record `i`; empty when there is none.
    pub fn text_of(&self, i: usize) -> &[u8] {
        self.records.get(i).and_then(|r| self.text.get(r.start as usize..r.end as usize)).unwrap_or(&[])
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

fn split_lines(text: &[u8], ingest: Timestamp, records_max: usize) -> Option<Vec<NewRecord>> {
    let record = |start: usize, end: usize| NewRecord {
        start: start as u32,
        end: end as u32,
        attributes: 0,
        ingest,
        source: Timestamp::NONE,
    };
    let mut records = Vec::with_capacity(text.len() / 128);
    let mut start = 0usize;
    for end in memchr::memchr_iter(b'\n', text) {
        if records.len() == records_max {
            return None;
        }
        records.push(record(start, end));
        start = end + 1;
    }
    if start < text.len() {
        records.push(record(start, text.len()));
    }
    (records.len() <= records_max).then_some(records)
}

/// A record as it comes out of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Place in the store's write order.
    pub seq: Seq,
    /// When it happened, as far as it says so.
    pub source: Timestamp,
    /// When it arrived.
    pub ingest: Timestamp,
    /// What is known about it beside its text.
    pub attributes: Attributes,
    /// The text, byte for byte as it came.
    pub text: Vec<u8>,
}

impl Record {
    /// The time a query goes by unless it says otherwise: source where known, else ingest.
    pub fn time(&self) -> Timestamp {
        self.source.or(self.ingest)
    }
}
