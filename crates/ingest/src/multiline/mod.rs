//! Puts lines that belong together (stack traces) back into one record. Pure: no clock, no thread, no I/O.
//!
//! A reader gives each line with the stream it belongs to and a mark of its own (an offset). Lines of a group that is
//! still open are not handed on: [`Grouper::safe`] tells the first mark among them, beyond which a bookmark must not go.

mod config;
mod grouper;
mod rule;
#[cfg(test)]
mod tests;

pub use config::{MultilineConfig, MultilineError, MultilineRule};
pub use grouper::{Group, Grouper, Multiline};
