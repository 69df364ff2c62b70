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

    /// Appends all records of `other`, its bytes in one piece. Both together must stay below 4 GiB. An empty batch becomes
    /// `other`.
    pub fn append(&mut self, other: Batch) {
        if self.records.is_empty() {
            *self = other;
            return;
        }
        let (text_at, sets_at) = (self.text.len() as u32, self.attributes.len() as u32);
        // An equal set is shared where one batch goes on as the other has ended, as in `push`.
        let shared = u32::from(sets_at > 0 && self.attributes.last() == other.attributes.first());
        self.records.extend(other.records.into_iter().map(|record| NewRecord {
            start: record.start + text_at,
            end: record.end + text_at,
            attributes: record.attributes + sets_at - shared,
            ..record
        }));
        self.text.extend_from_slice(&other.text);
        self.attributes.extend(other.attributes.into_iter().skip(shared as usize));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts with one of three attribute sets.
    type Texts = Vec<(String, u8)>;

    fn set(name: u8) -> Attributes {
        Attributes::new([("set", vec![name])])
    }

    fn batch(texts: &Texts) -> Batch {
        let mut out = Batch::default();
        for (at, (text, name)) in texts.iter().enumerate() {
            out.push(text.as_bytes(), &set(*name), Timestamp(at as i64), Timestamp::NONE);
        }
        out
    }

    fn seen(batch: &Batch) -> Vec<(Vec<u8>, Option<Attributes>, Timestamp)> {
        let records = batch.records.iter().enumerate();
        let sets = |record: &NewRecord| batch.attributes.get(record.attributes as usize).cloned();
        records.map(|(i, record)| (batch.text_of(i).to_vec(), sets(record), record.ingest)).collect()
    }

    #[test]
    fn lines_keep_their_line_ends_out_of_what_is_appended() {
        let lines = |text: &str| Batch::from_lines(text.into(), set(1), Timestamp(0));
        let mut all = lines("a\nb\n");
        all.append(lines("c\n\nd"));
        let texts: Vec<&[u8]> = (0..all.len()).map(|i| all.text_of(i)).collect();
        assert_eq!(texts, [&b"a"[..], b"b", b"c", b"", b"d"]);
        assert_eq!(all.attributes.len(), 1);
    }

    proptest! {
        #[test]
        fn appended_records_are_those_of_both(
            parts in prop::collection::vec(prop::collection::vec(("[a-z]{0,5}", 0..3u8), 0..6), 0..6),
        ) {
            let mut all = Batch::default();
            let mut wanted = Vec::new();
            for part in &parts {
                all.append(batch(part));
                wanted.extend(seen(&batch(part)));
            }
            prop_assert_eq!(seen(&all), wanted);
            // As few sets as if each record had been pushed.
            let pushed = batch(&parts.concat());
            prop_assert_eq!(all.attributes.len(), pushed.attributes.len());
        }
    }
}
