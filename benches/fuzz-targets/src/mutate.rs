//! Changes inputs as a fuzzer does, by a seed: the same changes on every machine.

/// Values at the edges of integers.
const EDGES: [u64; 10] = [
    0,
    1,
    0x7f,
    0x80,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
];

/// Most bytes of a changed input.
const BYTES_MAX: usize = 64 << 10;

/// A sequence of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Changes(u64);

impl Changes {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Changes {
        Changes(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// `input` with one to eight changes; `other` lends parts.
    pub fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = input.to_vec();
        for _ in 0..=self.below(8) {
            self.change_once(&mut out, other);
        }
        out.truncate(BYTES_MAX);
        out
    }

    fn change_once(&mut self, out: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(out.len() + 1);
        match self.below(9) {
            0 => flip(out, at, 1 << self.below(8)),
            1 => flip(out, at, self.below(256) as u8),
            2 => out.insert(at, self.below(256) as u8),
            3 => drop(out.splice(at..(at + self.below(16)).min(out.len()), [])),
            4 => out.truncate(at),
            5 => self.put_edge(out, at),
            6 => self.repeat(out, at),
            7 => {
                let from = self.below(other.len());
                let part = other.iter().copied().skip(from).take(self.below(64));
                drop(out.splice(at..at, part));
            }
            _ => {
                let from = self.below(other.len());
                out.truncate(at);
                out.extend(other.iter().skip(from));
            }
        }
    }

    fn put_edge(&mut self, out: &mut [u8], at: usize) {
        let value = EDGES.get(self.below(EDGES.len())).copied().unwrap_or(0).to_le_bytes();
        let width = 1 << self.below(4);
        for (place, byte) in out.iter_mut().skip(at).zip(value.iter().take(width)) {
            *place = *byte;
        }
    }

    /// Deep nesting and long runs come of doubling.
    fn repeat(&mut self, out: &mut Vec<u8>, at: usize) {
        let part: Vec<u8> = out.iter().copied().skip(at).take(1 + self.below(32)).collect();
        for _ in 0..1 << self.below(7) {
            drop(out.splice(at..at, part.iter().copied()));
        }
    }
}

fn flip(out: &mut [u8], at: usize, bits: u8) {
    if let Some(byte) = out.get_mut(at) {
        *byte ^= bits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_changes() {
        let made = |seed| {
            let mut changes = Changes::new(seed);
            (0..50).map(|_| changes.change(b"level=info msg=\"a b\"", b"{\"a\":1}")).collect::<Vec<_>>()
        };
        assert_eq!(made(7), made(7));
        assert_ne!(made(7), made(8));
        assert!(made(7).iter().all(|m| m.len() <= BYTES_MAX));
    }
}
