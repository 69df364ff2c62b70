//! Between the network and the store: what a receiver is, and what it hands its records to.
//!
//! **Invariant:** nothing here is unbounded. What cannot be taken now is delayed or refused with a reason, and what
//! is dropped is counted by cause.

mod batcher;
mod counters;
mod crowd;
mod malformed;
pub mod multiline;
mod receiver;
mod roster;
mod routes;
pub mod samples;
mod shutdown;
mod sink;
mod store;
pub mod testing;

pub use batcher::{Batcher, BatcherConfig, Incoming};
pub use counters::{Counters, CountersSnapshot, DropReason};
pub use crowd::{Crowd, Seat};
pub use receiver::{Clock, Receiver, ReceiverError};
pub use roster::{ReceiverMeasures, ReceiverStatus, Roster};
pub use routes::{RouteCounts, RouteStatus, Routes};
pub use shutdown::Shutdown;
pub use sink::{Accepted, Dropped, Refused, Sink, SinkError};
pub use store::{Backoff, Outcome, store_batch};
