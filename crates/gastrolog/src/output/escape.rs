//! Text of logs, made safe for a terminal: what would steer it is shown instead of obeyed.

use std::fmt::Write;

/// `text` with control characters, direction overrides and bytes that are not UTF-8 written out as escapes. Tabs
/// stay.
pub(crate) fn escaped(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(&mut out, c);
        }
        for b in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out
}

/// As [`escaped`], of a text of several lines.
pub(crate) fn escaped_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| escaped(line.as_bytes())).collect();
    lines.join("\n")
}

fn push(out: &mut String, c: char) {
    match c {
        '\t' => out.push(c),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if u32::from(c) < 0x80 && c.is_control() => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        c if c.is_control() || is_direction_override(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Characters that make text read in another order than it stands.
pub(super) fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_what_would_steer() {
        assert_eq!(escaped(b"a\x1b[31m\tb\r\n\x00\xff\xc3\xa9"), "a\\x1b[31m\tb\\r\\n\\x00\\xffé");
        assert_eq!(escaped("\u{9b}x\u{202e}".as_bytes()), "\\u{9b}x\\u{202e}");
    }

    proptest! {
        #[test]
        fn nothing_steers_a_terminal(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let safe = escaped(&text);
            prop_assert!(safe.chars().all(|c| c == '\t' || !c.is_control()));
        }
    }
}
