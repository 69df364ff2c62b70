//! A line of the container runtime interface: `TIME STREAM TAG text`.

use std::borrow::Cow;

use gastrolog_follow::{Pairs, Piece, Rfc3339, Stream};

/// Decodes a line. Of the tags, which `:` separates, the first is `P` for a piece that the next line of its stream goes on
/// with, `F` for the last (or only) one.
pub(crate) fn decode<'a>(line: &'a [u8], times: &mut Rfc3339) -> Result<Piece<'a>, String> {
    let mut parts = line.splitn(4, |&byte| byte == b' ');
    let mut part = || parts.next().unwrap_or_default();
    let (time, stream, tags) = (part(), part(), part());
    let source = times.read(time).ok_or("it does not begin with a time")?;
    let stream = Stream::of_name(stream).ok_or("after its time stands neither stdout nor stderr")?;
    let goes_on = match tags.split(|&byte| byte == b':').next() {
        Some(b"P") => true,
        Some(b"F") => false,
        _ => return Err("after its stream stands neither P nor F".into()),
    };
    // Without the blank after the tag it is the empty text.
    let text = Cow::Borrowed(part());
    Ok(Piece { stream, text, goes_on, source: Some(source), attributes: Pairs::new() })
}

#[cfg(test)]
mod tests {
    use gastrolog_types::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_runtimes() {
        let times = &mut Rfc3339::default();
        let piece = decode(b"2026-11-21T09:14:20.123456789Z stdout F a  b ", times).unwrap();
        assert_eq!(
            (piece.text.as_ref(), piece.stream, piece.goes_on),
            (&b"a  b "[..], Stream::Stdout, false)
        );
        assert_eq!(piece.source, Some(Timestamp(1_795_252_460_123_456_789)));
        // CRI-O writes local time.
        let piece = decode(b"2026-11-21T11:14:20.123456789+02:00 stderr P ", times).unwrap();
        assert_eq!((piece.text.as_ref(), piece.stream, piece.goes_on), (&b""[..], Stream::Stderr, true));
        assert_eq!(piece.source, Some(Timestamp(1_795_252_460_123_456_789)));
        assert!(decode(b"2026-11-21T09:14:20Z stdout P:more x", times).unwrap().goes_on);
        assert_eq!(decode(b"2026-11-21T09:14:20Z stdout F", times).unwrap().text.as_ref(), b"");
    }

    #[test]
    fn what_is_not_of_a_runtime_says_why() {
        for (line, why) in [
            ("", "time"),
            ("hello stdout F x", "time"),
            ("1795252460 stdout F x", "time"),
            ("2026-11-21T09:14:20Z", "neither stdout nor stderr"),
            ("2026-11-21T09:14:20Z stdin F x", "neither stdout nor stderr"),
            ("2026-11-21T09:14:20Z stdout x", "neither P nor F"),
            ("2026-11-21T09:14:20Z stdout  F x", "neither P nor F"),
            ("{\"log\":\"a\\n\"}", "time"),
        ] {
            let said = decode(line.as_bytes(), &mut Rfc3339::default()).unwrap_err();
            assert!(said.contains(why), "{line}: {said}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_piece_or_a_reason(line in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&line, &mut Rfc3339::default());
        }

        #[test]
        fn any_text_comes_back(text in prop::collection::vec(any::<u8>(), 0..100), goes_on in any::<bool>()) {
            let tag = if goes_on { "P" } else { "F" };
            let mut line = format!("2026-11-21T09:14:20.123456789Z stderr {tag} ").into_bytes();
            line.extend_from_slice(&text);
            let piece = decode(&line, &mut Rfc3339::default()).unwrap();
            prop_assert_eq!((piece.text.as_ref(), piece.goes_on), (&text[..], goes_on));
        }
    }
}
