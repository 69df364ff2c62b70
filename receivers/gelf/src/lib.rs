//! GELF over UDP (whole or in chunks, plain or compressed), TCP and HTTP.
//!
//! **Invariant:** the text of a record is the JSON text that was sent, byte for byte, without what framed or compressed
//! it. What is not GELF is stored too, and says why it is not.

mod chunks;
mod http;
mod message;
mod peers;
mod receiver;
mod tcp;
mod udp;

pub use chunks::{Assembler, ChunkLimits, Taken};
pub use http::GelfIngest;
pub use message::{Message, look};
pub use receiver::{GelfConfig, GelfReceiver};
