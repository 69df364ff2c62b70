//! Limits of the receiver.

use std::time::Duration;

use crate::export::ExportLimits;

/// What an upload may be. Its length is not limited: it is stored as it comes.
#[derive(Clone, Debug)]
pub struct JournaldConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Entries and their fields.
    pub export: ExportLimits,
    /// Entries are stored when they have this many bytes, or when the upload ends.
    pub batch_bytes: usize,
    /// Uploads at once; more wait.
    pub uploads_max: usize,
    /// How long an uploader may be silent in the middle of an upload.
    pub idle: Duration,
}

impl Default for JournaldConfig {
    fn default() -> Self {
        JournaldConfig {
            name: "journald".into(),
            export: ExportLimits::default(),
            batch_bytes: 1 << 20,
            uploads_max: 64,
            idle: Duration::from_secs(60),
        }
    }
}
