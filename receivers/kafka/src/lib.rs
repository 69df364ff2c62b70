//! Kafka: topics are read as a member of a consumer group.
//!
//! **Invariant:** an offset is committed when every record before it is durable. A crash between the two reads that
//! batch again; nothing is passed over.

mod config;
mod consume;
#[doc(hidden)]
pub mod hostile;
mod receiver;
mod records;
mod topics;

pub use config::{KafkaConfig, Login, Mechanism, StartAt, TimeFrom, TlsClient};
pub use receiver::KafkaReceiver;
