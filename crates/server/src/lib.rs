//! The network API: one implementation, served as gRPC, gRPC-Web and Connect on a Unix socket and on TCP, and the
//! client that answers to [`gastrolog_engine::Service`] like the engine itself.
//!
//! **Invariant:** this is the only crate that knows the wire. Nothing here holds an unbounded amount of anything:
//! answers pass through a pipe with a byte limit, messages have a size limit.

mod accept;
mod api;
mod append;
mod client;
mod compact;
mod error;
mod from_wire;
mod gate;
mod listen;
mod pages;
mod pipe;
mod query;
mod receivers;
mod to_wire;
mod usage;
mod watched;

/// Code generated from `proto/gastrolog/v1/gastrolog.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod proto {
    connectrpc::include_generated!("gastrolog_api.rs");
    pub use gastrolog::v1::*;
}

pub use api::{Api, Now};
pub use client::Client;
pub use listen::{Listening, SOCKET_NAME, Server, ServerError};

/// Largest message taken or given: a record of 64 MiB and what goes with it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 80 << 20;

/// What the elements of a message may take in memory: a packed batch has many.
pub(crate) const ELEMENT_BYTES_MAX: usize = 512 << 20;
