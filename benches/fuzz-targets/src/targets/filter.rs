//! Filters with the checksums of their head and blocks made right.

use gastrolog_format::filter::{FilterHead, put};

use super::seal::last_crc;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("filter", run, seeds)];

/// Bytes of the head, and of a block with its checksum.
const HEAD_BYTES: usize = 28;
const BLOCK_BYTES: usize = 256;

fn seeds() -> Vec<Vec<u8>> {
    let of = |n: u64| {
        let hashes: Vec<u64> = (1..=n).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let mut out = Vec::new();
        put(&hashes, &mut out);
        out
    };
    [0, 1, 20, 1000].map(of).to_vec()
}

fn run(data: &[u8]) {
    let mut bytes = data.to_vec();
    if let Some((head, blocks)) = bytes.split_at_mut_checked(HEAD_BYTES) {
        last_crc(head);
        blocks.chunks_mut(BLOCK_BYTES).for_each(last_crc);
    }
    let Ok(Some(filter)) = FilterHead::read(&*bytes) else { return };
    let _ = filter.verify(&*bytes);
    filter.probe_bytes();
    for i in 0..64u64 {
        let _ = filter.may_contain(&*bytes, i.wrapping_mul(0x0123_4567_89AB_CDEF));
    }
}
