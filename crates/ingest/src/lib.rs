//! Between the network and the store: what a receiver is, and what it hands its records to.
//!
//! **Invariant:** nothing here is unbounded. What cannot be taken now is delayed or refused with a reason, and what
//! is dropped is counted by cause.

mod sink;

pub use sink::{Accepted, Sink, SinkError};
