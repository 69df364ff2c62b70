//! Properties: nothing panics, ranges are in order, and the fields are those that serde_json sees.

use gastrolog_index::{Escape, Name, unescape};
use proptest::prelude::*;
use serde_json::Value;

use crate::index;

/// Bytes that look like JSON more often than random ones do.
fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b",",
        b":",
        b"\"a\":",
        b"{\"k\":1}",
        b"true",
        b"-1.5",
        b" ",
        b"\xff",
    ];
    let piece = prop::sample::select(pieces.to_vec());
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        "\\PC{0,12}|[\"\\\\\n\t/{}\\[\\],:]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map("[a-z.\"\\\\é]{0,4}", inner, 0..8)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn leaves(value: &Value, path: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(value, &format!("{path}{dot}{key}"), out);
            }
        }
        Value::Array(elements) => {
            for value in elements {
                leaves(value, &format!("{path}[]"), out);
            }
        }
        Value::String(s) => out.push((path.to_owned(), s.clone())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}

fn found(record: &[u8]) -> Option<Vec<(String, String)>> {
    let out = index(record)?;
    let field = |s: &gastrolog_index::Span| {
        let value = unescape(&record[s.start as usize..s.end as usize], s.escape);
        (out.path(s.name, record), String::from_utf8_lossy(&value).into_owned())
    };
    Some(out.spans().iter().map(field).collect())
}

/// Ranges follow one another, lie in the record, and keys lie outside of them all.
fn assert_in_order(record: &[u8]) -> Result<(), TestCaseError> {
    let Some(out) = index(record) else { return Ok(()) };
    let mut end = 0;
    for span in out.spans() {
        prop_assert!(end <= span.start && span.start <= span.end && span.end as usize <= record.len());
        prop_assert!(span.name != Name::TEXT || span.escape == Escape::None);
        end = span.end;
    }
    for (_, part) in out.names() {
        if let gastrolog_index::NamePart::Key { start, end, .. } = part {
            prop_assert!(out.spans().iter().all(|s| *end <= s.start || s.end <= *start));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_bytes(record in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_in_order(&record)?;
    }

    #[test]
    fn bytes_like_json(record in json_like()) {
        assert_in_order(&record)?;
    }

    #[test]
    fn valid_json_is_claimed_and_damage_is_harmless(
        value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut record = serde_json::to_vec(&value).unwrap();
        assert_in_order(&record)?;
        let at = at.index(record.len());
        record[at] = byte;
        assert_in_order(&record)?;
        assert_in_order(&record[..at])?;
    }

    #[test]
    fn fields_are_those_of_serde(value in json(), pretty in any::<bool>()) {
        prop_assume!(value.is_object() || value.is_array());
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
        let mut want = Vec::new();
        leaves(&value, "", &mut want);
        prop_assert_eq!(found(&text.unwrap()), Some(want));
    }
}
