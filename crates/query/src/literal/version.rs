//! Versions such as `v1.2`, `1.2.3-rc1`, and addresses, which are compared likewise.

use std::cmp::Ordering;

/// Longer texts are no versions: bounds the work on a hostile value.
const TEXT_BYTES_MAX: usize = 64;

/// A version cut into its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version<'a> {
    /// `1.2.3`
    numbers: &'a str,
    /// `rc1` of `1.2.3-rc1`
    suffix: Option<&'a str>,
    /// Whether there can be no doubt: two dots, or a `v` and one dot.
    pub(super) is_sure: bool,
}

/// Reads `v?digits(.digits)*(-suffix)?(+build)?` with one dot or more; what stands behind `+` does not count.
pub(super) fn version(text: &[u8]) -> Option<Version<'_>> {
    let begins = text.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'v' | b'V'));
    if !begins || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let (rest, build) = plain.split_once('+').map_or((plain, None), |(rest, build)| (rest, Some(build)));
    let (numbers, suffix) = rest.split_once('-').map_or((rest, None), |(n, suffix)| (n, Some(suffix)));
    let is_number =
        |part: &str| !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    };
    let dots = numbers.bytes().filter(|&b| b == b'.').count();
    let sound = numbers.split('.').all(is_number) && [suffix, build].into_iter().flatten().all(is_word);
    let is_sure = dots + usize::from(plain.len() < text.len()) >= 2;
    (dots > 0 && sound).then_some(Version { numbers, suffix, is_sure })
}

impl Version<'_> {
    /// Part by part as numbers, a lacking one being 0; with a suffix (`-rc1`) it is smaller than without.
    pub(super) fn compare(self, other: Version<'_>) -> Ordering {
        let number = |part: Option<&str>| part.and_then(|p| p.parse::<u64>().ok()).unwrap_or(0);
        let (mut a, mut b) = (self.numbers.split('.'), other.numbers.split('.'));
        loop {
            let (x, y) = (a.next(), b.next());
            if x.is_none() && y.is_none() {
                break;
            }
            let order = number(x).cmp(&number(y));
            if order.is_ne() {
                return order;
            }
        }
        match (self.suffix, other.suffix) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => natural(a, b),
        }
    }
}

/// By bytes, but runs of digits as numbers: `rc2` before `rc10`.
fn natural(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let (run_a, run_b) = (run(a), run(b));
        let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_at_checked(run_a), b.split_at_checked(run_b))
        else {
            return a.cmp(b);
        };
        let order = match (digits(x), digits(y)) {
            (Some(x), Some(y)) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)),
            _ => x.cmp(y),
        };
        if order.is_ne() || (rest_a.is_empty() && rest_b.is_empty()) {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The length of the run of digits, or of anything else, that `text` begins with.
fn run(text: &str) -> usize {
    let is_digits = text.starts_with(|c: char| c.is_ascii_digit());
    text.find(|c: char| c.is_ascii_digit() != is_digits).unwrap_or(text.len())
}

/// Digits without leading zeros.
fn digits(text: &str) -> Option<&str> {
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order() {
        let ascending = [
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-rc2",
            "1.0.0-rc10",
            "1.0.0",
            "v1.0.1",
            "1.2",
            "1.10.0",
            "2.0.0+b7",
            "10.0.0.7",
            "10.0.0.70",
            "10.0.1",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                let (x, y) = (version(a.as_bytes()).unwrap(), version(b.as_bytes()).unwrap());
                assert_eq!(x.compare(y), i.cmp(&j), "{a} {b}");
            }
        }
        let same =
            |a: &str, b: &str| version(a.as_bytes()).unwrap().compare(version(b.as_bytes()).unwrap()).is_eq();
        assert!(same("v1.2", "1.2.0") && same("1.2.3+a", "1.2.3+b") && same("1.02", "1.2"));
    }

    #[test]
    fn told_from_other_texts() {
        let sure = |text: &str| version(text.as_bytes()).map(|v| v.is_sure);
        for text in ["v1.2", "1.2.3", "1.2.3-rc1", "10.0.0.7", "V2.0-b.1+x"] {
            assert_eq!(sure(text), Some(true), "{text}");
        }
        assert_eq!(sure("1.2"), Some(false));
        for text in [
            "", "v", "v1", "1", "1..2", "1.2.", ".1.2", "1.2.x", "1.2.3-", "1.2.3-é", "a1.2.3", "1.2.3+",
            "1.2.3 ",
        ] {
            assert_eq!(sure(text), None, "{text}");
        }
        assert!(version(&[b'1'; 100_000]).is_none());
    }
}
