//! The forms a date and time can be written in, each described by one pattern that drives reading and writing.

use super::civil::{Civil, weekday};

pub(super) const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
pub(super) const WEEKDAYS: &[u8; 21] = b"SunMonTueWedThuFriSat";

/// The year that forms without one count in: a leap year, so that 29 February has a place.
pub(super) const YEARLESS_YEAR: i64 = 1972;

/// Literal bytes a pattern may have.
const LITERALS_MAX: usize = 8;
const ABSENT: usize = usize::MAX;

/// How date and time of day are laid out, up to the whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Form {
    IsoT = 0,
    IsoSpace = 1,
    Slash = 2,
    Basic = 3,
    Clf = 4,
    Bsd = 5,
    BsdZero = 6,
    Ctime = 7,
    CtimeZero = 8,
    Hdfs = 9,
    Spark = 10,
    Android = 11,
    Bgl = 12,
    HealthApp = 13,
}

/// A pattern taken apart: where each field stands and which bytes are fixed.
#[derive(Debug)]
pub(super) struct Shape {
    pattern: &'static [u8],
    year_at: usize,
    year_digits: u8,
    month_at: usize,
    month_named: bool,
    day_at: usize,
    day_space: bool,
    hour_at: usize,
    minute_at: usize,
    second_at: usize,
    weekday_at: usize,
    /// Where the literals are; the unused ones repeat the first.
    literals: [(usize, u8); LITERALS_MAX],
    /// The year follows the fraction, as ` 2005`.
    pub(super) year_last: bool,
    /// Whether a zone may follow.
    pub(super) zoned: bool,
}

/// `Y` year, `O` month, `N` name of the month, `D` day, `d` day padded with a space, `W` day of the week, `h`, `m`, `s`.
const SHAPES: [Shape; 14] = [
    shape(b"YYYY-OO-DDThh:mm:ss", false, true),
    shape(b"YYYY-OO-DD hh:mm:ss", false, true),
    shape(b"YYYY/OO/DD hh:mm:ss", false, true),
    shape(b"YYYYOODDThhmmss", false, true),
    shape(b"DD/NNN/YYYY:hh:mm:ss", false, true),
    shape(b"NNN dd hh:mm:ss", false, false),
    shape(b"NNN DD hh:mm:ss", false, false),
    shape(b"WWW NNN dd hh:mm:ss", true, false),
    shape(b"WWW NNN DD hh:mm:ss", true, false),
    shape(b"YYOODD hhmmss", false, false),
    shape(b"YY/OO/DD hh:mm:ss", false, false),
    shape(b"OO-DD hh:mm:ss", false, false),
    shape(b"YYYY-OO-DD-hh.mm.ss", false, false),
    shape(b"YYYYOODD-hh:mm:ss", false, false),
];

const fn shape(pattern: &'static [u8], year_last: bool, zoned: bool) -> Shape {
    let day_space = find(pattern, b'd') != ABSENT;
    let named = find(pattern, b'N') != ABSENT;
    let (mut literals, mut n, mut i, mut year_digits) = ([(0, 0); LITERALS_MAX], 0, 0, 0);
    while i < pattern.len() {
        match pattern[i] {
            b'Y' => year_digits += 1,
            b'O' | b'N' | b'D' | b'd' | b'W' | b'h' | b'm' | b's' => {}
            literal => {
                literals[n] = (i, literal);
                n += 1;
            }
        }
        i += 1;
    }
    while n < LITERALS_MAX {
        literals[n] = literals[0];
        n += 1;
    }
    Shape {
        pattern,
        year_at: find(pattern, b'Y'),
        year_digits,
        month_at: find(pattern, if named { b'N' } else { b'O' }),
        month_named: named,
        day_at: find(pattern, if day_space { b'd' } else { b'D' }),
        day_space,
        hour_at: find(pattern, b'h'),
        minute_at: find(pattern, b'm'),
        second_at: find(pattern, b's'),
        weekday_at: find(pattern, b'W'),
        literals,
        year_last,
        zoned,
    }
}

const fn find(pattern: &[u8], byte: u8) -> usize {
    let mut i = 0;
    while i < pattern.len() {
        if pattern[i] == byte {
            return i;
        }
        i += 1;
    }
    ABSENT
}

impl Form {
    /// Every form, in the order of their numbers.
    pub(super) const ALL: [Form; 14] = [
        Form::IsoT,
        Form::IsoSpace,
        Form::Slash,
        Form::Basic,
        Form::Clf,
        Form::Bsd,
        Form::BsdZero,
        Form::Ctime,
        Form::CtimeZero,
        Form::Hdfs,
        Form::Spark,
        Form::Android,
        Form::Bgl,
        Form::HealthApp,
    ];

    #[inline]
    pub(super) fn shape(self) -> &'static Shape {
        static TABLE: [Shape; 14] = SHAPES;
        &TABLE[self as usize]
    }

    /// Seconds since 1970 as written in `text`, which is as long as the layout says. Compiled once for each form,
    /// so that positions are constants: three times as fast as looking them up.
    #[inline]
    pub(super) fn read(self, text: &[u8]) -> Option<i64> {
        match self {
            Form::IsoT => read::<0>(text),
            Form::IsoSpace => read::<1>(text),
            Form::Slash => read::<2>(text),
            Form::Basic => read::<3>(text),
            Form::Clf => read::<4>(text),
            Form::Bsd => read::<5>(text),
            Form::BsdZero => read::<6>(text),
            Form::Ctime => read::<7>(text),
            Form::CtimeZero => read::<8>(text),
            Form::Hdfs => read::<9>(text),
            Form::Spark => read::<10>(text),
            Form::Android => read::<11>(text),
            Form::Bgl => read::<12>(text),
            Form::HealthApp => read::<13>(text),
        }
    }

    /// Whether the text says which year it is.
    pub(super) fn has_year(self) -> bool {
        !matches!(self, Form::Bsd | Form::BsdZero | Form::Android)
    }
}

#[inline]
fn read<const FORM: usize>(text: &[u8]) -> Option<i64> {
    const { &SHAPES[FORM] }.read(text)
}

/// Bytes of the year after the fraction, where that is its place.
const YEAR_LAST_BYTES: usize = 5;

impl Shape {
    /// Bytes up to the whole seconds.
    #[inline]
    pub(super) fn head_bytes(&self) -> usize {
        self.pattern.len()
    }

    /// Bytes after the fraction, the zone aside.
    #[inline]
    pub(super) fn tail_bytes(&self) -> usize {
        if self.year_last { YEAR_LAST_BYTES } else { 0 }
    }

    #[inline(always)]
    fn read(&self, text: &[u8]) -> Option<i64> {
        if text.len() < self.pattern.len()
            || self.literals.iter().fold(0, |wrong, &(at, b)| wrong | (text[at] ^ b)) != 0
        {
            return None;
        }
        let civil = Civil {
            year: self.read_year(text)?,
            month: if self.month_named {
                month_number(text, self.month_at)?
            } else {
                two(text, self.month_at)
            },
            day: self.read_day(text)?,
            hour: two(text, self.hour_at),
            minute: two(text, self.minute_at),
            second: two(text, self.second_at),
        };
        let seconds = civil.seconds()?;
        if self.weekday_at != ABSENT {
            let name = weekday(seconds.div_euclid(86_400)) * 3;
            if text.get(self.weekday_at..self.weekday_at + 3) != WEEKDAYS.get(name..name + 3) {
                return None;
            }
        }
        Some(seconds)
    }

    #[inline(always)]
    fn read_year(&self, text: &[u8]) -> Option<i64> {
        if self.year_digits == 4 {
            return four(text, self.year_at);
        }
        if self.year_digits == 2 {
            let year = two(text, self.year_at);
            return (year < 100).then_some(i64::from(if year < 70 { 2000 } else { 1900 } + year));
        }
        if self.year_last {
            let at = text.len() - YEAR_LAST_BYTES;
            return if text[at] == b' ' { four(text, at + 1) } else { None };
        }
        Some(YEARLESS_YEAR)
    }

    #[inline(always)]
    fn read_day(&self, text: &[u8]) -> Option<u32> {
        let at = self.day_at;
        if !self.day_space {
            return Some(two(text, at));
        }
        match text[at] {
            b' ' => Some(u32::from(text[at + 1].wrapping_sub(b'0'))).filter(|&d| d <= 9),
            b'0' => None,
            _ => Some(two(text, at)),
        }
    }

    /// Whether the year of `civil` can be written.
    pub(super) fn can_write(&self, civil: &Civil) -> bool {
        match self.year_digits {
            4 => (0..=9999).contains(&civil.year),
            2 => (1970..=2069).contains(&civil.year),
            _ if self.year_last => (0..=9999).contains(&civil.year),
            _ => civil.year == YEARLESS_YEAR,
        }
    }

    /// Appends what stands before the fraction.
    pub(super) fn write_head(&self, civil: &Civil, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(self.pattern);
        let text = &mut out[start..];
        match self.year_digits {
            4 => {
                put_two(text, self.year_at, civil.year as u32 / 100);
                put_two(text, self.year_at + 2, civil.year as u32 % 100);
            }
            2 => put_two(text, self.year_at, civil.year as u32 % 100),
            _ => {}
        }
        if self.month_named {
            let name = (civil.month as usize - 1) * 3;
            text[self.month_at..self.month_at + 3].copy_from_slice(&MONTHS[name..name + 3]);
        } else {
            put_two(text, self.month_at, civil.month);
        }
        put_two(text, self.day_at, civil.day);
        if self.day_space && civil.day < 10 {
            text[self.day_at] = b' ';
        }
        put_two(text, self.hour_at, civil.hour);
        put_two(text, self.minute_at, civil.minute);
        put_two(text, self.second_at, civil.second);
        if self.weekday_at != ABSENT {
            let name = weekday(super::civil::days_from_civil(civil.year, civil.month, civil.day)) * 3;
            text[self.weekday_at..self.weekday_at + 3].copy_from_slice(&WEEKDAYS[name..name + 3]);
        }
    }

    /// Appends what stands after the fraction, the zone aside.
    pub(super) fn write_tail(&self, civil: &Civil, out: &mut Vec<u8>) {
        if self.year_last {
            let start = out.len();
            out.extend_from_slice(b" YYYY");
            put_two(&mut out[start..], 1, civil.year as u32 / 100);
            put_two(&mut out[start..], 3, civil.year as u32 % 100);
        }
    }
}

/// Two digits as a number; more than any field allows when they are not digits.
#[inline(always)]
pub(super) fn two(text: &[u8], at: usize) -> u32 {
    let (high, low) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    if high > 9 || low > 9 { 1000 } else { u32::from(high) * 10 + u32::from(low) }
}

#[inline]
fn four(text: &[u8], at: usize) -> Option<i64> {
    let (high, low) = (two(text, at), two(text, at + 2));
    (high < 100 && low < 100).then_some(i64::from(high * 100 + low))
}

fn put_two(text: &mut [u8], at: usize, n: u32) {
    text[at] = b'0' + (n / 10 % 10) as u8;
    text[at + 1] = b'0' + (n % 10) as u8;
}

/// The number of the month named by the three bytes at `at`.
#[inline]
pub(super) fn month_number(text: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c] = text.get(at..at + 3)? else { return None };
    let number = match (a, b, c) {
        (b'J', b'a', b'n') => 1,
        (b'F', b'e', b'b') => 2,
        (b'M', b'a', b'r') => 3,
        (b'A', b'p', b'r') => 4,
        (b'M', b'a', b'y') => 5,
        (b'J', b'u', b'n') => 6,
        (b'J', b'u', b'l') => 7,
        (b'A', b'u', b'g') => 8,
        (b'S', b'e', b'p') => 9,
        (b'O', b'c', b't') => 10,
        (b'N', b'o', b'v') => 11,
        (b'D', b'e', b'c') => 12,
        _ => return None,
    };
    Some(number)
}
