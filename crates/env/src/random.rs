//! Random numbers: unpredictable ones, and ones that repeat from a seed.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random numbers for ids, salts and jitter. Not for keys or passwords.
pub trait Random: Send + Sync + Debug {
    /// 64 random bits.
    fn next_u64(&self) -> u64;
}

/// Seeded from the operating system, by way of the standard library's hash keys: enough for ids that must not
/// collide, and no further dependency.
#[derive(Debug)]
pub struct SystemRandom {
    keys: RandomState,
    inner: SeededRandom,
}

impl SystemRandom {
    /// A source with a seed of its own.
    pub fn new() -> SystemRandom {
        let keys = RandomState::new();
        let seed = keys.hash_one((std::process::id(), "gastrolog"));
        SystemRandom { keys, inner: SeededRandom::new(seed) }
    }
}

impl Default for SystemRandom {
    fn default() -> SystemRandom {
        SystemRandom::new()
    }
}

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        self.keys.hash_one(self.inner.next_u64())
    }
}

/// splitmix64: the same seed gives the same numbers.
#[derive(Debug)]
pub struct SeededRandom {
    state: AtomicU64,
}

impl SeededRandom {
    /// A source that starts from `seed`.
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom { state: AtomicU64::new(seed) }
    }

    /// A number below `bound` (0 when that is 0). The bias is far below what a test could see.
    pub fn below(&self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }
}

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_is_splitmix64_and_system_does_not_repeat() {
        // Reference values of splitmix64 for seed 1234567.
        let seeded = SeededRandom::new(1_234_567);
        assert_eq!(seeded.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(seeded.next_u64(), 3_203_168_211_198_807_973);
        assert!((0..1000).all(|_| seeded.below(7) < 7));
        assert_ne!(SystemRandom::new().next_u64(), SystemRandom::new().next_u64());
    }
}
