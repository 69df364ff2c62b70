//! What fuzzing feeds: records of a broker as records of a batch. Their wire format is the client library's.

use gastrolog_types::{Batch, Timestamp};
use krafka::consumer::ConsumerRecord;

use crate::config::KafkaConfig;
use crate::records::gather;

/// A record with so many headers, each named and filled by `header`, and the offset to commit.
pub fn record(
    offset: i64,
    time_ms: i64,
    key: &[u8],
    value: Option<&[u8]>,
    headers: &[&[u8]],
) -> (Batch, Option<i64>) {
    let bytes = |bytes: &[u8]| bytes.to_vec().into();
    let mut record = ConsumerRecord::new("t", 0, offset, Some(bytes(key)), value.map(bytes));
    record.timestamp = time_ms;
    let pair = |header: &&[u8]| (String::from_utf8_lossy(header).into_owned(), Some(bytes(header)));
    record.headers = headers.iter().map(pair).collect();
    let (batch, offsets) = gather(&[record], &KafkaConfig::default(), Timestamp(0));
    (batch, offsets.list().first().map(|(_, at)| at.offset))
}
