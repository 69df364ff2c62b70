//! A binary fuse filter (Graf and Lemire 2022, <https://arxiv.org/abs/2201.01174>) of 64-bit hashes, checked in
//! blocks, so that a probe reads and verifies three small pieces of it and not the whole.
//!
//! Layout: key count u32, seed u64, segment length u32, segment count length u32, fingerprint count u32, CRC-32 u32
//! of all before; then blocks of 252 fingerprints (the last one fewer), one byte each, each block followed by its
//! CRC-32 u32.

use xorf::BinaryFuse8;

use crate::{Corrupt, Reader, Result, Writer};

/// Fingerprints of a block: with its checksum a block has 256 bytes, so that a probe reads less than a kilobyte.
const BLOCK_FINGERPRINTS: usize = 252;

/// Bytes of a whole block.
const BLOCK_BYTES: usize = BLOCK_FINGERPRINTS + 4;

/// Bytes before the first block.
const HEAD_BYTES: usize = 28;

/// Appends a filter of `hashes`, which must be distinct. An empty set and a failed construction (which chance
/// makes all but impossible) give a filter that answers "maybe" to everything.
pub fn put(hashes: &[u64], out: &mut Vec<u8>) {
    let built = BinaryFuse8::try_from(hashes).ok().filter(|_| !hashes.is_empty());
    let Some(filter) = built else {
        out.put_u32(0);
        return;
    };
    let start = out.len();
    out.put_u32(hashes.len() as u32);
    out.put_u64(filter.descriptor.seed);
    out.put_u32(filter.descriptor.segment_length);
    out.put_u32(filter.descriptor.segment_count_length);
    out.put_u32(filter.fingerprints.len() as u32);
    let crc = crc32fast::hash(out.get(start..).unwrap_or(&[]));
    out.put_u32(crc);
    for block in filter.fingerprints.chunks(BLOCK_FINGERPRINTS) {
        out.extend_from_slice(block);
        out.put_u32(crc32fast::hash(block));
    }
}

/// An encoded filter.
#[derive(Clone, Copy, Debug)]
pub struct FilterRef<'a> {
    seed: u64,
    segment_length: u32,
    segment_count_length: u32,
    /// How many fingerprints there are.
    places: usize,
    blocks: &'a [u8],
}

impl<'a> FilterRef<'a> {
    /// Reads the head and verifies it; `None` for a filter that knows nothing.
    pub fn read(bytes: &'a [u8]) -> Result<Option<FilterRef<'a>>> {
        let mut r = Reader::new(bytes);
        if r.u32()? == 0 {
            return Ok(None);
        }
        let seed = r.u64()?;
        let (segment_length, segment_count_length) = (r.u32()?, r.u32()?);
        let n = r.u32()? as usize;
        if r.u32()? != crc32fast::hash(bytes.get(..HEAD_BYTES - 4).unwrap_or(&[])) {
            return Err(Corrupt("the head of a filter does not match its checksum"));
        }
        let blocks = r.take(n + 4 * n.div_ceil(BLOCK_FINGERPRINTS))?;
        let places = u64::from(segment_count_length) + 2 * u64::from(segment_length);
        if !segment_length.is_power_of_two() || places != n as u64 {
            return Err(Corrupt("the segments of a filter do not add up"));
        }
        Ok(Some(FilterRef { seed, segment_length, segment_count_length, places: n, blocks }))
    }

    /// Whether `hash` may be in the set; `false` is certain. Verifies what it reads.
    pub fn may_contain(&self, hash: u64) -> Result<bool> {
        let mixed = mix(hash.wrapping_add(self.seed));
        let first = ((u128::from(mixed) * u128::from(self.segment_count_length)) >> 64) as u32;
        let mask = self.segment_length - 1;
        let second = (first + self.segment_length) ^ ((mixed >> 18) as u32 & mask);
        let third = (first + 2 * self.segment_length) ^ (mixed as u32 & mask);
        let mut left = (mixed ^ (mixed >> 32)) as u8;
        for place in [first, second, third] {
            left ^= self.fingerprint(place as usize)?;
        }
        Ok(left == 0)
    }

    /// Bytes one probe reads.
    pub fn probe_bytes(&self) -> u64 {
        (HEAD_BYTES + (3 * BLOCK_BYTES).min(self.blocks.len())) as u64
    }

    fn fingerprint(&self, place: usize) -> Result<u8> {
        let start = place / BLOCK_FINGERPRINTS * BLOCK_BYTES;
        let end = (start + BLOCK_BYTES).min(self.blocks.len());
        let block = self.blocks.get(start..end).and_then(<[u8]>::split_last_chunk::<4>);
        let (fingerprints, crc) = block.ok_or(Corrupt("a filter is too short"))?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(fingerprints) {
            return Err(Corrupt("a block of a filter does not match its checksum"));
        }
        fingerprints.get(place % BLOCK_FINGERPRINTS).copied().ok_or(Corrupt("a filter is too short"))
    }

    /// Verifies every block.
    pub fn verify(&self) -> Result<()> {
        (0..self.places).step_by(BLOCK_FINGERPRINTS).try_for_each(|place| self.fingerprint(place).map(drop))
    }
}

/// The mixer of MurmurHash3, as in the library that builds the filter.
fn mix(mut k: u64) -> u64 {
    k ^= k >> 33;
    k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
    k ^= k >> 33;
    k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ (k >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_is_found_and_little_else() {
        for n in [1u64, 2, 10, 1000, 50_000] {
            let keys: Vec<u64> = (0..n).map(|i| mix(i + 1)).collect();
            let mut bytes = Vec::new();
            put(&keys, &mut bytes);
            let filter = FilterRef::read(&bytes).unwrap().unwrap();
            filter.verify().unwrap();
            assert!(keys.iter().all(|&k| filter.may_contain(k).unwrap()));
            let wrong = (0..10_000u64).filter(|i| filter.may_contain(mix(i + (1 << 40))).unwrap()).count();
            assert!(wrong < 120, "{wrong} of 10,000 with {n} keys");
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            assert!(FilterRef::read(&bytes).unwrap().unwrap().verify().is_err());
        }
        let mut bytes = Vec::new();
        put(&[], &mut bytes);
        assert!(FilterRef::read(&bytes).unwrap().is_none());
    }
}
