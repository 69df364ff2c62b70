//! Follows log files: each line is a record.

mod receiver;

pub use gastrolog_follow::{FollowConfig as TailConfig, Start};
pub use receiver::TailReceiver;
