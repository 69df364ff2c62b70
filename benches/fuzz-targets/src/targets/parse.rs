//! Queries: parsed, printed and parsed again.

use gastrolog_query::{ParseContext, Query, parse};
use gastrolog_types::Timestamp;

use super::past::NOW;
use super::tokens::text;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("query_parse", |data| drop(parsed(&text(data))), seeds)];

const QUERIES: [&str; 14] = [
    "status=500 method=POST",
    "level=error user.id=123 (timeout OR refused) NOT path=/health*",
    "\"connection refused\" host=web-* duration_ms>250 last=1h",
    "request.headers.content-type=application/json tags[]=production",
    "* | stats count(), p99(duration_ms) by service, bin(5m) | sort -count | head 10",
    "error | patterns",
    "/5[0-9]{2}|time.?out/ remote_addr=10.0.0.0/8",
    "k in (a, \"b c\", 10.0.0.1) bytes>=5KiB start=2026-11-10T10:00:00Z end=-1d",
    "* | eval x = if(status >= 500, \"bad\", lower(method)), y = bytes * 2 - 1 | where x != \"get\" | fields x, y",
    "level=error | join left on user.id (level=info | stats count() by user.id) | lookup t on level fields weight",
    "* | extract msg /user (?<u>[a-z]+)/ | top 3 u",
    "* | dedup user | sort -duration_ms, user | tail 2",
    "NOT (a b* *c \"d e\"*) | context 2",
    "* | timechart count() by level",
];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    QUERIES.iter().map(|q| q.as_bytes().to_vec()).collect()
}

/// The query that a text is. Printed and parsed again it is the same.
pub(crate) fn parsed(text: &str) -> Option<Query> {
    let context = ParseContext::utc(Timestamp(NOW));
    let query = match parse(text, &context) {
        Ok(query) => query,
        Err(error) => {
            let shown = error.render(text);
            assert!(!shown.is_empty());
            return None;
        }
    };
    let printed = query.to_string();
    match parse(&printed, &context) {
        Ok(again) => assert_eq!(again, query, "{printed}"),
        Err(error) => panic!("{text:?} is printed as\n{}", error.render(&printed)),
    }
    Some(query)
}
