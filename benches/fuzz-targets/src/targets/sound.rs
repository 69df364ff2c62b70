//! What holds for the records of every receiver, whatever came.

use gastrolog_types::Batch;
use serde::de::IgnoredAny;

/// Records lie in the text and have attributes.
pub(super) fn check(batch: &Batch) {
    for (i, record) in batch.records.iter().enumerate() {
        assert!(record.start <= record.end && record.end as usize <= batch.text.len());
        assert!((record.attributes as usize) < batch.attributes.len());
        batch.text_of(i);
    }
}

/// As [`check`], and each record that is not said to be malformed is one line of JSON; texts in it keep bytes that are
/// not UTF-8.
pub(super) fn check_json_lines(batch: &Batch) {
    check(batch);
    for (i, record) in batch.records.iter().enumerate() {
        let attributes = batch.attributes.get(record.attributes as usize);
        if attributes.is_some_and(|set| set.iter().any(|(name, _)| name == "parse_error")) {
            continue;
        }
        let line = batch.text_of(i);
        let text = String::from_utf8_lossy(line);
        assert!(is_json(text.as_bytes()), "not one line of JSON: {text}");
    }
}

/// Whether it is one line of JSON.
pub(super) fn is_json(line: &[u8]) -> bool {
    let text = std::str::from_utf8(line);
    text.is_ok_and(|t| !t.contains('\n') && serde_json::from_str::<IgnoredAny>(t).is_ok())
}
