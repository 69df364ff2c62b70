//! The catalog: what is known of every sealed chunk, in one file, so that opening a store need not open its chunks.
//!
//! It is a copy. Lost, damaged or stale, it is made again from the chunks; only the mark [`Catalog::next_seq`] is
//! nowhere else once every record was removed.
//!
//! # The bytes
//!
//! All integers are little-endian.
//!
//! ```text
//!  0  8  magic "GLCATLG\n"
//!  8  4  version, 1
//! 12  4  number of chunks
//! 16  8  the seq that the next record gets, at least
//! 24  …  for each chunk, 108 bytes:
//!         0 16  id
//!        16  8  bytes of the file
//!        24  8  seq of the first record
//!        32  8  one past the seq of the last record
//!        40  8  records
//!        48  8  bytes of their text
//!        56  4  row groups
//!        60 16  smallest and largest time (source time, or ingest time where there is none)
//!        76 16  smallest and largest ingest time
//!        92  4  generation: how often its records were written anew
//!        96 12  reserved, zero
//!  …  4  CRC-32 of all before
//! ```

use std::path::Path;

use gastrolog_env::{Env, EnvError};
use gastrolog_format::row_group::TimeSpan;
use gastrolog_format::{CHUNK_SUM_MAX, Corrupt, Reader, SEQ_MAX, Writer, at_most};
use gastrolog_types::{Seq, Timestamp};

use crate::ChunkSummary;

const MAGIC: u64 = u64::from_le_bytes(*b"GLCATLG\n");
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 24;
const ENTRY_BYTES: usize = 108;

/// What the catalog holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalog {
    /// Sealed chunks in write order.
    pub(crate) chunks: Vec<ChunkSummary>,
    /// The seq that the next record gets, at least.
    pub(crate) next_seq: Seq,
}

impl Catalog {
    /// The catalog as a file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + ENTRY_BYTES * self.chunks.len() + 4);
        out.put_u64(MAGIC);
        out.put_u32(VERSION);
        out.put_u32(self.chunks.len() as u32);
        out.put_u64(self.next_seq);
        self.chunks.iter().for_each(|chunk| put_chunk(chunk, &mut out));
        let crc = crc32fast::hash(&out);
        out.put_u32(crc);
        out
    }

    /// The catalog that a file holds.
    ///
    /// # Errors
    /// When it is not one that this release can read.
    pub(crate) fn decode(file: &[u8]) -> Result<Catalog, Corrupt> {
        let (covered, crc) = file.split_last_chunk::<4>().ok_or(Corrupt("it is cut short"))?;
        if crc32fast::hash(covered) != u32::from_le_bytes(*crc) {
            return Err(Corrupt("it does not match its checksum"));
        }
        let mut r = Reader::new(covered);
        if r.u64()? != MAGIC {
            return Err(Corrupt("it is not a catalog"));
        }
        if r.u32()? != VERSION {
            return Err(Corrupt("it was written by another release"));
        }
        let count = r.u32()? as usize;
        let next_seq = at_most(r.u64()?, SEQ_MAX)?;
        if count.checked_mul(ENTRY_BYTES) != Some(r.rest().len()) {
            return Err(Corrupt("it has not the number of chunks it says"));
        }
        let chunks = (0..count).map(|_| get_chunk(&mut r)).collect::<Result<_, _>>()?;
        Ok(Catalog { chunks, next_seq })
    }

    /// Reads the catalog at `path`; nothing when there is none.
    pub(crate) fn load(env: &Env, path: &Path) -> Result<Option<Result<Catalog, Corrupt>>, EnvError> {
        if !env.fs.exists(path)? {
            return Ok(None);
        }
        match env.fs.read(path) {
            Ok(bytes) => Ok(Some(Catalog::decode(&bytes))),
            Err(error) if error.is_of_the_medium() => Ok(Some(Err(Corrupt("the disk cannot read it")))),
            Err(error) => Err(error),
        }
    }

    /// Puts it in the place of the one at `path`, durably.
    pub(crate) fn store(&self, env: &Env, path: &Path) -> Result<(), EnvError> {
        env.fs.write_atomic(path, &self.encode())
    }
}

fn put_chunk(c: &ChunkSummary, out: &mut Vec<u8>) {
    out.extend_from_slice(&c.id.to_le_bytes());
    for n in [c.file_bytes, c.first_seq, c.end_seq, c.records, c.raw_bytes] {
        out.put_u64(n);
    }
    out.put_u32(c.row_groups);
    for t in [c.time.min, c.time.max, c.ingest_time.min, c.ingest_time.max] {
        out.put_u64(t.0 as u64);
    }
    out.put_u32(c.generation);
    out.extend_from_slice(&[0; 12]);
}

fn get_chunk(r: &mut Reader<'_>) -> Result<ChunkSummary, Corrupt> {
    let id = u128::from_le_bytes(r.array()?);
    let mut sum = |max| at_most(r.u64()?, max);
    let (file_bytes, first_seq, end_seq) = (sum(CHUNK_SUM_MAX)?, sum(SEQ_MAX)?, sum(SEQ_MAX)?);
    let (records, raw_bytes) = (sum(CHUNK_SUM_MAX)?, sum(CHUNK_SUM_MAX)?);
    let row_groups = r.u32()?;
    let mut time = || -> Result<Timestamp, Corrupt> { Ok(Timestamp(r.u64()? as i64)) };
    let span = TimeSpan { min: time()?, max: time()? };
    let ingest_time = TimeSpan { min: time()?, max: time()? };
    let generation = r.u32()?;
    r.take(12)?;
    if end_seq < first_seq {
        return Err(Corrupt("a chunk ends before it begins"));
    }
    Ok(ChunkSummary {
        id,
        file_bytes,
        first_seq,
        end_seq,
        records,
        raw_bytes,
        row_groups,
        time: span,
        ingest_time,
        generation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(n: u64) -> Catalog {
        let span = TimeSpan { min: Timestamp(-5), max: Timestamp(i64::MAX) };
        let chunk = |i: u64| ChunkSummary {
            id: u128::MAX - u128::from(i),
            file_bytes: i,
            first_seq: 10 * i,
            end_seq: 10 * i + 9,
            records: 9,
            raw_bytes: 1 << 40,
            row_groups: 3,
            time: span,
            ingest_time: span,
            generation: 2 * i as u32,
        };
        Catalog { chunks: (0..n).map(chunk).collect(), next_seq: 1234 }
    }

    #[test]
    fn it_comes_back_and_any_damage_is_seen() {
        for n in [0, 1, 7] {
            assert_eq!(Catalog::decode(&catalog(n).encode()).unwrap(), catalog(n));
        }
        let bytes = catalog(2).encode();
        assert_eq!(bytes.len(), HEAD_BYTES + 2 * ENTRY_BYTES + 4);
        for i in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[i] ^= 4;
            assert!(Catalog::decode(&bad).is_err(), "byte {i}");
            assert!(Catalog::decode(&bytes[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn numbers_beyond_any_chunk_are_refused() {
        let one = || catalog(1);
        let with = |change: fn(&mut ChunkSummary)| {
            let mut catalog = one();
            catalog.chunks.iter_mut().for_each(change);
            Catalog::decode(&catalog.encode())
        };
        assert!(
            with(|c| (c.file_bytes, c.records, c.raw_bytes) = (CHUNK_SUM_MAX, CHUNK_SUM_MAX, CHUNK_SUM_MAX))
                .is_ok()
        );
        assert!(with(|c| c.end_seq = SEQ_MAX).is_ok());
        let over = Err(Corrupt("a number is over its bound"));
        assert_eq!(with(|c| c.file_bytes = CHUNK_SUM_MAX + 1), over);
        assert_eq!(with(|c| c.records = CHUNK_SUM_MAX + 1), over);
        assert_eq!(with(|c| c.raw_bytes = CHUNK_SUM_MAX + 1), over);
        assert_eq!(with(|c| c.end_seq = SEQ_MAX + 1), over);
        assert_eq!(Catalog::decode(&Catalog { next_seq: SEQ_MAX + 1, ..one() }.encode()), over);
    }
}
