//! What the meaning of times in a query depends on.

use gastrolog_types::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// What the meaning of times in a query depends on.
#[derive(Clone, Debug)]
pub struct ParseContext {
    /// The time it is.
    pub now: Timestamp,
    /// Where dates, times and midnights are meant that do not say.
    pub time_zone: TimeZone,
    /// Where a query begins that has no bounds of its own.
    pub start: Option<Timestamp>,
}

impl ParseContext {
    /// At a time, in UTC.
    pub fn utc(now: Timestamp) -> ParseContext {
        ParseContext { now, time_zone: TimeZone::UTC, start: None }
    }

    /// At a time, in a place so many seconds ahead of UTC; one that is out of range (26 hours) counts as UTC.
    pub fn with_offset(now: Timestamp, utc_offset_seconds: i32) -> ParseContext {
        let offset = Offset::from_seconds(utc_offset_seconds).unwrap_or(Offset::UTC);
        ParseContext { now, time_zone: TimeZone::fixed(offset), start: None }
    }

    /// At a time, in a time zone by its name: `Europe/Berlin`, `UTC`, `+02:00`, or nothing for UTC. `None` if there is
    /// no such zone.
    pub fn in_zone(now: Timestamp, name: &str) -> Option<ParseContext> {
        if name.is_empty() || name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Some(ParseContext::utc(now));
        }
        match offset_seconds(name) {
            Some(seconds) => Some(ParseContext::with_offset(now, seconds)),
            None => TimeZone::get(name).ok().map(|time_zone| ParseContext { now, time_zone, start: None }),
        }
    }
}

/// Reads `+02:00`, `-0530` or `+2`; at most a day.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 4) => digits.split_at_checked(2)?,
        (None, _) => (digits, "0"),
    };
    let part = |text: &str, max: i32| {
        let plain = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n: &i32| plain && *n <= max)
    };
    Some(sign * (part(hours, 23)? * 3_600 + part(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_by_name() {
        let seconds = |name: &str| {
            let context = ParseContext::in_zone(Timestamp(0), name)?;
            Some(context.time_zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds())
        };
        for (name, expected) in [("", 0), ("UTC", 0), ("+02:00", 7_200), ("-0530", -19_800), ("+2", 7_200)] {
            assert_eq!(seconds(name), Some(expected), "{name}");
        }
        for name in ["Nowhere/Here", "+25:00", "+1:99", "+", "-x", "+02:00:00", "../etc/passwd"] {
            assert_eq!(seconds(name), None, "{name}");
        }
    }
}
