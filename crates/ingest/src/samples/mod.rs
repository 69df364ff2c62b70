//! Samples of input that could not be read or stored, for the server's own log.
//!
//! **Invariants:** a receiver never waits for it: what its queue does not take is counted and gone. It is written past all
//! receivers, so that it cannot bring forth samples of itself; when writing fails, that is only counted. What redaction
//! cannot be applied to is left out.

mod bucket;
mod input;
mod line;
mod log;
mod sampler;

pub use input::{Cause, Input, Kept};
pub use log::SampleLog;
pub use sampler::{SampleCounts, Sampler};

/// More bytes of input are not shown.
pub const SHOWN_BYTES_MAX: usize = 1024;

/// What takes secrets out of input that could not be taken apart.
pub trait Scrub: Send + Sync {
    /// `raw`, which is whole, without its secrets; or why that cannot be told.
    fn raw(&self, raw: &[u8]) -> Result<Vec<u8>, &'static str>;

    /// Words about it, which may quote it.
    fn words(&self, text: &str) -> String;
}
