//! Records of Kafka as records of a batch, and the offsets to commit when that is stored.

use std::collections::BTreeMap;

use gastrolog_types::{Attributes, Batch, Timestamp};
use krafka::TimestampType;
use krafka::consumer::{ConsumerRecord, OffsetAndMetadata, TopicPartition};

use crate::config::{KafkaConfig, TimeFrom};

/// Headers of a record that become attributes; the others are left out, and the record says so.
const HEADERS_MAX: usize = 32;
/// Longest key and longest header; a header whose name is longer is left out.
const VALUE_BYTES_MAX: usize = 4 << 10;

/// For each partition the offset after the last record of it.
#[derive(Debug, Default)]
pub(crate) struct Offsets(BTreeMap<(String, i32), i64>);

impl Offsets {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, record: &ConsumerRecord) {
        let next = record.offset.saturating_add(1);
        let at = self.0.entry((record.topic.to_string(), record.partition)).or_insert(next);
        *at = next.max(*at);
    }

    /// Takes over what `newer` says.
    pub(crate) fn merge(&mut self, newer: Offsets) {
        self.0.extend(newer.0);
    }

    pub(crate) fn list(&self) -> Vec<(TopicPartition, OffsetAndMetadata)> {
        let pair = |((topic, partition), offset): (&(String, i32), &i64)| {
            (TopicPartition::new(topic.clone(), *partition), OffsetAndMetadata::new(*offset))
        };
        self.0.iter().map(pair).collect()
    }
}

/// The records as a batch.
pub(crate) fn gather(records: &[ConsumerRecord], config: &KafkaConfig, now: Timestamp) -> (Batch, Offsets) {
    let (mut batch, mut offsets) = (Batch::default(), Offsets::default());
    for record in records {
        let text = record.value.as_deref().unwrap_or(&[]);
        batch.push(text, &attributes(record, &config.name), now, source(record, config.time));
        offsets.add(record);
    }
    (batch, offsets)
}

fn source(record: &ConsumerRecord, from: TimeFrom) -> Timestamp {
    let given = from == TimeFrom::Kafka && record.timestamp_type == TimestampType::CreateTime;
    let nanos = record.timestamp.checked_mul(1_000_000).filter(|_| given && record.timestamp >= 0);
    nanos.map_or(Timestamp::NONE, Timestamp)
}

fn attributes(record: &ConsumerRecord, receiver: &str) -> Attributes {
    let cut = |bytes: &[u8]| bytes.get(..VALUE_BYTES_MAX).unwrap_or(bytes).to_vec();
    let mut pairs: Vec<(String, Vec<u8>)> = vec![
        ("receiver".into(), receiver.into()),
        ("topic".into(), record.topic.as_bytes().to_vec()),
        ("partition".into(), record.partition.to_string().into()),
        ("offset".into(), record.offset.to_string().into()),
    ];
    if let Some(key) = &record.key {
        pairs.push(("key".into(), cut(key)));
    }
    if record.value.is_none() {
        // An empty text alone could not be told from a value that is empty.
        pairs.push(("tombstone".into(), b"true".to_vec()));
    }
    let mut left_out = record.headers.len();
    for (name, value) in
        record.headers.iter().filter(|(name, _)| name.len() <= VALUE_BYTES_MAX).take(HEADERS_MAX)
    {
        pairs.push((format!("header.{name}"), cut(value.as_deref().unwrap_or(&[]))));
        left_out -= 1;
    }
    if left_out > 0 {
        pairs.push(("headers_left_out".into(), left_out.to_string().into()));
    }
    Attributes::new(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left out of a record whose headers have names of so many bytes each.
    fn left_out(name_bytes: &[usize]) -> Option<String> {
        let mut record = ConsumerRecord::new("t", 0, 7, None, None);
        let header =
            |(n, bytes): (usize, &usize)| (n.to_string().repeat(*bytes), Some(b"value".to_vec().into()));
        record.headers = name_bytes.iter().enumerate().map(header).collect();
        let found = attributes(&record, "kafka");
        let value = found.iter().find(|(name, _)| *name == "headers_left_out").map(|(_, value)| value);
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    }

    #[test]
    fn headers_are_few_and_their_names_short() {
        assert_eq!(left_out(&[1; HEADERS_MAX]), None);
        assert_eq!(left_out(&[1; HEADERS_MAX + 2]).as_deref(), Some("2"));
        assert_eq!(left_out(&[VALUE_BYTES_MAX, VALUE_BYTES_MAX + 1, 16 << 20]).as_deref(), Some("2"));
    }
}
