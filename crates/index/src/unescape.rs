//! From the bytes of a value to the value.

use std::borrow::Cow;

use crate::Escape;

/// The value that `raw` stands for. Borrowed where nothing is escaped. Malformed escapes are kept as they stand;
/// a lone surrogate becomes U+FFFD.
pub fn unescape(raw: &[u8], escape: Escape) -> Cow<'_, [u8]> {
    if escape == Escape::None || memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&b) = raw.get(at) {
        if b != b'\\' {
            out.push(b);
            at += 1;
            continue;
        }
        at += match escape {
            Escape::Json | Escape::Quoted => json_escape(&raw[at..], &mut out),
            Escape::StructuredData => sd_escape(&raw[at..], &mut out),
            Escape::None => 1,
        };
    }
    Cow::Owned(out)
}

/// Takes one escape off the front of `raw` (which starts with a backslash); returns the bytes it took.
fn json_escape(raw: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match raw.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(&c @ (b'"' | b'\\' | b'/' | b'\'')) => c,
        Some(b'u') => return unicode_escape(raw, out),
        _ => {
            out.push(b'\\');
            return 1;
        }
    };
    out.push(plain);
    2
}

fn unicode_escape(raw: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(first) = hex4(raw.get(2..6)) else {
        out.push(b'\\');
        return 1;
    };
    let second = if raw.get(6..8) == Some(b"\\u") { hex4(raw.get(8..12)) } else { None };
    let (unit, taken) = match second {
        Some(low) if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&low) => {
            (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        _ => (first, 6),
    };
    let c = char::from_u32(unit).unwrap_or('\u{fffd}');
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    taken
}

fn hex4(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0u32, |n, &b| Some(n << 4 | (b as char).to_digit(16)?))
}

fn sd_escape(raw: &[u8], out: &mut Vec<u8>) -> usize {
    match raw.get(1) {
        Some(&c @ (b'"' | b'\\' | b']')) => {
            out.push(c);
            2
        }
        _ => {
            out.push(b'\\');
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_structured_data() {
        let json = |s: &str| String::from_utf8(unescape(s.as_bytes(), Escape::Json).into_owned()).unwrap();
        assert_eq!(json(r"a\nb\u00e9\ud83d\ude00\/"), "a\nbé😀/");
        assert_eq!(json(r"\ud83d x \u12"), "\u{fffd} x \\u12");
        assert_eq!(&*unescape(br#"\]\n\\"#, Escape::StructuredData), br"]\n\");
    }
}
