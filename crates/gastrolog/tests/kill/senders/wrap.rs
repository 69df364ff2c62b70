//! Lines as values of JSON: how protocols whose records are objects carry them, and how they are found again.

use std::borrow::Cow;

/// `line` as a text of JSON.
pub(crate) fn text(line: &[u8]) -> String {
    serde_json::Value::from(String::from_utf8_lossy(line)).to_string()
}

/// The value of `name`, with which the record must begin; any other record as it stands.
pub(crate) fn line<'a>(name: &str, record: &'a [u8]) -> Cow<'a, [u8]> {
    let begins = record.strip_prefix(b"{\"").and_then(|rest| rest.strip_prefix(name.as_bytes()));
    if !begins.is_some_and(|rest| rest.starts_with(b"\":\"")) {
        return Cow::Borrowed(record);
    }
    let object: serde_json::Value = serde_json::from_slice(record).unwrap();
    Cow::Owned(object[name].as_str().unwrap().as_bytes().to_vec())
}
