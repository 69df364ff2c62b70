//! What can be wrong with a configuration.

use gastrolog_ingest::multiline::MultilineError;

/// Why a configuration of routing or processing cannot be used; the text says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// A condition cannot be understood; it is shown with what was wrong.
    #[error("the condition `{0}`: {1}")]
    Condition(String, String),
    /// A regular expression is wrong or too large.
    #[error("the pattern `{0}`: {1}")]
    Pattern(String, regex::Error),
    /// Multi-line grouping.
    #[error(transparent)]
    Multiline(#[from] MultilineError),
    /// Anything else.
    #[error("{0}")]
    Config(String),
}
