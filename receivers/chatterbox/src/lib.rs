//! The receiver for tests: it makes up records by itself, in the formats that real programs write, and what it made
//! can be checked from the stored text alone.
//!
//! **Invariant:** a record depends on the seed, its number, its time and its format only, so that whoever finds it
//! can make it again and compare. Each carries a [`Token`] with all four.

mod check;
mod dice;
mod format;
mod receiver;
mod token;
mod words;

pub use check::{Check, Delays, Report, Run};
pub use format::{Format, write_record};
pub use receiver::{ChatterboxConfig, ChatterboxReceiver};
pub use token::Token;
