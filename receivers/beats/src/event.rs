//! What is looked at in the JSON of an event: whether it is JSON, and its `@timestamp`.

use std::borrow::Cow;
use std::fmt;

use gastrolog_types::Timestamp;
use gastrolog_types::find_time;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The time of the event, `NONE` where it does not say; or why it is not the JSON of an event.
pub(crate) fn read(text: &[u8], ingest: Timestamp) -> Result<Timestamp, String> {
    let Head(time) = serde_json::from_slice(text).map_err(|e| format!("not a JSON object: {e}"))?;
    let Some(raw) = time else { return Ok(Timestamp::NONE) };
    let said: Option<Cow<'_, str>> = serde_json::from_str(raw.get()).ok();
    let said = said.unwrap_or(Cow::Borrowed(raw.get()));
    Ok(find_time(said.as_bytes(), ingest).unwrap_or(Timestamp::NONE))
}

/// An object of which the first `@timestamp` is kept. All of it is read, so that broken JSON is seen.
struct Head<'a>(Option<&'a RawValue>);

impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadVisitor)
    }
}

struct HeadVisitor;

impl<'de> Visitor<'de> for HeadVisitor {
    type Value = Head<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head<'de>, A::Error> {
        let mut time = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name == "@timestamp" && time.is_none() {
                time = Some(map.next_value::<&'de RawValue>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Head(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: i64) {
        let want = if want < 0 { Timestamp::NONE } else { Timestamp(want) };
        assert_eq!(read(text.as_bytes(), Timestamp(0)), Ok(want), "{text}");
    }

    #[test]
    fn the_time_of_an_event() {
        check(r#"{"@timestamp":"2026-11-21T08:00:00.250Z","message":"a"}"#, 1_795_248_000_250_000_000);
        check(
            r#"{"message":{"@timestamp":1},"\u0040timestamp":"2026-11-21T08:00:00Z"}"#,
            1_795_248_000_000_000_000,
        );
        check(r#"{"@timestamp":1795248000250,"@timestamp":7}"#, 1_795_248_000_250_000_000);
        check(r#"{"@timestamp":"soon"}"#, -1);
        check(r#"{"@timestamp":null}"#, -1);
        check(r#"{"message":"no time"}"#, -1);
    }

    #[test]
    fn what_is_no_object_is_said() {
        for text in ["", "plain", "[1]", "{\"a\":1", "{\"a\":1}x", "\"@timestamp\""] {
            assert!(read(text.as_bytes(), Timestamp(0)).is_err(), "{text}");
        }
    }
}
