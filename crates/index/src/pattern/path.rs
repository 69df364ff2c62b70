//! Texts that are one path, as requests have them: its steps stay, but for those that are values.

use std::ops::Range;

use super::mask::{PLACEHOLDER, varies};

/// Digits of a version in a path (`/api/v1/`).
const VERSION_DIGITS_MAX: usize = 2;

/// Whether `text` is a path and nothing else.
pub(super) fn is_path_alone(text: &[u8]) -> bool {
    matches!(text, [b'/', next, ..] if !next.is_ascii_whitespace())
        && !text.iter().any(|b| b.is_ascii_whitespace() || *b == b'"')
}

/// Appends a path with a placeholder for each step and each value of its query that varies.
pub(super) fn mask_path(text: &[u8], out: &mut Vec<u8>, slot: &mut dyn FnMut(Range<usize>)) {
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or(&[]);
        let len = rest.iter().position(|b| b"/?&=;,#".contains(b)).unwrap_or(rest.len());
        let step = rest.get(..len).unwrap_or(&[]);
        if varies(step) && !is_version(step) {
            out.extend_from_slice(PLACEHOLDER);
            slot(at..at + len);
        } else {
            out.extend_from_slice(step);
        }
        out.extend(rest.get(len));
        at += len + 1;
    }
}

fn is_version(step: &[u8]) -> bool {
    matches!(step, [b'v' | b'V', digits @ ..] if digits.len() <= VERSION_DIGITS_MAX && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_unless_they_are_values() {
        let check = |text: &str, expect: &str| {
            assert!(is_path_alone(text.as_bytes()));
            let mut out = Vec::new();
            mask_path(text.as_bytes(), &mut out, &mut |_| {});
            assert_eq!(String::from_utf8(out).unwrap(), expect);
        };
        check("/api/v1/search/76429", "/api/v1/search/<*>");
        check("/static/app.js", "/static/app.js");
        check("/cart/8817?id=5&sort=asc#top", "/cart/<*>?id=<*>&sort=asc#top");
        check("/user/bob@example.com/", "/user/<*>/");
        assert!(!is_path_alone(b"/etc/passwd denied") && !is_path_alone(b"/") && !is_path_alone(b"x/y"));
    }
}
