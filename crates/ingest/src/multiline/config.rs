//! How lines are grouped, and within which limits.

use std::time::Duration;

/// What tells that a line belongs to the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultilineRule {
    /// Java and its kin: indented lines, `Caused by:`, and the line that names an exception.
    Java,
    /// Python: from `Traceback (most recent call last):` to the line that names the error, chained ones too.
    Python,
    /// Go: from `panic:`, `fatal error:` or `goroutine N [` to the end of the stacks.
    Go,
    /// A line that matches this regular expression begins a group; all others belong to the one before.
    Start(String),
    /// A line that matches this regular expression belongs to the one before; all others begin a group.
    Continue(String),
}

/// How lines are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultilineConfig {
    /// What belongs together.
    pub rule: MultilineRule,
    /// A group that would become longer is cut: the line begins another one. A single line may be longer.
    pub bytes_max: usize,
    /// A group that would have more lines is cut.
    pub lines_max: usize,
    /// A group is complete when no line has followed for this long (and, whatever follows, after ten times as long).
    pub wait: Duration,
    /// Streams with an open group; beyond it the group that has been silent longest is complete.
    pub streams_max: usize,
}

impl MultilineConfig {
    /// The rule, with the usual limits.
    pub fn new(rule: MultilineRule) -> MultilineConfig {
        MultilineConfig {
            rule,
            bytes_max: 256 << 10,
            lines_max: 1000,
            wait: Duration::from_secs(1),
            streams_max: 1024,
        }
    }
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MultilineError {
    /// The regular expression is wrong or too large.
    #[error("the regular expression of multi-line grouping: {0}")]
    Regex(#[from] regex::Error),
    /// A limit of 0 lets nothing pass.
    #[error("the limits of multi-line grouping must not be 0")]
    Zero,
}
