//! What receivers of network protocols share: listening, TLS, limits on connections and memory, inflating, HTTP, and
//! the way into the store.
//!
//! **Invariant:** a peer decides nothing about memory: connections, what they hold, and what compressed input grows
//! to are all bounded here. A connection that is idle holds no read buffer.

mod accept;
pub mod body;
mod bound;
pub mod client;
mod hold;
mod http;
pub mod inflate;
pub mod json;
mod memory;
pub mod patience;
mod per_peer;
mod runtime;
mod store;
mod stream;
pub mod tls;
pub mod udp;
pub mod web;
mod web_receiver;
pub mod wire;
mod with_peer;

pub use accept::{ConnectionLimits, accept};
pub use bound::Bound;
pub use hold::{Hold, HoldLimits, hold};
pub use http::serve_http;
pub use memory::{FrameMemory, Held, Memory, OutOfMemory};
pub use per_peer::PerPeer;
pub use runtime::run_async;
pub use store::{Patience, append, store, store_or_hand_back};
pub use stream::{Stream, read_some};
pub use tls::TlsFiles;
pub use web_receiver::{WebIngest, WebReceiver};
pub use with_peer::WithPeer;
