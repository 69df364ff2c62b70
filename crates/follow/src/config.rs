//! What to follow, and how.

use std::path::PathBuf;
use std::time::Duration;

use gastrolog_ingest::ReceiverError;
use gastrolog_ingest::multiline::Multiline;

/// Largest limit for a line; a chunk that is read is larger.
const LINE_BYTES_LIMIT: usize = 1 << 20;

/// Where to begin in files that are there at the very first start (when there is no state file yet). Files that
/// appear later are always read from their beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Read what is there.
    #[default]
    Beginning,
    /// Only what is written from now on.
    End,
}

/// Configuration of the receiver.
#[derive(Clone, Debug)]
pub struct FollowConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Paths to follow, with `*`, `?`, `[…]` and `**`. Names that end in `.gz` are passed over.
    pub globs: Vec<String>,
    /// Where bookmarks are kept; its folder must exist.
    pub state_file: PathBuf,
    /// Where to begin at the very first start.
    pub from: Start,
    /// Pause between two looks at the files.
    pub poll: Duration,
    /// Longer lines are truncated to this; at most 1 MiB. Of what is joined of several lines, a record has no more
    /// than this either.
    pub line_bytes_max: usize,
    /// How long a file that was renamed out of sight, or deleted, is still read after it last grew.
    pub rotated_wait: Duration,
    /// How long the beginning of a record that is not whole waits for more before it is stored as it is.
    pub held_wait: Duration,
    /// Lines of a stream that belong together are one record.
    pub multiline: Option<Multiline>,
    /// Files held open at once. Beyond it those that are read to their end are closed until they grow.
    pub open_files_max: usize,
}

impl Default for FollowConfig {
    fn default() -> Self {
        FollowConfig {
            name: "files".into(),
            globs: Vec::new(),
            state_file: PathBuf::new(),
            from: Start::Beginning,
            poll: Duration::from_millis(250),
            line_bytes_max: LINE_BYTES_LIMIT,
            rotated_wait: Duration::from_secs(10),
            held_wait: Duration::from_secs(5),
            multiline: None,
            open_files_max: 512,
        }
    }
}

impl FollowConfig {
    pub(crate) fn check(&self) -> Result<(), ReceiverError> {
        let wrong = |what: String| Err(ReceiverError::Config(format!("receiver {}: {what}", self.name)));
        if self.globs.is_empty() {
            return wrong("no file to follow is given".into());
        }
        for pattern in &self.globs {
            if let Err(e) = glob::Pattern::new(pattern) {
                return wrong(format!("{pattern}: {e}"));
            }
        }
        if self.state_file.as_os_str().is_empty() {
            return wrong("no state file is given".into());
        }
        if !(1..=LINE_BYTES_LIMIT).contains(&self.line_bytes_max) {
            return wrong("the longest line must be between 1 byte and 1 MiB".into());
        }
        if self.open_files_max == 0 {
            return wrong("at least one file must be held open".into());
        }
        Ok(())
    }
}
