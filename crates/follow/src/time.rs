//! Times as containers' log files have them.

use gastrolog_types::{TimeReader, Timestamp};

/// Where the `T` of an RFC 3339 time is.
const T_AT: usize = 10;

/// Reads RFC 3339 times, of which the one resembles the other.
#[derive(Clone, Debug, Default)]
pub struct Rfc3339(TimeReader);

impl Rfc3339 {
    /// The time that all of `text` is, to the nanosecond; `None` when it is something else.
    pub fn read(&mut self, text: &[u8]) -> Option<Timestamp> {
        // The reader takes every layout that it knows; here only one is right.
        text.get(T_AT).filter(|&&byte| byte == b'T')?;
        self.0.read(text, Timestamp::NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_nanoseconds_and_takes_any_offset() {
        let mut times = Rfc3339::default();
        for (text, wanted) in [
            ("2026-11-21T09:14:20.123456789Z", 1_795_252_460_123_456_789),
            ("2026-11-21T09:14:20.1Z", 1_795_252_460_100_000_000),
            ("2026-11-21T09:14:20Z", 1_795_252_460_000_000_000),
            ("2026-11-21T11:14:20.123456789+02:00", 1_795_252_460_123_456_789),
            ("2026-11-21T04:14:20.123456789-05:00", 1_795_252_460_123_456_789),
        ] {
            assert_eq!(times.read(text.as_bytes()), Some(Timestamp(wanted)), "{text}");
        }
        for text in ["", "2026-11-21 09:14:20", "1795252460", "2026-13-21T09:14:20Z", "2026-11-21T"] {
            assert_eq!(times.read(text.as_bytes()), None, "{text}");
        }
    }
}
