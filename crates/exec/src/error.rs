//! What can stop a query.

use std::fmt;
use std::time::Duration;

/// Why a query did not finish.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecError {
    /// It was asked to stop.
    #[error("the query was cancelled")]
    Cancelled,
    /// It would need more memory than a query may have.
    #[error(
        "{what} need more than {max} {unit}; narrow the filter or the time, or group by a field with fewer values"
    )]
    TooLarge {
        /// What grew.
        what: &'static str,
        /// The bound.
        max: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A chart would have too many bins.
    #[error(
        "the chart would have more than {max} rows; choose wider bins, a shorter time, or split by fields with fewer values"
    )]
    TooManyBins {
        /// The bound.
        max: u64,
    },
    /// It reached a limit that was set for it.
    #[error("{limit}; it {progress}. {}", limit.remedy())]
    Limit {
        /// Which limit.
        limit: Limit,
        /// How far it had come.
        progress: Box<Progress>,
    },
}

/// A limit of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Wall time.
    Time {
        /// How long it may take.
        max: Duration,
    },
    /// Bytes read from disk.
    Read {
        /// How many it may read.
        bytes_max: u64,
    },
    /// Bytes held in memory.
    Memory {
        /// How many it may hold.
        bytes_max: u64,
    },
}

/// How far a query came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows handed out.
    pub returned: u64,
    /// Records that had matched.
    pub matched: u64,
    /// Bytes read from disk.
    pub bytes_read: u64,
    /// Row groups that were done.
    pub row_groups: u64,
    /// Row groups that the plan had to read.
    pub row_groups_all: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl ExecError {
    /// A limit that was reached; how far the query came is filled in by who runs it.
    pub fn limit(limit: Limit) -> ExecError {
        ExecError::Limit { limit, progress: Box::default() }
    }

    /// The error with how far the query came, where it says so.
    pub(crate) fn after(self, done: Progress) -> ExecError {
        match self {
            ExecError::Limit { limit, .. } => ExecError::Limit { limit, progress: Box::new(done) },
            other => other,
        }
    }
}

impl Limit {
    /// What to do about it.
    fn remedy(self) -> &'static str {
        match self {
            Limit::Time { .. } => {
                "Narrow it by time (last=1h) or by a field (status=500), or give it a higher timeout"
            }
            Limit::Read { .. } => {
                "Narrow it by time (last=1h) or by a field (status=500), or let it read more (--max-scan)"
            }
            Limit::Memory { .. } => {
                "Narrow it by time or by a field, group by a field with fewer values, use approximate \
                 aggregates, or let it hold more (--max-memory)"
            }
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Time { max } => write!(f, "the query took longer than its timeout of {}", span(*max)),
            Limit::Read { bytes_max } => {
                write!(f, "the query read more than its limit of {}", bytes(*bytes_max))
            }
            Limit::Memory { bytes_max } => {
                write!(f, "the query held more in memory than its limit of {}", bytes(*bytes_max))
            }
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.row_groups as f64 / self.row_groups_all.max(1) as f64;
        write!(
            f,
            "had matched {} records, returned {}, read {} in {} of {} row groups ({share:.0} %) in {}",
            self.matched,
            self.returned,
            bytes(self.bytes_read),
            self.row_groups,
            self.row_groups_all,
            span(self.elapsed)
        )
    }
}

/// Bytes in decimal units.
fn bytes(n: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(scale, _)| n >= *scale) {
        Some((scale, unit)) => format!("{:.2} {unit}", n as f64 / scale as f64),
        None => format!("{n} B"),
    }
}

fn span(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        format!("{} ms", span.as_millis())
    } else {
        format!("{:.1} s", span.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_say_how_far_and_what_to_do() {
        let done = Progress {
            returned: 3,
            matched: 12,
            bytes_read: 2_100_000_000,
            row_groups: 30,
            row_groups_all: 120,
            elapsed: Duration::from_millis(2_340),
        };
        let said = ExecError::limit(Limit::Read { bytes_max: 2_000_000_000 }).after(done).to_string();
        assert_eq!(
            said,
            "the query read more than its limit of 2.00 GB; it had matched 12 records, returned 3, read 2.10 GB in \
             30 of 120 row groups (25 %) in 2.3 s. Narrow it by time (last=1h) or by a field (status=500), or let it \
             read more (--max-scan)"
        );
        let time = ExecError::limit(Limit::Time { max: Duration::from_millis(50) }).to_string();
        assert!(time.starts_with("the query took longer than its timeout of 50 ms; "), "{time}");
        assert!(matches!(ExecError::Cancelled.after(done), ExecError::Cancelled));
    }
}
