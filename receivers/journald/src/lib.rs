//! What `systemd-journal-upload` sends: journal entries in the export format, each stored as one JSON line of all its
//! fields.
//!
//! **Invariant:** 202 means that every entry of the upload is durable; then the uploader saves its cursor. While the
//! store is away the answer is delayed: an uploader that is refused exits.

mod config;
mod entry;
mod export;
#[doc(hidden)]
pub mod hostile;
mod ingest;
mod upload;

pub use config::JournaldConfig;
pub use export::{Entry, Export, ExportLimits};
pub use ingest::JournaldIngest;
