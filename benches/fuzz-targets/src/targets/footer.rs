//! The footer of a chunk, and the head of one.

use gastrolog_format::{ChunkHead, Compressor, Footer, TRAILER_BYTES, Writer};

use super::past::past_chunk;
use super::seal::last_crc;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[
    Target::new("footer", run, seeds),
    Target::new("chunk_head", head, || vec![start_of(past_chunk(), 44)]),
];

fn start_of(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    bytes.truncate(len);
    bytes
}

/// The footer of a past release, as it is before it is compressed.
fn seeds() -> Vec<Vec<u8>> {
    let chunk = past_chunk();
    let Ok(Some((footer, _))) = Footer::read(&chunk) else { return Vec::new() };
    let mut file = Vec::new();
    footer.put(&mut Compressor::new(-1), &mut file);
    file.truncate(file.len() - TRAILER_BYTES);
    let mut packed = vec![1];
    packed.extend(file);
    let small = Footer::new();
    let mut plain = vec![0];
    plain.put_varint(small.row_groups.len() as u64);
    plain.put_u8(1);
    plain.put_varint(1);
    plain.put_bytes(b"level");
    plain.extend([3, 2, 1]);
    plain.put_bytes(b"info");
    plain.put_varint(3);
    vec![packed, plain]
}

/// The first byte says whether the rest is the footer itself or what it is when compressed.
fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut file = Vec::new();
    if first & 1 == 0 {
        Compressor::new(1).put(rest, &mut file);
    } else {
        file.extend_from_slice(rest);
    }
    let (len, crc) = (file.len() as u32, crc32fast::hash(&file));
    file.put_u32(len);
    file.put_u32(crc);
    file.extend_from_slice(past_chunk().last_chunk::<8>().unwrap_or(&[0; 8]));
    let Ok(Some((footer, _))) = Footer::read(&file) else { return };
    footer.row_groups.iter().for_each(|g| assert!(g.offset + g.bytes <= file.len() as u64));
    let mut again = Vec::new();
    footer.put(&mut Compressor::new(1), &mut again);
}

fn head(data: &[u8]) {
    let mut bytes = data.to_vec();
    last_crc(&mut bytes);
    let Ok(head) = ChunkHead::read(&bytes) else { return };
    let mut again = Vec::new();
    head.put(&mut again);
    assert_eq!(ChunkHead::read(&again), Ok(head));
}
