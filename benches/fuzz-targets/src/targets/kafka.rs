//! Records of Kafka behind the client library: text as it came, attributes within bounds, the offset behind it.

use gastrolog_receiver_kafka::hostile::record;

use super::sound;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("kafka_record", run, seeds)];

/// What the attributes of a record may take: 32 headers, their names as they came, and a key.
const VALUES_BYTES_MAX: usize = 34 << 12;

fn seeds() -> Vec<Vec<u8>> {
    let headers = (0..40u8).flat_map(|n| [3, b'h', n, n]);
    let record = [1u8; 16].into_iter().chain([2, b'k', b'1', 5]).chain(*b"hello").chain(headers);
    vec![
        record.collect(),
        [[0xff; 16].as_slice(), &[0, 0]].concat(),
        [[0x7f; 16].as_slice(), b"\x01k"].concat(),
    ]
}

/// Offset and time, then pieces with their length before them: key, value, headers.
fn run(data: &[u8]) {
    let Some((numbers, mut rest)) = data.split_first_chunk::<16>() else { return };
    let number =
        |at: usize| numbers.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, i64::from_le_bytes);
    let mut pieces: Vec<&[u8]> = Vec::new();
    while let Some((&length, after)) = rest.split_first() {
        let (piece, next) = after.split_at(usize::from(length).min(after.len()));
        pieces.push(piece);
        rest = next;
    }
    let key = pieces.first().copied().unwrap_or_default();
    let (value, headers) = (pieces.get(1).copied(), pieces.get(2..).unwrap_or_default());
    let (batch, next) = record(number(0), number(8), key, value, headers);
    sound::check(&batch);
    assert_eq!((batch.len(), batch.text_of(0)), (1, value.unwrap_or_default()));
    assert_eq!(next, Some(number(0).saturating_add(1)));
    let values: usize = batch.attributes.iter().flat_map(|set| set.iter()).map(|(_, v)| v.len()).sum();
    assert!(values <= VALUES_BYTES_MAX);
}
