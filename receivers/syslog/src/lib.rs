//! Syslog over UDP and TCP: takes messages off the wire as they are; what they say is left to the indexers.
//!
//! **Invariant:** the text of a record is the message without its framing, nothing else is added or lost. The
//! framing is: the octet count or the line ending (LF or NUL) on TCP, LF and NUL at the end of a datagram, and one
//! CR before them.

mod framer;
mod peers;
mod receiver;
mod tcp;
mod udp;

pub use framer::{Flaw, Framer, Message};
pub use receiver::{SyslogConfig, SyslogReceiver};
