//! The first bytes of a chunk file: magic u64, version u32, generation u32, chunk id 16 bytes, time of
//! creation u64 (nanoseconds), CRC-32 u32 of all before.

use gastrolog_types::Timestamp;

use crate::{Corrupt, Reader, Result, Writer};

/// First bytes of a chunk file.
pub(crate) const CHUNK_MAGIC: u64 = u64::from_le_bytes(*b"GLCHUNK\n");

/// The version this release writes. It reads all versions from 1 on.
pub const CHUNK_VERSION: u32 = 1;

/// Bytes of the head; the first row group follows.
pub const CHUNK_HEAD_BYTES: usize = 44;

/// What the head of a chunk says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHead {
    /// The chunk's id (a ULID).
    pub id: u128,
    /// When it was begun.
    pub created: Timestamp,
    /// How often its records were written anew: 0 as they came. A chunk takes the place of those of lower
    /// generations whose records it has.
    pub generation: u32,
}

impl ChunkHead {
    /// Appends the head.
    pub fn put(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.put_u64(CHUNK_MAGIC);
        out.put_u32(CHUNK_VERSION);
        out.put_u32(self.generation);
        out.extend_from_slice(&self.id.to_le_bytes());
        out.put_u64(self.created.0 as u64);
        let crc = crc32fast::hash(out.get(start..).unwrap_or(&[]));
        out.put_u32(crc);
    }

    /// Reads the head of a file.
    pub fn read(file: &[u8]) -> Result<ChunkHead> {
        let mut r = Reader::new(file);
        if r.u64()? != CHUNK_MAGIC {
            return Err(Corrupt("not a chunk file: the first bytes are wrong"));
        }
        let version = r.u32()?;
        let generation = r.u32()?;
        let id = u128::from_le_bytes(r.array()?);
        let created = Timestamp(r.u64()? as i64);
        if r.u32()? != crc32fast::hash(file.get(..CHUNK_HEAD_BYTES - 4).unwrap_or(&[])) {
            return Err(Corrupt("the head of the chunk does not match its checksum"));
        }
        if version == 0 || version > CHUNK_VERSION {
            return Err(Corrupt("the chunk was written by a later release"));
        }
        Ok(ChunkHead { id, created, generation })
    }
}
