//! Durations and sizes: numbers with units, compared exactly.

/// Longer texts are neither: bounds the work on a hostile value.
const TEXT_BYTES_MAX: usize = 64;

/// Digits of a fraction that count; those behind them are worth less than anything can be told by.
const FRACTION_DIGITS_MAX: usize = 12;

/// Digits before the point: with any unit the result fits.
const WHOLE_DIGITS_MAX: usize = 14;

/// What a worth is counted in: so many to the nanosecond or byte.
const PARTS: i128 = 1_000_000_000;

const DURATIONS_NS: [(&str, i128); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

const SIZES_BYTES: [(&str, i128); 12] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// What a duration such as `250ms`, `1.5s`, `1h30m` or `-2m` is worth; equal ones are worth the same.
pub(super) fn duration(text: &[u8]) -> Option<i128> {
    let text = short(text)?;
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut total = 0i128;
    loop {
        let (parts, after) = part(rest, &DURATIONS_NS)?;
        total = total.checked_add(parts)?;
        rest = after;
        if rest.is_empty() {
            return Some(sign * total);
        }
    }
}

/// What a size such as `10B`, `1.5kB` or `2GiB` is worth.
pub(super) fn size(text: &[u8]) -> Option<i128> {
    let (parts, rest) = part(short(text)?, &SIZES_BYTES)?;
    rest.is_empty().then_some(parts)
}

/// Most values are told apart from numbers with units by their first and last byte.
fn short(text: &[u8]) -> Option<&str> {
    let begins = text.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    let ends = text.last().is_some_and(u8::is_ascii_alphabetic);
    if begins && ends && text.len() <= TEXT_BYTES_MAX { std::str::from_utf8(text).ok() } else { None }
}

/// The number and the unit that `text` begins with, and what comes behind them.
fn part<'a>(text: &'a str, units: &[(&str, i128)]) -> Option<(i128, &'a str)> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = text.split_at_checked(digits(text))?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => after.split_at_checked(digits(after)).filter(|(fraction, _)| !fraction.is_empty())?,
        None => ("", rest),
    };
    let (unit, after) =
        rest.split_at_checked(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()))?;
    let (_, each) = units.iter().find(|(name, _)| *name == unit)?;
    let significant = whole.trim_start_matches('0');
    if whole.is_empty() || significant.len() > WHOLE_DIGITS_MAX {
        return None;
    }
    let whole: i128 = if significant.is_empty() { 0 } else { significant.parse().ok()? };
    let fraction = fraction.get(..FRACTION_DIGITS_MAX).unwrap_or(fraction);
    let of_one = match fraction {
        "" => 0,
        digits => digits.parse::<i128>().ok()? * each * PARTS / 10i128.pow(digits.len() as u32),
    };
    Some((whole * each * PARTS + of_one, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_worth_in_other_units() {
        let d = |text: &str| duration(text.as_bytes());
        assert!(d("1s").is_some());
        for (a, b) in [
            ("1s", "1000ms"),
            ("1.5h", "1h30m"),
            ("1.100s", "1100ms"),
            ("0.001us", "1ns"),
            ("5µs", "5us"),
            ("-1m", "-60s"),
            ("0s", "0h"),
            ("007s", "7s"),
        ] {
            assert_eq!(d(a), d(b), "{a} {b}");
        }
        assert!(d("1.5s") > d("1499ms") && d("-2s") < d("1ns") && d("0.12345678901234567s") > d("123ms"));
        let s = |text: &str| size(text.as_bytes());
        assert!(s("1B").is_some());
        assert_eq!(s("1.5kB"), s("1500B"));
        assert_eq!(s("2MiB"), s("2048KiB"));
        assert!(s("1KiB") > s("1KB"));
    }

    #[test]
    fn other_texts_are_neither() {
        for text in [
            "",
            "s",
            "5",
            "-",
            "-s",
            "1.s",
            ".5s",
            "1h30",
            "1x",
            "1 s",
            "1S",
            "1e3s",
            "999999999999999s",
            "1s2",
            "é1s",
            "1sé",
        ] {
            assert_eq!(duration(text.as_bytes()), None, "{text}");
        }
        for text in ["", "B", "5", "5K", "5b", "-5B", "5MB5B", "1,5MB", "5 MB"] {
            assert_eq!(size(text.as_bytes()), None, "{text}");
        }
        assert_eq!(duration(&[b'1'; 100_000]), None);
        assert_eq!(duration(&[b'1', 0xff, b's']), None);
    }
}
