//! Which parts of a free text vary. A pure function of the text: numbers, ids, addresses, paths and quoted text do,
//! words do not.

use std::ops::Range;

use gastrolog_types::TimeLayout;
use gastrolog_types::words::is_word_byte;

use super::cues::Cues;
use super::path::{is_path_alone, mask_path};

/// What stands for a part that varies and has no name.
pub(super) const PLACEHOLDER: &[u8] = b"<*>";

/// A quoted text longer than this is not taken as one: the quotes are hardly a pair.
const QUOTED_BYTES_MAX: usize = 200;

/// A word of hexadecimal letters alone is a number from this length on; shorter ones are words (`added`, `facade`).
const HEX_LETTERS_MIN: usize = 8;

/// Names before a value that are looked for (`a:b:12` has two). Bounds the work on a token.
const NAMES_MAX: usize = 4;

/// Endings by which a name with dots is that of a host.
const HOST_ENDINGS: [&[u8]; 10] =
    [b"com", b"net", b"org", b"edu", b"gov", b"info", b"local", b"internal", b"lan", b"arpa"];

/// Days and months as they begin a time that is written out.
const TIME_WORDS: [&[u8]; 19] = [
    b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun", b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun",
    b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A token with so many digits varies even where names stand.
const LITERAL_DIGITS_MIN: usize = 4;

/// Appends `text` to `out` with a placeholder for each part that varies; `slot` gets the range of each. White space
/// before a placeholder is one space, for it is mostly padding.
pub(super) fn mask(text: &[u8], out: &mut Vec<u8>, slot: &mut dyn FnMut(Range<usize>)) {
    if is_path_alone(text) {
        return mask_path(text, out, slot);
    }
    let mut cues = Cues::default();
    let mut at = 0;
    while let Some(&b) = text.get(at) {
        if !is_delimiter(b) {
            at = token(text, at, &mut cues, out, slot);
        } else if let Some(inside) = quoted(text, at) {
            out.push(b);
            out.extend_from_slice(PLACEHOLDER);
            out.push(b);
            at = inside.end + 1;
            slot(inside);
            cues.clear();
        } else if text.get(at..at + 2) == Some(b"()") && out.last() == Some(&b' ') {
            // A value that is lacking: `connection from 10.0.0.7 () at …`.
            out.push(b'(');
            put(at + 1..at + 1, out, slot);
            out.push(b')');
            at += 2;
            cues.clear();
        } else {
            out.push(b);
            at += 1;
            if b != b' ' {
                cues.clear();
            }
        }
    }
}

/// Appends what stands between values that have names. It varies only where names themselves are numbers.
pub(super) fn mask_literal(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        let end = token_end(text, at);
        let token = text.get(at..end).unwrap_or(&[]);
        let kept = token.iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!' | b'?')).count();
        if is_numbered(token) {
            out.extend_from_slice(PLACEHOLDER);
            out.extend_from_slice(token.get(token.len() - kept..).unwrap_or(&[]));
        } else {
            out.extend_from_slice(token);
        }
        out.extend(text.get(end));
        at = end + 1;
    }
}

/// Whether a name has so many digits that it hardly is one.
pub(super) fn is_numbered(name: &[u8]) -> bool {
    name.iter().filter(|b| b.is_ascii_digit()).count() >= LITERAL_DIGITS_MIN
}

fn put(value: Range<usize>, out: &mut Vec<u8>, slot: &mut dyn FnMut(Range<usize>)) {
    while let [.., b' ', b' '] = out.as_slice() {
        out.pop();
    }
    out.extend_from_slice(PLACEHOLDER);
    slot(value);
}

/// Whether `b` ends a token.
#[inline]
fn is_delimiter(b: u8) -> bool {
    b <= b' '
        || matches!(
            b,
            b'"' | b'\''
                | b'='
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'<'
                | b'>'
                | b','
                | b';'
                | b'|'
                | b'`'
        )
}

fn token_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    at + rest.iter().position(|&b| is_delimiter(b)).unwrap_or(rest.len())
}

/// Appends the token at `at`. Values with nothing but a comma between them are one (`1,234,567`; a list of any
/// length), and so are the words of a time.
fn token(
    text: &[u8],
    at: usize,
    cues: &mut Cues,
    out: &mut Vec<u8>,
    slot: &mut dyn FnMut(Range<usize>),
) -> usize {
    let mut end = token_end(text, at);
    let bytes = text.get(at..end).unwrap_or(&[]);
    let mut value = cut(text, at..end);
    if let Some(len) = written_time(text, at, bytes) {
        value = at..at + len;
        end = at + len;
    } else if value.is_empty() && cues.announce(bytes, text.get(end..).unwrap_or(&[])) {
        value = at..end - punctuation_behind(bytes);
    }
    if value.is_empty() {
        out.extend_from_slice(bytes);
        cues.push(bytes);
        return end;
    }
    cues.clear();
    out.extend_from_slice(text.get(at..value.start).unwrap_or(&[]));
    while value.end == end && text.get(end) == Some(&b',') {
        let next_end = token_end(text, end + 1);
        let next = cut(text, end + 1..next_end);
        if next.is_empty() || next.start != end + 1 {
            break;
        }
        (value.end, end) = (next.end, next_end);
    }
    let behind = text.get(value.end..end).unwrap_or(&[]);
    put(value, out, slot);
    out.extend_from_slice(behind);
    end
}

/// The length of the time that begins with the token at `at`, if that is a day or month: `Fri Jul  7 12:00:00 2005`.
fn written_time(text: &[u8], at: usize, token: &[u8]) -> Option<usize> {
    if token.len() != 3 || !TIME_WORDS.contains(&token) {
        return None;
    }
    let (_, len) = TimeLayout::detect(text.get(at..)?)?;
    text.get(at + len).is_none_or(|&b| !is_word_byte(b)).then_some(len)
}

/// The part of a token that varies: what lies before it and behind it stays. Empty, at the end, when nothing does.
fn cut(text: &[u8], token: Range<usize>) -> Range<usize> {
    let mut start = token.start;
    let trimmed = |start: usize| {
        let bytes = text.get(start..token.end).unwrap_or(&[]);
        start..token.end - punctuation_behind(bytes)
    };
    let mut core = trimmed(start);
    // `product:254944` is a name and its value.
    for _ in 0..NAMES_MAX {
        let Some(colon) = named(text.get(core.clone()).unwrap_or(&[])) else { break };
        start = core.start + colon + 1;
        core = trimmed(start);
    }
    if varies(text.get(core.clone()).unwrap_or(&[])) { core } else { token.end..token.end }
}

/// Bytes at the end of a token that end a sentence and are no part of a value.
fn punctuation_behind(token: &[u8]) -> usize {
    token.iter().rev().take_while(|b| matches!(b, b'.' | b':' | b'!' | b'?' | b'*')).count()
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
pub(super) fn varies(core: &[u8]) -> bool {
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
        check("for user alice by x", "for user <*> by x");
        check("Session 7 of user mara.", "Session <*> of user <*>.");
        check("password for root from 1.2.3.4", "password for <*> from <*>");
        check("password for invalid user bob from h", "password for invalid user <*> from h");
        check("user not found; waiting for user input", "user not found; waiting for user <*>");
        check("at Sun Jul 17 12:00:00 2005", "at <*>");
    }

    #[test]
    fn padding_is_one_space() {
        let mut out = Vec::new();
        mask(b"a   7  b  Sun Dec  4 04:47:44 2005", &mut out, &mut |_| {});
        assert_eq!(out, b"a <*>  b <*>");
    }

    #[test]
    fn names_stay_unless_they_are_numbers() {
        let mut out = Vec::new();
        mask_literal(b"{\"p99\":<a>, attempt_2017_06: x http2 20170609", &mut out);
        assert_eq!(out, b"{\"p99\":<a>, <*>: x http2 <*>");
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
        check("from web () at init()", "from web (<*>) at init()");
    }
}
