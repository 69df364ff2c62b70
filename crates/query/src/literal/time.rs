//! Times as values: RFC 3339, a date, a date and a time. Without a zone they are UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Longer texts are no times: bounds the work on a hostile value.
const TEXT_BYTES_MAX: usize = 64;

/// Nanoseconds since 1970.
pub(super) fn time(text: &[u8]) -> Option<i128> {
    let [a, b, c, d, b'-', _, _, b'-', _, _, ..] = text else { return None };
    let year = [a, b, c, d].into_iter().all(u8::is_ascii_digit);
    if !year || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_nanosecond());
    }
    // A civil time with an offset that is no time (one of 99 hours, say) is none either.
    let after_date = text.get(10..)?;
    if after_date.contains(['+', '-', '[']) {
        return None;
    }
    let local: DateTime = text.parse().ok()?;
    Offset::UTC.to_timestamp(local).ok().map(|time| time.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_in_many_spellings() {
        let expected = time(b"2026-03-04T10:20:30Z");
        assert_eq!(expected, Some(1_772_619_630_000_000_000));
        for text in [
            "2026-03-04T10:20:30",
            "2026-03-04 10:20:30",
            "2026-03-04T11:20:30+01:00",
            "2026-03-04 10:20:30.000Z",
            "2026-03-04t10:20:30z",
        ] {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
        assert!(time(b"2026-03-04") < expected && time(b"2026-03-04T10:20:30.5Z") > expected);
        for text in [
            "",
            "2026",
            "2026-03",
            "2026-13-01",
            "x026-03-04",
            "2026-03-04x",
            "1772619630",
            "2026-03-04T99:00",
        ] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }
}
