//! `json_get`: a value out of a text that is JSON.

use std::collections::BTreeMap;

use gastrolog_types::Value;
use serde_json::value::RawValue;

use super::capped::capped;
use crate::parse_number;

/// What a path goes through: `a.b[0]` is a key, a key, and an index.
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The value at `path`; none where there is none. An empty path is the whole text.
pub(super) fn get(text: &[u8], path: &str) -> Option<Value> {
    let mut at: &RawValue = serde_json::from_slice(text).ok()?;
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        at = match step {
            Step::Key(key) => {
                serde_json::from_str::<BTreeMap<String, &RawValue>>(at.get()).ok()?.remove(key)?
            }
            Step::Index(i) => serde_json::from_str::<Vec<&RawValue>>(at.get()).ok()?.get(i).copied()?,
        };
        rest = after;
    }
    Some(logical(at.get()))
}

fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(index) = path.strip_prefix('[') {
        let (index, rest) = index.split_once(']')?;
        return Some((Step::Index(index.parse().ok()?), rest));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let (key, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
    (!key.is_empty()).then_some((Step::Key(key), rest))
}

/// A string without its escapes, a number as such if it is one to us, anything else as it stands.
fn logical(json: &str) -> Value {
    if json == "null" {
        return Value::Null;
    }
    if let Some(known) = parse_number(json.as_bytes()) {
        return known.to_value();
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) => capped(text.into_bytes()),
        Err(_) => capped(json.as_bytes().to_vec()),
    }
}
