//! Which parts of a free text vary. A pure function of the text: numbers, ids, addresses, paths and quoted text do,
//! words do not.

use std::ops::Range;

use gastrolog_types::words::is_word_byte;

/// What stands for a part that varies and has no name.
const PLACEHOLDER: &[u8] = b"<*>";

/// A quoted text longer than this is not taken as one: the quotes are hardly a pair.
const QUOTED_BYTES_MAX: usize = 200;

/// A word of hexadecimal letters alone is a number from this length on; shorter ones are words (`added`, `facade`).
const HEX_LETTERS_MIN: usize = 8;

/// Endings by which a name with dots is that of a host.
const HOST_ENDINGS: [&[u8]; 10] =
    [b"com", b"net", b"org", b"edu", b"gov", b"info", b"local", b"internal", b"lan", b"arpa"];

/// Appends `text` to `out` with a placeholder for each part that varies; `slot` gets the range of each.
pub(super) fn mask(text: &[u8], out: &mut Vec<u8>, slot: &mut dyn FnMut(Range<usize>)) {
    let mut at = 0;
    while let Some(&b) = text.get(at) {
        if !is_delimiter(b) {
            at = list(text, at, out, slot);
        } else if let Some(inside) = quoted(text, at) {
            out.push(b);
            out.extend_from_slice(PLACEHOLDER);
            out.push(b);
            at = inside.end + 1;
            slot(inside);
        } else {
            out.push(b);
            at += 1;
        }
    }
}

/// Whether `b` ends a token.
#[inline]
fn is_delimiter(b: u8) -> bool {
    b <= b' '
        || matches!(
            b,
            b'"' | b'\'' | b'=' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b',' | b';' | b'|' | b'`'
        )
}

fn token_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    at + rest.iter().position(|&b| is_delimiter(b)).unwrap_or(rest.len())
}

/// Appends the token at `at`. Values with nothing but a comma between them are one (`1,234,567`; a list of any
/// length).
fn list(text: &[u8], at: usize, out: &mut Vec<u8>, slot: &mut dyn FnMut(Range<usize>)) -> usize {
    let mut end = token_end(text, at);
    let token = cut(text, at..end);
    out.extend_from_slice(text.get(at..token.start).unwrap_or(&[]));
    if token.is_empty() {
        return end;
    }
    let mut value = token;
    while value.end == end && text.get(end) == Some(&b',') {
        let next_end = token_end(text, end + 1);
        let next = cut(text, end + 1..next_end);
        if next.is_empty() || next.start != end + 1 {
            break;
        }
        (value.end, end) = (next.end, next_end);
    }
    out.extend_from_slice(PLACEHOLDER);
    out.extend_from_slice(text.get(value.end..end).unwrap_or(&[]));
    slot(value);
    end
}

/// The part of a token that varies: what lies before it and behind it stays. Empty, at the end, when nothing does.
fn cut(text: &[u8], token: Range<usize>) -> Range<usize> {
    let mut start = token.start;
    let trimmed = |start: usize| {
        let bytes = text.get(start..token.end).unwrap_or(&[]);
        let behind = bytes.iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!' | b'?' | b'*')).count();
        start..token.end - behind
    };
    let mut core = trimmed(start);
    // `product:254944` is a name and its value.
    while let Some(colon) = named(text.get(core.clone()).unwrap_or(&[])) {
        start = core.start + colon + 1;
        core = trimmed(start);
    }
    if varies(text.get(core.clone()).unwrap_or(&[])) { core } else { token.end..token.end }
}

/// The place of the colon between a name without digits and what belongs to it.
fn named(core: &[u8]) -> Option<usize> {
    let colon = core.iter().position(|&b| b == b':' || b.is_ascii_digit())?;
    let name = core.get(..colon).unwrap_or(&[]);
    let rest = core.get(colon + 1..).unwrap_or(&[]);
    let is_name = core.get(colon) == Some(&b':')
        && !rest.is_empty()
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && !matches!(rest.first(), Some(b'/' | b'\\'));
    (is_name && !is_ipv6(core)).then_some(colon)
}

fn is_ipv6(core: &[u8]) -> bool {
    let colons = core.iter().filter(|&&b| b == b':').count();
    colons >= 2 && core.iter().all(|&b| b == b':' || b == b'.' || b.is_ascii_hexdigit())
}

/// Whether a token without delimiters is a value.
fn varies(core: &[u8]) -> bool {
    if core.iter().any(u8::is_ascii_digit) {
        return true;
    }
    is_hex(core) || is_path(core) || is_address(core) || is_ipv6(core)
}

fn is_hex(core: &[u8]) -> bool {
    core.len() >= HEX_LETTERS_MIN && core.iter().all(u8::is_ascii_hexdigit)
}

fn is_path(core: &[u8]) -> bool {
    let tail = match core {
        [b'/', rest @ ..] | [b'~', b'/', rest @ ..] | [b'.', b'/', rest @ ..] => rest,
        [drive, b':', b'\\', rest @ ..] if drive.is_ascii_alphabetic() => rest,
        _ => return false,
    };
    tail.first().is_some_and(|&b| is_word_byte(b) || b == b'.')
}

/// URLs, mail addresses, names of hosts.
fn is_address(core: &[u8]) -> bool {
    let Some(mark) = core.iter().position(|&b| matches!(b, b':' | b'@' | b'.')) else { return false };
    let (before, rest) = core.split_at(mark);
    let is_name = before.first().is_some_and(|&b| is_word_byte(b));
    match rest {
        [b':', b'/', b'/', ..] => is_name,
        [b'@', first, ..] => is_name && is_word_byte(*first),
        [b'.', ..] => {
            let mail = rest.windows(2).any(|w| matches!(w, [b'@', b] if is_word_byte(*b)));
            let ending = rest.rsplit(|&b| b == b'.').next().unwrap_or(&[]);
            is_name && (mail || HOST_ENDINGS.iter().any(|e| e.eq_ignore_ascii_case(ending)))
        }
        _ => false,
    }
}

/// What stands between the quote at `at` and the one that closes it. `"key":` is the name of a value and stays.
fn quoted(text: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = *text.get(at).filter(|&&b| matches!(b, b'"' | b'\''))?;
    let before = at.checked_sub(1).and_then(|i| text.get(i));
    if before.is_some_and(|&b| is_word_byte(b)) {
        return None;
    }
    let window = text.get(at + 1..text.len().min(at + 2 + QUOTED_BYTES_MAX))?;
    let end = at + 1 + memchr::memchr(quote, window)?;
    let after = text.get(end + 1);
    let closes = end > at + 1 && after.is_none_or(|&b| !is_word_byte(b) && b != b':');
    closes.then_some(at + 1..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let (mut out, mut slots) = (Vec::new(), Vec::new());
        mask(text.as_bytes(), &mut out, &mut |r| slots.push(r));
        let got = String::from_utf8(out).unwrap();
        assert_eq!(got, expect, "{text}");
        let mut back = Vec::new();
        let mut values = slots.into_iter();
        for (i, literal) in got.split("<*>").enumerate() {
            if i > 0 {
                back.extend_from_slice(&text.as_bytes()[values.next().unwrap()]);
            }
            back.extend_from_slice(literal.as_bytes());
        }
        assert_eq!(String::from_utf8(back).unwrap(), text);
    }

    #[test]
    fn values_vary_and_words_stay() {
        check("took 15ms, retry 3 of 5.", "took <*>, retry <*> of <*>.");
        check("connection refused", "connection refused");
        check("", "");
        check("a=1 b=word c=[2] (0x1f)", "a=<*> b=word c=[<*>] (<*>)");
        check("block blk_-69522 gone", "block <*> gone");
        check("id 550e8400-e29b-41d4-a716-446655440000", "id <*>");
        check("deadbeef added facade", "<*> added facade");
        check("from 10.0.0.7:45307 to [fe80::1]", "from <*> to [<*>]");
        check("dead:beef::cafe", "<*>");
        check("1,234,567 rows; 1, 2", "<*> rows; <*>, <*>");
        check("key=product:254944, loading", "key=product:<*>, loading");
        check("at x:y:12", "at x:y:<*>");
        check("a-1,b", "<*>,b");
    }

    #[test]
    fn paths_addresses_and_quoted_text() {
        check("open /etc/passwd: denied", "open <*>: denied");
        check("and/or I/O / x", "and/or I/O / x");
        check(r"in C:\Windows\System", "in <*>");
        check("get http://example/path.", "get <*>.");
        check("mail to a.b@example.com, x@y", "mail to <*>, <*>");
        check("host web.example.com org.apache.Foo", "host <*> org.apache.Foo");
        check("user \"bob smith\" can't 'x y' \"", "user \"<*>\" can't '<*>' \"");
        check("{\"a\": \"b\", \"c\": 1}", "{\"a\": \"<*>\", \"c\": <*>}");
        check("it's bob's", "it's bob's");
    }
}
