//! The indexers, each alone: whatever the record, its ranges lie in it, nest or are disjoint, and have names.

use gastrolog_index::{Pipeline, RangeSet, Span, unescape};

use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] = &[
    Target::new("indexer_json", |data| index("json", data), || lines("app.jsonl", 12)),
    Target::new("indexer_syslog", |data| index("syslog", data), || lines("syslog.log", 8)),
    Target::new("indexer_apache", |data| index("apache", data), || lines("access.log", 16)),
    Target::new("indexer_logfmt", |data| index("logfmt", data), || lines("app.logfmt", 10)),
    Target::new("indexer_kv", |data| index("kv", data), || lines("mixed.log", 10)),
    Target::new("indexer_token", |data| index("token", data), || lines("app.log", 8)),
];

/// The standard pipeline, in the order of the command line.
pub(crate) fn pipeline() -> Pipeline {
    Pipeline::new(vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_syslog::Syslog),
        Box::new(gastrolog_indexer_apache::Apache),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ])
}

fn index(name: &str, record: &[u8]) {
    let mut ranges = RangeSet::default();
    pipeline().parse_by(name, record, &mut ranges);
    check(record, &ranges);
}

/// Ranges in order, inside of the record, none crossing another.
pub(crate) fn check(record: &[u8], ranges: &RangeSet) {
    let mut open: Vec<Span> = Vec::new();
    for span in ranges.spans() {
        assert!(span.start <= span.end && span.end as usize <= record.len(), "{span:?} of {}", record.len());
        while open.last().is_some_and(|outer| outer.end <= span.start) {
            open.pop();
        }
        assert!(open.last().is_none_or(|outer| span.end <= outer.end), "{span:?} crosses {:?}", open.last());
        open.push(*span);
    }
    for span in ranges.spans().iter().take(64) {
        let raw = record.get(span.start as usize..span.end as usize).unwrap_or(&[]);
        assert!(unescape(raw, span.escape).len() <= raw.len(), "an escape is longer than what it stands for");
        ranges.path(span.name, record);
    }
}
