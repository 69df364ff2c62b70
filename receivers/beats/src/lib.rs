//! Beats: the Lumberjack protocol, version 2, as Filebeat, Winlogbeat and Logstash's output speak it.
//!
//! **Invariant:** an acknowledgement names the sequence number of an event that is durable, with all events before it.
//! The text of a record is the JSON of the event, byte for byte.

mod connection;
mod event;
mod frames;
#[doc(hidden)]
pub mod hostile;
mod pending;
mod receiver;

pub use frames::{Decoder, Flaw, Frame, FrameLimits, ack};
pub use receiver::{BeatsConfig, BeatsReceiver};
