//! Follows files of others: globs, rotation by rename and by copy-truncate, bookmarks, lines joined to records.
//!
//! What the lines mean is told by a [`Format`]; a file of plain lines needs none.
//!
//! **Invariant:** a bookmark never runs ahead of what the sink has made durable, and never past a record that is not
//! whole yet, so a restart loses nothing; and it is written after every batch, so a restart after an orderly stop repeats
//! nothing either. Only a crash between the two repeats the one batch that lay between them.

mod assembly;
mod config;
mod decode;
mod document;
mod file;
mod follower;
#[doc(hidden)]
pub mod hostile;
mod lines;
mod mark;
mod sets;
mod state;
mod time;
mod watch;

pub use config::{FollowConfig, Start};
pub use decode::{Decoder, Format, Pairs, Piece, PlainLines, Stream};
pub use document::{forget_absent, load, save};
pub use follower::Follower;
pub use time::Rfc3339;
pub use watch::readable;
