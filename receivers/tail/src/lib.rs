//! Follows log files: globs, rotation by rename and by copy-truncate, bookmarks.
//!
//! **Invariant:** a bookmark never runs ahead of what the sink has made durable, so a restart loses nothing; and
//! it is written after every batch, so a restart after an orderly stop repeats nothing either. Only a crash between
//! the two repeats the one batch that lay between them.

mod config;
mod file;
#[doc(hidden)]
pub mod hostile;
mod lines;
mod mark;
mod receiver;
mod state;
mod watch;

pub use config::{Start, TailConfig};
pub use receiver::TailReceiver;
