//! What is fuzzed: one plain function for each parser and decoder. The fuzzer (`benches/fuzz`) feeds them what its
//! coverage leads it to, a test on stable feeds them the corpora in `testdata/fuzz` and changes of them.
//!
//! **Invariant:** a target accepts any bytes. It panics when what it calls breaks a promise, and for no other reason.
//!
//! To add one: a file in `targets` with its `TARGETS`, and its name in the list in `targets/mod.rs`.

pub mod corpus;
pub mod memory;
pub mod mutate;
mod targets;

pub use targets::all;

/// A parser or decoder under attack.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Feeds it.
    pub run: fn(&[u8]),
    /// Most bytes that it may hold beyond what was held before it was called the first time.
    pub held_bytes_max: usize,
    /// What its corpus begins with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// A target that may hold 256 MiB.
    pub(crate) const fn new(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
        Target { name, run, held_bytes_max: 256 << 20, seeds }
    }

    /// The same with room for what two streams of a file may unfold to at the most, `STREAM_BYTES_MAX` each.
    pub(crate) const fn with_streams(self) -> Target {
        Target { held_bytes_max: 640 << 20, ..self }
    }

    /// Runs it, and sees to it that it held no more than it may.
    ///
    /// # Panics
    /// When it did, or when the target finds a broken promise.
    pub fn check(&self, data: &[u8]) {
        let before = memory::held_bytes();
        (self.run)(data);
        let peak = memory::peak_bytes();
        let held = peak.saturating_sub(before);
        assert!(
            held <= self.held_bytes_max,
            "{} held {held} bytes for an input of {}",
            self.name,
            data.len()
        );
    }
}
