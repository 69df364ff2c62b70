//! Quantities as people write them: `64MiB`, `30d`, `1.5 MB`, `1,234`.

use std::time::Duration;

const BYTE_UNITS: [(&str, u64); 13] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("B", 1),
];

const TIME_UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// A number of bytes: `1048576`, `64MiB`, `10 GB`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let expected = "expected bytes such as 500000, 64MiB or 10GB";
    let (number, unit) = split_unit(text).ok_or(expected)?;
    let scale = match unit {
        "" => 1,
        unit => BYTE_UNITS.iter().find(|(name, _)| *name == unit).ok_or(expected)?.1,
    };
    number.checked_mul(scale).ok_or_else(|| format!("{text} is too large"))
}

/// A span of time: `30s`, `15m`, `2h`, `30d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = "expected a span such as 500ms, 30s, 15m, 2h, 30d or 4w";
    let (number, unit) = split_unit(text).ok_or(expected)?;
    let (_, scale) = TIME_UNITS.iter().find(|(name, _)| *name == unit).ok_or(expected)?;
    let ms = number.checked_mul(*scale).ok_or_else(|| format!("{text} is too long"))?;
    Ok(Duration::from_millis(ms))
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

/// A count with thousands apart: `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Bytes in decimal units with three digits that matter: `482 B`, `1.52 MB`.
pub(crate) fn bytes(n: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let mut scaled = n as f64 / 1000.0;
    if n < 1000 {
        return format!("{n} B");
    }
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < units.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    format!("{} {}", three_digits(scaled), units.get(unit).unwrap_or(&""))
}

/// A span of time: `850 ns`, `1.20 ms`, `3.4 min`.
pub(crate) fn nanos(n: u64) -> String {
    let scaled = n as f64;
    match n {
        0..1_000 => format!("{n} ns"),
        1_000..1_000_000 => format!("{} µs", three_digits(scaled / 1e3)),
        1_000_000..1_000_000_000 => format!("{} ms", three_digits(scaled / 1e6)),
        1_000_000_000..120_000_000_000 => format!("{} s", three_digits(scaled / 1e9)),
        _ => format!("{} min", three_digits(scaled / 6e10)),
    }
}

fn three_digits(x: f64) -> String {
    let decimals = if x < 9.995 {
        2
    } else if x < 99.95 {
        1
    } else {
        0
    };
    format!("{x:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read() {
        assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
        assert_eq!(parse_bytes("10 GB"), Ok(10_000_000_000));
        assert_eq!(parse_bytes("12"), Ok(12));
        assert!(parse_bytes("x").is_err() && parse_bytes("1 parsec").is_err());
        assert!(parse_bytes("99999999999999999999").is_err() && parse_bytes("99999999999TB").is_err());
        assert_eq!(parse_duration("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert!(parse_duration("30").is_err() && parse_duration("é").is_err());
    }

    #[test]
    fn quantities_are_written() {
        assert_eq!(count(0), "0");
        assert_eq!(count(123), "123");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_520_000), "1.52 MB");
        assert_eq!(bytes(999_999), "1.00 MB");
        assert_eq!(nanos(1_200_000), "1.20 ms");
        assert_eq!(nanos(90_000_000_000), "90.0 s");
    }
}
