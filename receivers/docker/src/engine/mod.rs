//! Logs of containers from Docker's engine, over its socket.
//!
//! **Invariant:** a bookmark says for each stream which message was stored last; it is written after the messages before
//! it are durable. Who resumes asks for a little more than what is missing, and passes over what it has.

mod api;
mod attributes;
mod budget;
mod config;
mod follow;
mod frames;
mod marks;
mod message;
mod records;
mod session;
mod storer;

pub use config::EngineConfig;
pub use session::EngineReceiver;
