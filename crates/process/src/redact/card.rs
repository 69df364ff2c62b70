//! Numbers of payment cards: 13 to 19 digits, alone or in groups, that satisfy the Luhn checksum.

use std::ops::Range;

/// Digits that a number may have.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// A run of digits with single spaces or dashes between them is looked at as a whole: a number may begin and end where a
/// group does.
pub(super) fn find(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(start) = next_digit(text, at) {
        let end = end_of_run(text, start);
        if !continues_a_word(text, start) {
            in_run(text, start..end, found);
        }
        at = end;
    }
}

fn next_digit(text: &[u8], at: usize) -> Option<usize> {
    text.get(at..)?.iter().position(u8::is_ascii_digit).map(|i| at + i)
}

fn digit(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

fn is_separator(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|b| matches!(b, b' ' | b'-'))
}

fn end_of_run(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while digit(text, at) || (is_separator(text, at) && digit(text, at + 1)) {
        at += 1;
    }
    at
}

/// Letters stand in front, or it is the fraction of a number.
fn continues_a_word(text: &[u8], start: usize) -> bool {
    let before = |n: usize| start.checked_sub(n).and_then(|i| text.get(i));
    before(1).is_some_and(u8::is_ascii_alphanumeric)
        || (before(1) == Some(&b'.') && before(2).is_some_and(u8::is_ascii_digit))
}

fn in_run(text: &[u8], run: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut start = run.start;
    while start < run.end {
        match number_at(text, start, run.end) {
            Some(end) => {
                found.push(start..end);
                start = end;
            }
            None => start = next_group(text, start, run.end),
        }
        while start < run.end && is_separator(text, start) {
            start += 1;
        }
    }
}

fn next_group(text: &[u8], at: usize, end: usize) -> usize {
    (at..end).find(|&i| is_separator(text, i)).unwrap_or(end)
}

/// The end of the longest number that begins at `start`, which is the beginning of a group.
fn number_at(text: &[u8], start: usize, end: usize) -> Option<usize> {
    // 2: Mastercard; 3: American Express, JCB, Diners; 4: Visa; 5: Mastercard; 6: Discover, UnionPay, Maestro.
    if !text.get(start).is_some_and(|b| (b'2'..=b'6').contains(b)) {
        return None;
    }
    let (mut digits, mut best) = (Vec::with_capacity(*DIGITS.end()), None);
    for at in start..end {
        if is_separator(text, at) {
            continue;
        }
        if digits.len() == *DIGITS.end() {
            break;
        }
        digits.push(text.get(at).map_or(0, |b| b - b'0'));
        let closes = !text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if closes && DIGITS.contains(&digits.len()) && luhn(&digits) {
            best = Some(at + 1);
        }
    }
    best
}

fn luhn(digits: &[u8]) -> bool {
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let worth = |(i, &d): (usize, &u8)| if i % 2 == 1 { doubled(d.into()) } else { d.into() };
    digits.iter().rev().enumerate().map(worth).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut ranges = Vec::new();
        find(text.as_bytes(), &mut ranges);
        ranges.into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn numbers_that_publish_themselves_for_tests() {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5500-0000-0000-0004",
            "378282246310005",
            "6011000000000004",
            "2223003122003222",
            "4222222222222",
            "6304000000000000000",
        ] {
            assert_eq!(found(&format!("paid with {number}, thanks")), [number]);
            assert_eq!(found(number), [number]);
        }
        assert_eq!(found("{\"card\":\"4111111111111111\"}"), ["4111111111111111"]);
        assert_eq!(found("order 17 4111 1111 1111 1111 ok"), ["4111 1111 1111 1111"]);
    }

    #[test]
    fn numbers_that_are_none() {
        for text in [
            "4111111111111112",
            "1763725200000000000",
            "ts=1763725200000",
            "a4111111111111111",
            "4111111111111111f",
            "0.4111111111111111",
            "41111111111111110000000",
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "4111  1111  1111  1111",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
