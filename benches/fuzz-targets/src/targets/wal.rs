//! The write-ahead log: batches, and segments with their checksums made right.

use std::path::Path;

use gastrolog_chunk::wal::{Wal, WalOptions, decode_batch, encode_batch};
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::files::env_of_segment;
use super::past::{NOW, segments};
use super::seal;
use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] =
    &[Target::new("wal_batch", batch, batch_seeds), Target::new("wal_segment", segment, contents)];

fn contents() -> Vec<Vec<u8>> {
    segments().into_iter().map(|(_, bytes)| bytes).collect()
}

fn batch_seeds() -> Vec<Vec<u8>> {
    let attributes = Attributes::new([("file", b"app.log".to_vec()), ("peer", b"10.0.0.1".to_vec())]);
    let mut batch = Batch::from_lines(lines("app.log", 8).join(&b'\n'), attributes, Timestamp(NOW));
    batch.push(b"", &Attributes::default(), Timestamp(0), Timestamp(-5));
    let mut out = Vec::new();
    match encode_batch(&batch, 0..batch.len(), &mut out) {
        Ok(()) => vec![out],
        Err(_) => Vec::new(),
    }
}

/// What can be read can be written, and is read the same again.
fn batch(data: &[u8]) {
    let Ok(batch) = decode_batch(data) else { return };
    let mut again = Vec::new();
    assert_eq!(encode_batch(&batch, 0..batch.len(), &mut again), Ok(()));
    let Ok(second) = decode_batch(&again) else { panic!("a batch that was written cannot be read") };
    assert_eq!(second.len(), batch.len());
    for i in 0..batch.len() {
        assert_eq!(second.text_of(i), batch.text_of(i));
    }
}

/// Opened for reading, opened and repaired, opened again: the same records each time, and no damage that is new.
fn segment(data: &[u8]) {
    let mut bytes = data.to_vec();
    seal::segment(&mut bytes);
    let Some((name, _)) = segments().into_iter().next() else { return };
    let Some(env) = env_of_segment(&name, bytes) else { return };
    let dir = Path::new("/wal");
    let Ok(first) = Wal::read(&env, dir, 0) else { return };
    let records = first.report().records;
    let read = first.flatten().map(|item| item.1.len() as u64).sum::<u64>();
    assert!(read <= records, "{read} of {records}");
    for _ in 0..2 {
        let opened = Wal::open(&env, dir, 0, WalOptions::default());
        let Ok((_, recovered)) = opened else { panic!("it was read and cannot be opened: {opened:?}") };
        assert_eq!(recovered.report().records, records);
        assert_eq!(recovered.flatten().map(|item| item.1.len() as u64).sum::<u64>(), read);
    }
}
