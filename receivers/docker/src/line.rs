//! A line of the json-file driver: `{"log":"…\n","stream":"stdout","attrs":{…},"time":"…"}`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gastrolog_follow::{Pairs, Piece, Rfc3339, Stream};
use serde::Deserialize;
use serde_json::Value;

use crate::metadata::{NAME_BYTES_MAX, PAIRS_MAX, cut};

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow, default)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(default)]
    attrs: Option<BTreeMap<String, Value>>,
}

/// Decodes a line. The driver writes what a program wrote without LF at its end (lines over 16 KiB, in pieces), and the
/// LF of the last piece.
pub(crate) fn decode<'a>(line: &'a [u8], times: &mut Rfc3339) -> Result<Piece<'a>, String> {
    let line: Line<'a> =
        serde_json::from_slice(line).map_err(|e| format!("not of the json-file driver: {e}"))?;
    let stream = match line.stream.as_ref() {
        "" => Stream::Only,
        name => Stream::of_name(name.as_bytes()).ok_or_else(|| format!("no stream {name:?} is known"))?,
    };
    let source = times.read(line.time.as_bytes()).ok_or_else(|| format!("{:?} is no time", line.time))?;
    let goes_on = !line.log.ends_with('\n');
    Ok(Piece {
        stream,
        text: without_lf(line.log),
        goes_on,
        source: Some(source),
        attributes: attributes(line.attrs),
    })
}

fn without_lf(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text).as_bytes()),
        Cow::Owned(mut text) => {
            if text.ends_with('\n') {
                text.pop();
            }
            Cow::Owned(text.into_bytes())
        }
    }
}

/// What `--log-opt labels=…`, `env=…` and `tag=…` have added.
fn attributes(attrs: Option<BTreeMap<String, Value>>) -> Pairs {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let attrs = attrs.into_iter().flatten();
    let attrs = attrs.filter(|(name, _)| name.len() <= NAME_BYTES_MAX).take(PAIRS_MAX);
    attrs.map(|(name, value)| (format!("attrs.{name}"), cut(&text(value)))).collect()
}

#[cfg(test)]
mod tests {
    use gastrolog_types::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn of(line: &str) -> Result<Piece<'_>, String> {
        decode(line.as_bytes(), &mut Rfc3339::default())
    }

    #[test]
    fn lines_of_the_driver() {
        let piece = of(
            r#"{"log":"a \"b\" \u003c\u00e9\n","stream":"stderr","time":"2026-11-21T09:14:20.123456789Z"}"#,
        )
        .unwrap();
        assert_eq!(piece.text.as_ref(), "a \"b\" <é".as_bytes());
        assert_eq!((piece.stream, piece.goes_on), (Stream::Stderr, false));
        assert_eq!(piece.source, Some(Timestamp(1_795_252_460_123_456_789)));
        let piece = of(
            r#"{"log":"\r\n","stream":"stdout","attrs":{"tag":"web","n":1},"time":"2026-11-21T09:14:20Z"}"#,
        )
        .unwrap();
        assert_eq!((piece.text.as_ref(), piece.stream), (&b"\r"[..], Stream::Stdout));
        let pairs = [("attrs.n".to_owned(), b"1".to_vec()), ("attrs.tag".to_owned(), b"web".to_vec())];
        assert_eq!(piece.attributes, pairs);
        assert!(
            of(r#"{"log":"half of a line","stream":"stdout","time":"2026-11-21T09:14:20Z"}"#)
                .unwrap()
                .goes_on
        );
        let long = "n".repeat(NAME_BYTES_MAX + 1);
        let line = format!(r#"{{"log":"a\n","attrs":{{"{long}":1}},"time":"2026-11-21T09:14:20Z"}}"#);
        assert_eq!(of(&line).unwrap().attributes, Pairs::new());
        assert_eq!(of(r#"{"log":"","time":"2026-11-21T09:14:20Z"}"#).unwrap().stream, Stream::Only);
    }

    #[test]
    fn what_is_not_of_the_driver_says_why() {
        for (line, why) in [
            ("", "not of the json-file driver"),
            ("plain", "not of the json-file driver"),
            (r#"{"stream":"stdout"}"#, "missing field `log`"),
            (r#"{"log":"a\n","time":""} and more"#, "trailing characters"),
            (r#"{"log":"a\n","stream":"stdout"}"#, "missing field `time`"),
            (r#"{"log":"a\n","stream":"stdlog","time":""}"#, "no stream \"stdlog\""),
            (r#"{"log":"a\n","time":"yesterday"}"#, "\"yesterday\" is no time"),
            (r#"{"log":1}"#, "invalid type"),
        ] {
            let said = of(line).unwrap_err();
            assert!(said.contains(why), "{line}: {said}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_piece_or_a_reason(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&line, &mut Rfc3339::default());
        }

        #[test]
        fn a_damaged_line_gives_a_piece_or_a_reason(at in 0..80usize, byte in any::<u8>()) {
            let line = br#"{"log":"a \"b\" \u003c\u00e9\n","stream":"stderr","time":"2026-11-21T09:14:20.1Z"}"#;
            let mut line = line.to_vec();
            line[at] = byte;
            let _ = decode(&line, &mut Rfc3339::default());
        }

        #[test]
        fn any_text_comes_back(text in "\\PC*[\n\t\"\\\\\u{1f600}]*\\PC*", ends in any::<bool>()) {
            prop_assume!(!text.ends_with('\n'));
            let log = if ends { format!("{text}\n") } else { text.clone() };
            let line = serde_json::json!({ "log": log, "stream": "stdout", "time": "2026-11-21T09:14:20Z" });
            let line = line.to_string();
            let piece = of(&line).unwrap();
            prop_assert_eq!((piece.text.as_ref(), piece.goes_on), (text.as_bytes(), !ends));
        }
    }
}
