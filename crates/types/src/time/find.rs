//! The time that the value of a field says.

use super::{POWERS_OF_TEN, TimeLayout, decimal};
use crate::Timestamp;

/// The instant that `value`, as a whole, stands for: a timestamp in any layout, or a count since 1970 whose unit
/// follows from its size (10 digits for seconds, which may have decimals, 13, 16 and 19 for milli-, micro- and
/// nanoseconds). `reference` supplies the year where the text has none.
pub fn find_time(value: &[u8], reference: Timestamp) -> Option<Timestamp> {
    TimeReader::default().read(value, reference)
}

/// [`find_time`] for values that mostly share one layout, which it remembers and tries first.
#[derive(Clone, Debug, Default)]
pub struct TimeReader {
    layout: Option<TimeLayout>,
    last: Last,
}

/// Longest text that is remembered.
const LAST_BYTES_MAX: usize = 32;

/// The last text that says its year, and what it stands for: many records have the time of the one before.
#[derive(Clone, Debug, Default)]
struct Last {
    text: [u8; LAST_BYTES_MAX],
    bytes: usize,
    time: Timestamp,
}

impl TimeReader {
    /// What [`find_time`] gives for the same arguments. A text has one layout at most, so that it does not
    /// matter which is tried first.
    #[inline]
    pub fn read(&mut self, value: &[u8], reference: Timestamp) -> Option<Timestamp> {
        if !value.is_empty() && self.last.text.get(..self.last.bytes) == Some(value) {
            return Some(self.last.time);
        }
        let known = self.layout.and_then(|l| Some((l, l.parse(value)?)));
        let (layout, ticks) = match known {
            Some(both) => both,
            None => match TimeLayout::detect_whole(value) {
                Some(layout) => (layout, layout.parse(value)?),
                None => return unix_nanos(value).map(Timestamp),
            },
        };
        self.layout = Some(layout);
        let time = layout.timestamp(ticks, reference);
        if layout.has_year()
            && time.is_some()
            && let Some(text) = self.last.text.get_mut(..value.len())
        {
            text.copy_from_slice(value);
            (self.last.bytes, self.last.time) = (value.len(), time);
        }
        time.is_some().then_some(time)
    }
}

fn unix_nanos(value: &[u8]) -> Option<i64> {
    if !matches!(value.first(), Some(b'1'..=b'9')) {
        return None;
    }
    if value.get(10) == Some(&b'.') {
        let (seconds, fraction) = (decimal(&value[..10])?, &value[11..]);
        if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let digits = fraction.len().min(9);
        let nanos = decimal(&fraction[..digits])? * POWERS_OF_TEN[9 - digits];
        return seconds.checked_mul(1_000_000_000)?.checked_add(nanos);
    }
    let power = match value.len() {
        10 => 9,
        13 => 6,
        16 => 3,
        19 => return std::str::from_utf8(value).ok()?.parse().ok(),
        _ => return None,
    };
    decimal(value)?.checked_mul(POWERS_OF_TEN[power])
}
