//! Values as numbers, and back to exactly the same bytes.

use gastrolog_types::TimeLayout;

/// Most digits of an integer or mantissa: any number of 18 digits fits an `i64`.
const DIGITS_MAX: usize = 18;

/// `-?(0|[1-9][0-9]*)` of at most 18 digits, but not `-0`.
#[inline]
pub(super) fn parse_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let (&first, _) = digits.split_first()?;
    if digits.len() > DIGITS_MAX || (first == b'0' && (digits.len() > 1 || negative)) {
        return None;
    }
    let mut value = 0i64;
    for &b in digits {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

pub(super) fn write_int(value: i64, out: &mut Vec<u8>) {
    let mut buffer = [0u8; 20];
    let mut at = buffer.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        if let Some(b) = buffer.get_mut(at) {
            *b = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 || at == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(buffer.get(at..).unwrap_or(&[]));
}

/// An integer, or digits with a point in them: mantissa and digits after the point. `-0.0` and leading zeros
/// other than one before the point are refused.
pub(super) fn parse_decimal(text: &[u8]) -> Option<(i64, u8)> {
    let Some(point) = text.iter().position(|&b| b == b'.') else {
        return Some((parse_int(text)?, 0));
    };
    let (whole, fraction) = (text.get(..point)?, text.get(point + 1..)?);
    let (negative, digits) = match whole.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, whole),
    };
    let (&first, _) = digits.split_first()?;
    let padded = first == b'0' && digits.len() > 1;
    if fraction.is_empty() || digits.len() + fraction.len() > DIGITS_MAX || padded {
        return None;
    }
    let mut mantissa = 0i64;
    for &b in digits.iter().chain(fraction) {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        mantissa = mantissa * 10 + i64::from(digit);
    }
    if negative && mantissa == 0 {
        return None;
    }
    Some((if negative { -mantissa } else { mantissa }, fraction.len() as u8))
}

pub(super) fn write_decimal(mantissa: i64, scale: u8, out: &mut Vec<u8>) {
    if scale == 0 {
        return write_int(mantissa, out);
    }
    let unit = 10u64.saturating_pow(u32::from(scale));
    let magnitude = mantissa.unsigned_abs();
    if mantissa < 0 {
        out.push(b'-');
    }
    write_int((magnitude / unit) as i64, out);
    out.push(b'.');
    let mut fraction = magnitude % unit;
    let mut place = unit / 10;
    while place > 0 {
        out.push(b'0' + (fraction / place) as u8);
        fraction %= place;
        place /= 10;
    }
}

/// Four numbers 0 to 255 without leading zeros.
#[inline]
pub(super) fn parse_ipv4(text: &[u8]) -> Option<u32> {
    if text.len() > 15 || text.len() < 7 {
        return None;
    }
    let (mut address, mut part, mut digits, mut dots) = (0u32, 0u32, 0, 0);
    for &b in text {
        if b == b'.' {
            if digits == 0 || part > 255 {
                return None;
            }
            address = address << 8 | part;
            (part, digits) = (0, 0);
            dots += 1;
        } else {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 || digits == 3 || (digits > 0 && part == 0) {
                return None;
            }
            part = part * 10 + u32::from(digit);
            digits += 1;
        }
    }
    (dots == 3 && digits > 0 && part < 256).then_some(address << 8 | part)
}

pub(super) fn write_ipv4(address: u32, out: &mut Vec<u8>) {
    for (i, part) in address.to_be_bytes().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        write_int(i64::from(part), out);
    }
}

/// The shape of the hexadecimal values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HexShape {
    pub(super) width: usize,
    pub(super) upper: bool,
    pub(super) dashes: bool,
}

/// Places of the dashes in a UUID (RFC 9562 section 4).
const DASHES: [usize; 4] = [8, 13, 18, 23];

impl HexShape {
    /// The shape of `text` if it is an even number of hex digits, 8 to 128, or a UUID. Case is that of the first letter.
    pub(super) fn of(text: &[u8]) -> Option<HexShape> {
        let dashes = text.len() == 36 && text.get(8) == Some(&b'-');
        let digits = if dashes { 32 } else { text.len() };
        if !(8..=128).contains(&digits) || digits % 2 != 0 {
            return None;
        }
        let upper = text.iter().find(|b| b.is_ascii_alphabetic()).is_some_and(u8::is_ascii_uppercase);
        let shape = HexShape { width: digits / 2, upper, dashes };
        shape.parse(text, &mut Vec::new()).then_some(shape)
    }

    /// Appends the bytes of `text`; takes back what it appended and returns `false` if it does not have the shape.
    pub(super) fn parse(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let table = if self.upper { &UPPER } else { &LOWER };
        let fits = if self.dashes {
            text.len() == 36 && DASHES.iter().all(|&d| text.get(d) == Some(&b'-')) && {
                let mut plain = [0u8; 32];
                let digits = text.iter().enumerate().filter(|(i, _)| !DASHES.contains(i));
                plain.iter_mut().zip(digits).for_each(|(p, (_, &b))| *p = b);
                unhex(&plain, table, out)
            }
        } else {
            text.len() == 2 * self.width && unhex(text, table, out)
        };
        if !fits {
            out.truncate(before);
        }
        fits
    }
}

/// Value of each hex digit of one case; 16 and up: not a digit.
const fn digits(letters: [u8; 6]) -> [u8; 256] {
    let mut table = [0xff; 256];
    let mut i = 0;
    while i < 10 {
        table[b'0' as usize + i] = i as u8;
        i += 1;
    }
    let mut i = 0;
    while i < 6 {
        table[letters[i] as usize] = 10 + i as u8;
        i += 1;
    }
    table
}
static LOWER: [u8; 256] = digits(*b"abcdef");
static UPPER: [u8; 256] = digits(*b"ABCDEF");

fn unhex(text: &[u8], table: &[u8; 256], out: &mut Vec<u8>) -> bool {
    let (eights, rest) = text.as_chunks::<8>();
    let first_letter = if table[b'a' as usize] == 10 { b'a' } else { b'A' };
    let mut good = true;
    for &eight in eights {
        let (bytes, fits) = unhex8(eight, first_letter);
        out.extend_from_slice(&bytes);
        good &= fits;
    }
    let (pairs, _) = rest.as_chunks::<2>();
    for &[high, low] in pairs {
        let (high, low) = (table[high as usize], table[low as usize]);
        good &= (high | low) & 0xf0 == 0;
        out.push(high << 4 | low & 15);
    }
    good
}

/// Eight digits at a time, as the bytes of one number: four bytes, and whether all eight are digits whose letters
/// start at `first_letter`.
#[inline]
fn unhex8(digits: [u8; 8], first_letter: u8) -> ([u8; 4], bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let x = u64::from_le_bytes(digits);
    // The high bit of each byte that is at least `n`; true of bytes below 0x80, which is checked in the end.
    let at_least = |n: u8| (x | HIGH).wrapping_sub(ONES * u64::from(n)) & HIGH;
    let number = at_least(b'0') & !at_least(b'9' + 1);
    let letter = at_least(first_letter) & !at_least(first_letter + 6);
    let fits = (number | letter) & !x & HIGH == HIGH;
    let nibbles = (x & (ONES * 15)).wrapping_add((letter >> 7) * 9);
    let pairs = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (((fours | fours >> 16) as u32).to_le_bytes(), fits)
}

pub(super) fn write_hex(bytes: &[u8], upper: bool, dashes: bool, out: &mut Vec<u8>) {
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    for (i, b) in bytes.iter().enumerate() {
        if dashes && matches!(i, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.push(digits[(b >> 4) as usize]);
        out.push(digits[(b & 15) as usize]);
    }
}

/// The type that a column's values seem to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    Time(TimeLayout),
    Ipv4,
    Integer,
    Decimal,
    Hex(HexShape),
}

impl Guess {
    /// What `text` looks like, the most special type first.
    pub(super) fn of(text: &[u8]) -> Option<Guess> {
        if let Some(layout) = TimeLayout::detect_whole(text) {
            return Some(Guess::Time(layout));
        }
        if parse_ipv4(text).is_some() {
            return Some(Guess::Ipv4);
        }
        if parse_int(text).is_some() {
            return Some(Guess::Integer);
        }
        if parse_decimal(text).is_some() {
            return Some(Guess::Decimal);
        }
        HexShape::of(text).map(Guess::Hex)
    }

    /// Whether `text` has this type.
    pub(super) fn fits(self, text: &[u8]) -> bool {
        match self {
            Guess::Time(layout) => layout.parse(text).is_some(),
            Guess::Ipv4 => parse_ipv4(text).is_some(),
            Guess::Integer => parse_int(text).is_some(),
            Guess::Decimal => parse_decimal(text).is_some(),
            Guess::Hex(shape) => shape.parse(text, &mut Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_parses_is_written_the_same(text in "-?[0-9]{0,4}[.]?[0-9]{0,20}|[0-9.]{7,15}|[0-9a-fA-F-]{8,40}") {
            let bytes = text.as_bytes();
            let mut out = Vec::new();
            if let Some(v) = parse_int(bytes) {
                write_int(v, &mut out);
                prop_assert_eq!(&out, bytes);
            }
            out.clear();
            if let Some((m, s)) = parse_decimal(bytes) {
                write_decimal(m, s, &mut out);
                prop_assert_eq!(&out, bytes);
            }
            out.clear();
            if let Some(v) = parse_ipv4(bytes) {
                write_ipv4(v, &mut out);
                prop_assert_eq!(&out, bytes);
            }
            if let Some(shape) = HexShape::of(bytes) {
                let (mut raw, mut out) = (Vec::new(), Vec::new());
                prop_assert!(shape.parse(bytes, &mut raw));
                write_hex(&raw, shape.upper, shape.dashes, &mut out);
                prop_assert_eq!(&out, bytes);
            }
        }
    }

    #[test]
    fn the_edges() {
        for (text, fits) in
            [("0", true), ("-0", false), ("007", false), ("-12", true), ("", false), ("-", false)]
        {
            assert_eq!(parse_int(text.as_bytes()).is_some(), fits, "{text}");
        }
        for (text, fits) in
            [("0.50", true), ("-0.0", false), ("-0.5", true), (".5", false), ("1.", false), ("00.1", false)]
        {
            assert_eq!(parse_decimal(text.as_bytes()).is_some(), fits, "{text}");
        }
        for (text, fits) in [
            ("1.2.3.4", true),
            ("01.2.3.4", false),
            ("1.2.3.256", false),
            ("255.255.255.255", true),
            ("1.2.3", false),
        ] {
            assert_eq!(parse_ipv4(text.as_bytes()).is_some(), fits, "{text}");
        }
        assert!(HexShape::of(b"67e55044-10b1-426f-9247-bb680e5fe0c8").is_some_and(|s| s.dashes));
        assert!(HexShape::of(b"deadBEEF").is_none());
    }
}
