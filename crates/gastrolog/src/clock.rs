//! The time of day, for records that arrive now.

use gastrolog_types::Timestamp;

/// Now, to be compared with times of files.
pub(crate) fn system() -> std::time::SystemTime {
    jiff::Timestamp::now().into()
}

/// Now.
pub(crate) fn now() -> Timestamp {
    Timestamp(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}
