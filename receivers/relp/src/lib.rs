//! RELP: syslog over TCP or TLS with acknowledgements, as rsyslog's omrelp sends it.
//!
//! **Invariant:** a message is answered 200 only after it is durable. While the store is away nothing is answered and
//! in the end the connection is closed: a client sends again what was not acknowledged, and throws away what was
//! answered 500.

mod connection;
mod frame;
mod receiver;

pub use frame::{Broken, Command, Decoder, Frame};
pub use receiver::{RelpConfig, RelpReceiver};
