//! What can stop a query.

/// Why a query did not finish.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExecError {
    /// It was asked to stop.
    #[error("the query was cancelled")]
    Cancelled,
    /// It ran out of time.
    #[error("the query took longer than its timeout; narrow its time or its filter, or raise the timeout")]
    TimedOut,
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
}
