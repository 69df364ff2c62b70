//! Small scanners that several indexers share: the end of a quoted string, and keys that suggest a time.

/// Whether a field called `key` usually holds the time of its record.
///
/// Only a hint ([`crate::TimeRole::Named`]): whoever reads the value decides whether it is a time at all.
#[inline]
pub fn is_time_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"t" | b"ts"
            | b"time"
            | b"Time"
            | b"_time"
            | b"@time"
            | b"datetime"
            | b"date_time"
            | b"eventTime"
            | b"timestamp"
            | b"Timestamp"
            | b"@timestamp"
            | b"TimeCreated"
    )
}

/// The position of the `quote` that ends the string whose first byte is at `at` (after the opening quote). A
/// backslash takes the meaning from the byte after it. `None` if the string does not end in `text`.
#[inline]
pub fn end_of_quoted(text: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        at = find_either(text, at, quote, b'\\')?;
        if text.get(at) == Some(&quote) {
            return Some(at);
        }
        at += 2;
    }
}

/// Position of the first `a` or `b` from `at` on. Eight bytes a step: most strings of a log are too short for
/// the set-up of a vector search to pay.
#[inline]
pub fn find_either(text: &[u8], mut at: usize, a: u8, b: u8) -> Option<usize> {
    let (all_a, all_b) = (LOW_BITS * u64::from(a), LOW_BITS * u64::from(b));
    let mut rest = text.get(at..)?;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let bytes = u64::from_le_bytes(*chunk);
        let hits = zero_bytes(bytes ^ all_a) | zero_bytes(bytes ^ all_b);
        if hits != 0 {
            return Some(at + (hits.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = after;
    }
    rest.iter().position(|&c| c == a || c == b).map(|i| at + i)
}

/// Position of the first `byte` from `at` on, for what mostly ends after a few bytes: two steps of eight, and only then
/// the set-up of a vector search.
#[inline]
pub fn find_near(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let rest = text.get(at..)?;
    if let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        let all = LOW_BITS * u64::from(byte);
        let (eights, _) = chunk.as_chunks::<8>();
        for (i, eight) in eights.iter().enumerate() {
            let hits = zero_bytes(u64::from_le_bytes(*eight) ^ all);
            if hits != 0 {
                return Some(at + 8 * i + (hits.trailing_zeros() / 8) as usize);
            }
        }
        return memchr::memchr(byte, after).map(|i| at + 16 + i);
    }
    rest.iter().position(|&b| b == byte).map(|i| at + i)
}

/// The lowest bit of each of eight bytes.
const LOW_BITS: u64 = 0x0101_0101_0101_0101;

/// The high bit of each byte of `x` that is zero. Bits above the lowest one set may be false, which is why the
/// caller looks at the lowest alone.
#[inline]
fn zero_bytes(x: u64) -> u64 {
    x.wrapping_sub(LOW_BITS) & !x & (LOW_BITS << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_at_every_offset() {
        for lead in 0..20 {
            for inside in 0..20 {
                let mut text = vec![b'"'; lead];
                text.extend(vec![b'\x23'; inside]);
                let end = text.len();
                text.extend(br#"" ""#);
                assert_eq!(end_of_quoted(&text, lead, b'"'), Some(end));
            }
        }
    }

    #[test]
    fn what_is_near_and_what_is_far_is_found() {
        for lead in 0..40 {
            for bytes in 0..40 {
                let mut text = vec![b' '; lead];
                text.extend((0..bytes).map(|i| [0, 0x1f, 0x21, 0x7f, 0xa0, 0xff][i % 6]));
                assert_eq!(find_near(&text, lead, b' '), None);
                text.extend(b" x ");
                assert_eq!(find_near(&text, lead, b' '), Some(lead + bytes));
            }
        }
        assert_eq!(find_near(b"", 1, b' '), None);
    }

    #[test]
    fn a_backslash_hides_the_next_byte() {
        assert_eq!(end_of_quoted(br#"a\"b\\" c"#, 0, b'"'), Some(6));
        assert_eq!(end_of_quoted(br#"it\'s' "#, 0, b'\''), Some(5));
        assert_eq!(end_of_quoted(br#"a\"#, 0, b'"'), None);
        assert_eq!(end_of_quoted(br#"a\""#, 0, b'"'), None);
        assert_eq!(end_of_quoted(b"", 3, b'"'), None);
    }

    #[test]
    fn time_keys() {
        assert!(is_time_key(b"ts") && is_time_key(b"@timestamp") && is_time_key(b"eventTime"));
        assert!(!is_time_key(b"uptime") && !is_time_key(b"") && !is_time_key(b"TS"));
    }
}
