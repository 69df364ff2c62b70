//! A time as text.

use std::fmt::{self, Display, Formatter};

use super::civil::Civil;
use crate::Timestamp;

/// RFC 3339 in UTC with as many digits of the second as it has: `2026-11-18T11:06:40.5Z`.
impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } =
            Civil::from_seconds(self.0.div_euclid(1_000_000_000));
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let fraction = format!("{:09}", self.0.rem_euclid(1_000_000_000));
        match fraction.trim_end_matches('0') {
            "" => f.write_str("Z"),
            digits => write!(f, ".{digits}Z"),
        }
    }
}
