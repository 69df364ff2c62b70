//! The time zone that a request names.

use jiff::tz::{Offset, TimeZone};

use crate::EngineError;

/// The zone: empty or `UTC`, an offset (`+02:00`, `-0530`, `+2`), or an IANA name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, EngineError> {
    if name.is_empty() || name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Ok(TimeZone::UTC);
    }
    if let Some(seconds) = offset_seconds(name) {
        let offset = Offset::from_seconds(seconds);
        return offset.map(TimeZone::fixed).map_err(|_| unknown(name));
    }
    TimeZone::get(name).map_err(|_| unknown(name))
}

fn unknown(name: &str) -> EngineError {
    EngineError::BadQuery(format!(
        "there is no time zone {name:?} here; expected an IANA name such as Europe/Berlin, an offset such as +02:00, \
         or UTC"
    ))
}

/// Seconds of `+HH`, `+HHMM`, `+HH:MM` and the like.
fn offset_seconds(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some((h, m)) if m.len() == 2 => (h, m),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse::<i32>().ok())?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_offsets() {
        assert_eq!(offset_seconds("+02:00"), Some(7200));
        assert_eq!(offset_seconds("-0530"), Some(-19_800));
        assert_eq!(offset_seconds("+2"), Some(7200));
        assert_eq!(offset_seconds("+99:00"), None);
        assert_eq!(offset_seconds("Europe/Berlin"), None);
        for good in ["", "UTC", "utc", "Z", "+00:00", "-11"] {
            assert!(zone(good).is_ok(), "{good}");
        }
        for bad in ["Mars/Olympus", "+", "+25:00", "+1:2:3", "\u{0}"] {
            assert!(matches!(zone(bad), Err(EngineError::BadQuery(m)) if m.contains("time zone")), "{bad}");
        }
    }
}
