//! A binary fuse filter (Graf and Lemire 2022, <https://arxiv.org/abs/2201.01174>) of 64-bit hashes, checked in
//! blocks, so that a probe reads and verifies three small pieces of it and not the whole.
//!
//! Layout: key count u32, seed u64, segment length u32, segment count length u32, fingerprint count u32, CRC-32 u32
//! of all before; then blocks of 252 fingerprints (the last one fewer), one byte each, each block followed by its
//! CRC-32 u32.

use xorf::BinaryFuse8;

use crate::{Body, Corrupt, Fallible, Reader, Result, Writer};

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

/// The head of a filter: how to ask it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterHead {
    seed: u64,
    segment_length: u32,
    segment_count_length: u32,
    /// How many fingerprints there are.
    places: usize,
}

impl FilterHead {
    /// Reads the head and verifies it; `None` for a filter that knows nothing.
    pub fn read<B: Body + ?Sized>(filter: &B) -> Fallible<Option<FilterHead>, B> {
        let head = filter.get(0, HEAD_BYTES.min(filter.len()))?;
        let mut r = Reader::new(&head);
        if r.u32()? == 0 {
            return Ok(None);
        }
        let seed = r.u64()?;
        let (segment_length, segment_count_length) = (r.u32()?, r.u32()?);
        let n = r.u32()? as usize;
        if r.u32()? != crc32fast::hash(head.get(..HEAD_BYTES - 4).unwrap_or(&[])) {
            return Err(Corrupt("the head of a filter does not match its checksum").into());
        }
        let head = FilterHead { seed, segment_length, segment_count_length, places: n };
        if head.block_bytes() > filter.len().saturating_sub(HEAD_BYTES) {
            return Err(SHORT.into());
        }
        let places = u64::from(segment_count_length) + 2 * u64::from(segment_length);
        if !segment_length.is_power_of_two() || places != n as u64 {
            return Err(Corrupt("the segments of a filter do not add up").into());
        }
        Ok(Some(head))
    }

    /// Where the fingerprints of `hash` are, and what they must give together.
    fn places_of(&self, hash: u64) -> ([usize; 3], u8) {
        let mixed = mix(hash.wrapping_add(self.seed));
        let first = ((u128::from(mixed) * u128::from(self.segment_count_length)) >> 64) as u32;
        let mask = self.segment_length - 1;
        let second = (first + self.segment_length) ^ ((mixed >> 18) as u32 & mask);
        let third = (first + 2 * self.segment_length) ^ (mixed as u32 & mask);
        ([first, second, third].map(|place| place as usize), (mixed ^ (mixed >> 32)) as u8)
    }

    /// Whether `hash` may be in the set of `filter`, whose head this is; `false` is certain. Verifies what it needs.
    pub fn may_contain<B: Body + ?Sized>(&self, filter: &B, hash: u64) -> Fallible<bool, B> {
        let (places, mut left) = self.places_of(hash);
        let [start, _] = self.block_of(places.into_iter().min().unwrap_or(0))?;
        let [_, end] = self.block_of(places.into_iter().max().unwrap_or(0))?;
        // They lie in neighbouring segments: from a file, one read of a few kilobytes is cheaper than three.
        let blocks = filter.get(start, end - start)?;
        for place in places {
            let [from, to] = self.block_of(place)?;
            left ^= fingerprint(blocks.get(from - start..to - start).unwrap_or(&[]), place)?;
        }
        Ok(left == 0)
    }

    /// Bytes of the blocks, checksums included.
    fn block_bytes(&self) -> usize {
        self.places + 4 * self.places.div_ceil(BLOCK_FINGERPRINTS)
    }

    /// Bytes a question verifies.
    pub fn probe_bytes(&self) -> u64 {
        (HEAD_BYTES + (3 * BLOCK_BYTES).min(self.block_bytes())) as u64
    }

    /// Where the block of a place begins and ends in the filter.
    fn block_of(&self, place: usize) -> Result<[usize; 2]> {
        if place >= self.places {
            return Err(SHORT);
        }
        let start = place / BLOCK_FINGERPRINTS * BLOCK_BYTES;
        Ok([HEAD_BYTES + start, HEAD_BYTES + (start + BLOCK_BYTES).min(self.block_bytes())])
    }

    /// Verifies every block of `filter`, whose head this is.
    pub fn verify<B: Body + ?Sized>(&self, filter: &B) -> Fallible<(), B> {
        self.load(filter).map(drop)
    }

    /// All of `filter`, whose head this is, verified.
    pub fn load<B: Body + ?Sized>(self, filter: &B) -> Fallible<LoadedFilter, B> {
        let blocks = filter.get(HEAD_BYTES, self.block_bytes())?;
        let mut fingerprints = Vec::with_capacity(self.places);
        for block in blocks.chunks(BLOCK_BYTES) {
            fingerprints.extend_from_slice(verified(block)?);
        }
        Ok(LoadedFilter { head: self, fingerprints: fingerprints.into() })
    }
}

/// A filter in memory. It was verified, so that asking it costs three looks and no more.
#[derive(Clone, Debug)]
pub struct LoadedFilter {
    head: FilterHead,
    fingerprints: Box<[u8]>,
}

impl LoadedFilter {
    /// Whether `hash` may be in the set; `false` is certain.
    pub fn may_contain(&self, hash: u64) -> bool {
        let (places, left) = self.head.places_of(hash);
        let at = |place: usize| self.fingerprints.get(place).copied().unwrap_or(0);
        places.into_iter().fold(left, |left, place| left ^ at(place)) == 0
    }

    /// Bytes it takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<LoadedFilter>() + self.fingerprints.len()
    }
}

const SHORT: Corrupt = Corrupt("a filter is too short");

/// The fingerprint at `place`, which is in this block.
fn fingerprint(block: &[u8], place: usize) -> Result<u8> {
    verified(block)?.get(place % BLOCK_FINGERPRINTS).copied().ok_or(SHORT)
}

/// The fingerprints of a block.
fn verified(block: &[u8]) -> Result<&[u8]> {
    let (fingerprints, crc) = block.split_last_chunk::<4>().ok_or(SHORT)?;
    if u32::from_le_bytes(*crc) != crc32fast::hash(fingerprints) {
        return Err(Corrupt("a block of a filter does not match its checksum"));
    }
    Ok(fingerprints)
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
            let filter = FilterHead::read(&*bytes).unwrap().unwrap();
            let loaded = filter.load(&*bytes).unwrap();
            assert!(keys.iter().all(|&k| filter.may_contain(&*bytes, k).unwrap() && loaded.may_contain(k)));
            let wrong = |i: &u64| {
                let said = filter.may_contain(&*bytes, mix(i + (1 << 40))).unwrap();
                assert_eq!(loaded.may_contain(mix(i + (1 << 40))), said);
                said
            };
            let wrong = (0..10_000u64).filter(wrong).count();
            assert!(wrong < 120, "{wrong} of 10,000 with {n} keys");
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            assert!(filter.verify(&*bytes).is_err());
        }
        let mut bytes = Vec::new();
        put(&[], &mut bytes);
        assert!(FilterHead::read(&*bytes).unwrap().is_none());
    }
}
