//! How a layout writes its offset from UTC.

use super::form::two;

/// The way the offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Style {
    None = 0,
    Z = 1,
    /// `+hh:mm`
    Colon = 2,
    /// `+hhmm`
    Plain = 3,
    /// `+hh`
    Hours = 4,
}

/// The zone of a layout; the offset is part of it, so that it costs nothing per value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Zone {
    pub(super) style: Style,
    /// A space stands before the sign.
    pub(super) space: bool,
    /// West of Greenwich; apart from the minutes, so that `-00:00` keeps its sign.
    pub(super) minus: bool,
    pub(super) minutes: u16,
}

impl Zone {
    pub(super) const NONE: Zone = Zone { style: Style::None, space: false, minus: false, minutes: 0 };

    /// Seconds to take from the written time to have UTC.
    #[inline]
    pub(super) fn offset_seconds(self) -> i64 {
        let seconds = i64::from(self.minutes) * 60;
        if self.minus { -seconds } else { seconds }
    }

    /// The zone's text, and how many bytes of it count.
    #[inline]
    pub(super) fn text(self) -> ([u8; 7], usize) {
        let (mut text, mut len) = ([0u8; 7], 0);
        let mut put = |b: u8| {
            text[len] = b;
            len += 1;
        };
        match self.style {
            Style::None => {}
            Style::Z => put(b'Z'),
            Style::Colon | Style::Plain | Style::Hours => {
                if self.space {
                    put(b' ');
                }
                put(if self.minus { b'-' } else { b'+' });
                let (hours, minutes) = ((self.minutes / 60) as u8, (self.minutes % 60) as u8);
                put(b'0' + hours / 10);
                put(b'0' + hours % 10);
                if self.style == Style::Colon {
                    put(b':');
                }
                if self.style != Style::Hours {
                    put(b'0' + minutes / 10);
                    put(b'0' + minutes % 10);
                }
            }
        }
        (text, len)
    }

    /// Whether `text` ends in this zone as [`Zone::text`] writes it.
    #[inline]
    pub(super) fn ends(self, text: &[u8]) -> bool {
        let Some(at) = text.len().checked_sub(self.bytes()) else { return false };
        match (self.style, &text[at..]) {
            (Style::None, _) => true,
            (Style::Z, zone) => zone == b"Z",
            (_, &[b' ', ref zone @ ..]) if self.space => self.is(zone),
            (_, zone) => !self.space && self.is(zone),
        }
    }

    #[inline]
    fn is(self, zone: &[u8]) -> bool {
        let minutes = match (self.style, zone) {
            (Style::Colon, [_, _, _, b':', _, _]) => two(zone, 4),
            (Style::Plain, [_, _, _, _, _]) => two(zone, 3),
            (Style::Hours, [_, _, _]) => 0,
            _ => return false,
        };
        zone[0] == if self.minus { b'-' } else { b'+' }
            && minutes < 60
            && two(zone, 1) * 60 + minutes == u32::from(self.minutes)
    }

    /// Bytes that the zone takes.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        let space = usize::from(self.space);
        match self.style {
            Style::None => 0,
            Style::Z => 1,
            Style::Colon => 6 + space,
            Style::Plain => 5 + space,
            Style::Hours => 3 + space,
        }
    }

    /// The zone at the start of `text`; [`Zone::NONE`] when there is none that ends at a word border.
    pub(super) fn detect(text: &[u8]) -> Zone {
        let ends = |at: usize| text.get(at).is_none_or(|&b| !crate::words::is_word_byte(b));
        if text.first() == Some(&b'Z') && ends(1) {
            return Zone { style: Style::Z, ..Zone::NONE };
        }
        let space = text.first() == Some(&b' ');
        let at = usize::from(space);
        let minus = match text.get(at) {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => return Zone::NONE,
        };
        let digits = &text[at + 1..];
        let style = match digits {
            [_, _, b':', _, _, ..] if ends(at + 6) => Style::Colon,
            [_, _, _, _, ..] if ends(at + 5) => Style::Plain,
            [_, _, ..] if ends(at + 3) && !space => Style::Hours,
            _ => return Zone::NONE,
        };
        let minutes = match style {
            Style::Colon => two(digits, 3),
            Style::Plain => two(digits, 2),
            _ => 0,
        };
        let hours = two(digits, 0);
        if hours > 23 || minutes > 59 {
            return Zone::NONE;
        }
        Zone { style, space, minus, minutes: (hours * 60 + minutes) as u16 }
    }

    /// Bytes for [`super::TimeLayout::to_bytes`].
    pub(super) fn to_bytes(self) -> [u8; 4] {
        let [low, high] = self.minutes.to_le_bytes();
        [self.style as u8, u8::from(self.space) | u8::from(self.minus) << 1, low, high]
    }

    /// Inverse of [`Zone::to_bytes`]; only zones that can be written.
    pub(super) fn from_bytes(bytes: [u8; 4]) -> Option<Zone> {
        let [style, flags, low, high] = bytes;
        let style = match style {
            0 => Style::None,
            1 => Style::Z,
            2 => Style::Colon,
            3 => Style::Plain,
            4 => Style::Hours,
            _ => return None,
        };
        let minutes = u16::from_le_bytes([low, high]);
        let fits = match style {
            Style::None | Style::Z => flags == 0 && minutes == 0,
            Style::Colon | Style::Plain => flags < 4 && minutes < 1440,
            Style::Hours => matches!(flags, 0 | 2) && minutes < 1440 && minutes % 60 == 0,
        };
        fits.then_some(Zone { style, space: flags & 1 != 0, minus: flags & 2 != 0, minutes })
    }
}
