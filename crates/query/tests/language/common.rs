//! What the tests of the query language share.

use std::sync::LazyLock;

use gastrolog_query::{ParseContext, Query, RecordView, parse};
use gastrolog_types::Timestamp;

/// 2026-03-04T10:20:30Z, seen from a place two hours ahead of UTC.
pub(crate) static CONTEXT: LazyLock<ParseContext> =
    LazyLock::new(|| ParseContext::with_offset(Timestamp(1_772_619_630_000_000_000), 7_200));

/// Parses what must parse.
pub(crate) fn query(text: &str) -> Query {
    parse(text, &CONTEXT).unwrap_or_else(|e| panic!("{text}\n{}", e.render(text)))
}

/// A record of a text and fields.
pub(crate) struct TestRecord<'a>(pub(crate) &'a str, pub(crate) &'a [(&'a str, &'a str)]);

impl RecordView for TestRecord<'_> {
    fn text(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn any_field(&self, visit: &mut dyn FnMut(&str, &[u8]) -> bool) -> bool {
        self.1.iter().any(|(name, value)| visit(name, value.as_bytes()))
    }
}
