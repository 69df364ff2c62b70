//! Addresses of the internet protocol, versions 4 and 6.

use std::net::Ipv6Addr;
use std::ops::Range;

/// Longer runs are no addresses.
const V6_BYTES_MAX: usize = 64;

/// Four numbers up to 255 with dots between; not part of a longer such row, nor of a word.
pub(super) fn v4(text: &[u8], found: &mut Vec<Range<usize>>) {
    runs(
        text,
        |b| b.is_ascii_digit() || b == b'.',
        |run| {
            let run = trim(text, run, b'.');
            let inside = text.get(run.clone()).unwrap_or(&[]);
            if stands_alone(text, &run) && is_v4(inside) {
                found.push(run);
            }
        },
    );
}

fn is_v4(text: &[u8]) -> bool {
    let number = |part: &[u8]| {
        (1..=3).contains(&part.len()) && part.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0')) <= 255
    };
    text.split(|b| *b == b'.').count() == 4 && text.split(|b| *b == b'.').all(number)
}

/// What parses as such an address. A word in front of the first colon (`from:fe80::1`) or behind the last is no part of it.
pub(super) fn v6(text: &[u8], found: &mut Vec<Range<usize>>) {
    runs(
        text,
        |b| b.is_ascii_hexdigit() || b == b':' || b == b'.',
        |run| {
            let inside = text.get(run.clone()).unwrap_or(&[]);
            if run.len() > V6_BYTES_MAX || inside.iter().filter(|b| **b == b':').count() < 2 {
                return;
            }
            let run = without_words(text, run);
            found.extend(parsed(text, trim(text, run, b'.')));
        },
    );
}

fn without_words(text: &[u8], mut run: Range<usize>) -> Range<usize> {
    let word = |at: Option<usize>| at.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_alphanumeric);
    let colon = |b: &u8| *b == b':';
    if word(run.start.checked_sub(1)) {
        let inside = text.get(run.clone()).unwrap_or(&[]);
        run.start += inside.iter().position(colon).unwrap_or(inside.len());
    }
    if word(Some(run.end)) {
        let inside = text.get(run.clone()).unwrap_or(&[]);
        run.end = run.start + inside.iter().rposition(colon).map_or(0, |i| i + 1);
    }
    run
}

/// The range if it is an address, with or without a colon at either end that belongs to the sentence.
fn parsed(text: &[u8], run: Range<usize>) -> Option<Range<usize>> {
    let (start, end) = (run.start, run.end);
    let shorter =
        [start..end, start + 1..end, start..end.saturating_sub(1), start + 1..end.saturating_sub(1)];
    shorter.into_iter().find(|range| {
        let inside = text.get(range.clone()).and_then(|b| std::str::from_utf8(b).ok());
        let edge = |r: &Range<usize>| r.start == start && r.end == end;
        let cut_colons = |r: &Range<usize>| {
            (r.start == start || text.get(start) == Some(&b':'))
                && (r.end == end || end.checked_sub(1).and_then(|i| text.get(i)) == Some(&b':'))
        };
        (edge(range) || cut_colons(range))
            && inside
                .is_some_and(|t| t.contains(|c: char| c.is_ascii_hexdigit()) && t.parse::<Ipv6Addr>().is_ok())
    })
}

/// Calls `visit` with each longest run of bytes that satisfy `is_part`.
fn runs(text: &[u8], is_part: impl Fn(u8) -> bool, mut visit: impl FnMut(Range<usize>)) {
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.iter().position(|b| is_part(*b))) {
        let start = at + start;
        let length = text.get(start..).map_or(0, |rest| rest.iter().take_while(|b| is_part(**b)).count());
        at = start + length;
        visit(start..at);
    }
}

fn trim(text: &[u8], mut run: Range<usize>, byte: u8) -> Range<usize> {
    while run.start < run.end && text.get(run.start) == Some(&byte) {
        run.start += 1;
    }
    while run.start < run.end && text.get(run.end - 1) == Some(&byte) {
        run.end -= 1;
    }
    run
}

fn stands_alone(text: &[u8], run: &Range<usize>) -> bool {
    let word = |at: Option<usize>| at.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_alphanumeric);
    !word(run.start.checked_sub(1)) && !word(Some(run.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(by: fn(&[u8], &mut Vec<Range<usize>>), text: &str) -> Vec<&str> {
        let mut ranges = Vec::new();
        by(text.as_bytes(), &mut ranges);
        ranges.into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn version_4() {
        assert_eq!(
            found(v4, "from 192.0.2.7:80 to 10.0.0.1. (127.0.0.1)"),
            ["192.0.2.7", "10.0.0.1", "127.0.0.1"]
        );
        for text in ["1.2.3", "1.2.3.4.5", "256.1.1.1", "v1.2.3.4", "1.2.3.4a", "1..2.3", "1234.1.1.1", "..."]
        {
            assert!(found(v4, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn version_6() {
        for (text, expected) in [
            ("from 2001:db8::1, port 80", "2001:db8::1"),
            ("[::1]:8080", "::1"),
            ("peer=fe80::1%eth0", "fe80::1"),
            ("src:fe80::1: refused", "fe80::1"),
            ("ip:fe80::7.", "fe80::7"),
            ("2001:0db8:0000:0000:0000:ff00:0042:8329", "2001:0db8:0000:0000:0000:ff00:0042:8329"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("net fe80::/10", "fe80::"),
        ] {
            assert_eq!(found(v6, text), [expected], "{text}");
        }
        for text in ["12:34:56", "std::vector", "::", "aa:bb:cc:dd:ee:ff", "10:00:00.123", "x::y", ":::"] {
            assert!(found(v6, text).is_empty(), "{text}");
        }
    }
}
