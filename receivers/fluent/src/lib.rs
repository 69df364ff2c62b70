//! Fluent Forward, the protocol of Fluentd and Fluent Bit: all four modes, acknowledgements, shared key, heartbeat.
//!
//! **Invariant:** a `chunk` is acknowledged when all of its entries are durable. An entry becomes one record: its map as
//! one line of JSON that keeps everything, names as the sender has them.

mod auth;
mod connection;
mod entries;
mod heartbeat;
mod json;
mod message;
mod msgpack;
mod pending;
mod receiver;

pub use auth::Security;
pub use entries::{Entries, Entry};
pub use json::write_json;
pub use message::{Message, MessageLimits};
pub use msgpack::{Flaw, Scanned, Scanner};
pub use receiver::{FluentConfig, FluentReceiver};
