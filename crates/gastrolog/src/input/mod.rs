//! Files of logs: opened, inflated, cut into batches of whole lines.

mod batches;
mod open;
pub(crate) mod progress;

pub(crate) use self::batches::{Batches, gathered, queue_length};
pub(crate) use self::open::Input;
