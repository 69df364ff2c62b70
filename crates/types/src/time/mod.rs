//! How a timestamp is written: a [`TimeLayout`] turns text into integers and back without losing a byte, and finds
//! the time of a record in its text.

mod civil;
mod detect;
mod find;
mod form;
mod show;
#[cfg(test)]
mod tests;
mod zone;

pub use find::{TimeReader, find_time};

use crate::Timestamp;
use civil::Civil;
use form::Form;
use zone::Zone;

const POWERS_OF_TEN: [i64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// How a timestamp is written: form, separators, digits of the fraction, zone and its offset.
///
/// Text that [`TimeLayout::parse`] accepts comes back byte for byte from [`TimeLayout::format`], so a column of
/// timestamps may be kept as a layout and integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeLayout {
    form: Form,
    /// What stands before the fraction; 0 when there is none.
    mark: u8,
    digits: u8,
    zone: Zone,
}

impl TimeLayout {
    /// The layout as bytes, for a file.
    pub fn to_bytes(self) -> [u8; 8] {
        let [style, flags, low, high] = self.zone.to_bytes();
        [self.form as u8, self.mark, self.digits, style, flags, low, high, 0]
    }

    /// Inverse of [`TimeLayout::to_bytes`]; none for bytes that it cannot have made.
    pub fn from_bytes(bytes: [u8; 8]) -> Option<TimeLayout> {
        let [form, mark, digits, style, flags, low, high, reserved] = bytes;
        let form = *Form::ALL.get(usize::from(form))?;
        let zone = Zone::from_bytes([style, flags, low, high])?;
        let mark_fits = if digits == 0 { mark == 0 } else { matches!(mark, b'.' | b',' | b':') };
        let zone_fits = zone == Zone::NONE || form.shape().zoned;
        let fits = mark_fits && zone_fits && digits <= 9 && reserved == 0;
        fits.then_some(TimeLayout { form, mark, digits, zone })
    }

    /// Digits of the fraction; a tick is this power of a tenth of a second.
    pub fn digits(self) -> u8 {
        self.digits
    }

    /// Whether the text says which year it is; where it does not, ticks count in 1972.
    pub fn has_year(self) -> bool {
        self.form.has_year()
    }

    /// Length of every text in this layout.
    #[inline]
    pub fn text_bytes(self) -> usize {
        let shape = self.form.shape();
        let fraction = if self.digits == 0 { 0 } else { 1 + usize::from(self.digits) };
        shape.head_bytes() + fraction + shape.tail_bytes() + self.zone.bytes()
    }

    /// Ticks since 1970, UTC, that `text` stands for; none unless [`TimeLayout::format`] gives the same bytes back.
    #[inline]
    pub fn parse(self, text: &[u8]) -> Option<i64> {
        if text.len() != self.text_bytes() {
            return None;
        }
        let shape = self.form.shape();
        let seconds = self.form.read(text)? - self.zone.offset_seconds();
        if !self.zone.ends(text) {
            return None;
        }
        if self.digits == 0 {
            return Some(seconds);
        }
        let at = shape.head_bytes();
        if text[at] != self.mark {
            return None;
        }
        let fraction = decimal(&text[at + 1..at + 1 + usize::from(self.digits)])?;
        seconds.checked_mul(POWERS_OF_TEN[usize::from(self.digits)])?.checked_add(fraction)
    }

    /// Appends the text that `ticks` stands for. Ticks that no text of this layout stands for give their decimal.
    pub fn format(self, ticks: i64, out: &mut Vec<u8>) {
        let power = POWERS_OF_TEN[usize::from(self.digits)];
        let civil = self.civil(ticks, self.zone.offset_seconds());
        let shape = self.form.shape();
        let Some(civil) = civil.filter(|c| shape.can_write(c)) else {
            out.extend_from_slice(ticks.to_string().as_bytes());
            return;
        };
        shape.write_head(&civil, out);
        if self.digits > 0 {
            out.push(self.mark);
            let mut fraction = ticks.rem_euclid(power);
            let start = out.len();
            out.resize(start + usize::from(self.digits), b'0');
            for digit in out[start..].iter_mut().rev() {
                *digit = b'0' + (fraction % 10) as u8;
                fraction /= 10;
            }
        }
        shape.write_tail(&civil, out);
        let (zone, zone_bytes) = self.zone.text();
        out.extend_from_slice(&zone[..zone_bytes]);
    }

    /// The instant that `ticks` stands for. Where the layout has no year, `reference` (the arrival of the record)
    /// supplies it: the latest year that puts the time at most a day after it. [`Timestamp::NONE`] for what
    /// nanoseconds cannot say.
    pub fn timestamp(self, ticks: i64, reference: Timestamp) -> Timestamp {
        let power = POWERS_OF_TEN[usize::from(self.digits)];
        let (seconds, fraction) = (ticks.div_euclid(power), ticks.rem_euclid(power));
        let seconds = if self.form.has_year() {
            Some(seconds)
        } else {
            self.civil(ticks, 0).and_then(|c| in_nearest_year(c, reference))
        };
        let nanos_per_tick = POWERS_OF_TEN[9 - usize::from(self.digits)];
        seconds
            .and_then(|s| s.checked_mul(1_000_000_000)?.checked_add(fraction * nanos_per_tick))
            .map_or(Timestamp::NONE, Timestamp)
    }

    /// Date and time of `ticks`, moved by `offset_seconds`; none far outside of what can be written.
    fn civil(self, ticks: i64, offset_seconds: i64) -> Option<Civil> {
        /// Some 30,000 years, well above year 9999, well below overflow.
        const SECONDS_MAX: i64 = 1_000_000_000_000;
        let seconds = ticks.div_euclid(POWERS_OF_TEN[usize::from(self.digits)]);
        (-SECONDS_MAX..=SECONDS_MAX).contains(&seconds).then(|| Civil::from_seconds(seconds + offset_seconds))
    }
}

/// Digits as a number; at most 18 of them.
#[inline]
fn decimal(digits: &[u8]) -> Option<i64> {
    let mut n = 0i64;
    for &b in digits {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n * 10 + i64::from(digit);
    }
    Some(n)
}

/// Seconds of `civil` in the latest year in which it is a date and at most a day after `reference`.
fn in_nearest_year(civil: Civil, reference: Timestamp) -> Option<i64> {
    /// Longest wait for a 29 February: 1896 to 1904.
    const YEARS_MAX: i64 = 9;
    if !reference.is_some() {
        return None;
    }
    let latest = reference.0.div_euclid(1_000_000_000) + 86_400;
    let year = Civil::from_seconds(latest).year;
    (0..YEARS_MAX).filter_map(|back| Civil { year: year - back, ..civil }.seconds()).find(|&s| s <= latest)
}
