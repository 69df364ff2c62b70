//! Patterns and what is new, against patterns found record by record, in every state of a store.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use gastrolog_engine::{Answer, QueryRequest, StoreConfig, Value};
use gastrolog_index::{PatternFinder, Pipeline, RangeSet};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::prelude::*;

use crate::oracle::{Line, attributes_of, bounds, expected, filter, line, parse_query, shapes, store};
use crate::support::{ask, memory_engine, pipeline};

/// The first value of a field or attribute.
fn first(pipeline: &Pipeline, line: &Line, field: &str) -> Option<Vec<u8>> {
    let mut value = None;
    pipeline.any_field(&line.text, &mut RangeSet::default(), &mut |name, v| {
        value = (name == field).then(|| v.to_vec());
        value.is_some()
    });
    value.or_else(|| attributes_of(line).iter().find(|(n, _)| *n == field).map(|(_, v)| v.to_vec()))
}

/// Rows of value to split by, pattern and count: most frequent first.
fn model(
    pipeline: &Pipeline,
    lines: &[&Line],
    of: Option<&str>,
    by: Option<&str>,
) -> Vec<(Vec<u8>, Vec<u8>, i64)> {
    let mut finder = PatternFinder::default();
    let mut counts: BTreeMap<(Vec<u8>, Vec<u8>), i64> = BTreeMap::new();
    for line in lines {
        let pattern = match of {
            None => finder.of_record(pipeline, &line.text).to_vec(),
            Some(field) => match first(pipeline, line, field) {
                Some(value) => finder.of_text(pipeline, &value).to_vec(),
                None => continue,
            },
        };
        let group = by.map(|field| first(pipeline, line, field).unwrap_or_default()).unwrap_or_default();
        *counts.entry((pattern, group)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().map(|((pattern, group), n)| (group, pattern, n)).collect();
    rows.sort_by_key(|&(_, _, n)| -n);
    rows
}

fn rows(answers: Vec<Answer>) -> Vec<Vec<Value>> {
    let row = |answer| if let Answer::Row(row) = answer { Some(row) } else { None };
    answers.into_iter().filter_map(row).collect()
}

fn text(value: &Value) -> Vec<u8> {
    if let Value::Text(text) = value { text.clone() } else { panic!("{value:?}") }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::Direct("tests/engine/patterns.regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn every_state_of_a_store_has_the_patterns_of_its_records(
        lines in proptest::collection::vec(line(), 1..60),
        (filter, bounds) in (filter(), bounds()),
        of in proptest::option::of(prop_oneof![Just("msg"), Just("message"), Just("path"), Just("request"), Just("status"), Just("host")]),
        by in proptest::option::of(prop_oneof![Just("status"), Just("host"), Just("level")]),
    ) {
        let pipeline = pipeline();
        let stage = format!("patterns{}{}", of.map(|f| format!(" of {f}")).unwrap_or_default(), by.map(|f| format!(" by {f}")).unwrap_or_default());
        let request = QueryRequest { query: format!("{filter}{bounds} | {stage}"), oldest_first: true, ..QueryRequest::default() };
        let query = parse_query(&request.query);
        let found = expected(&lines, &query, &pipeline, &request);
        let found: Vec<&Line> = found.into_iter().map(|i| &lines[i]).collect();
        let wanted = model(&pipeline, &found, of, by);
        let mut before: Option<Vec<Answer>> = None;
        for state in 0..5 {
            let engine = store(&lines, &shapes()[state]);
            // The second time the patterns of rows may come from the cache.
            for turn in 0..2 {
                let answers = ask(&engine, &request);
                let got: Vec<_> = rows(answers.clone()).iter().map(|row| {
                    let at = usize::from(by.is_some());
                    let Value::Int(n) = row[at + 1] else { panic!("{row:?}") };
                    (if at > 0 { text(&row[0]) } else { Vec::new() }, text(&row[at]), n)
                }).collect();
                prop_assert_eq!(&got, &wanted, "state {} turn {} of {}", state, turn, &request.query);
                if let Some(before) = &before {
                    prop_assert_eq!(&answers, before, "state {} turn {} of {}", state, turn, &request.query);
                }
                before = Some(answers);
            }
        }
    }
}

const NOON: i64 = 1_795_003_200_000_000_000;

fn minutes(lines: &[(i64, &str)]) -> std::sync::Arc<gastrolog_engine::Engine> {
    let engine = memory_engine(StoreConfig::default());
    let mut batch = Batch::default();
    for &(minute, text) in lines {
        let time = Timestamp(NOON + minute * 60_000_000_000);
        batch.push(text.as_bytes(), &Attributes::default(), time, time);
    }
    engine.append("", batch).unwrap();
    engine
}

#[test]
fn a_table_of_patterns_says_when_and_what() {
    let engine = minutes(&[(0, "took 7 ms"), (1, "took 9 ms"), (2, "started"), (19, "took 9 ms")]);
    let answers =
        ask(&engine, &QueryRequest { query: "* | patterns | sort -count".into(), ..QueryRequest::default() });
    let columns = ["pattern", "count", "percent", "first", "last", "samples", "trend"];
    assert_eq!(answers[0], Answer::Columns(columns.map(str::to_owned).to_vec()));
    let row = &rows(answers)[0];
    assert_eq!(row[..3], [Value::Text(b"took <*> ms".to_vec()), Value::Int(3), Value::Float(75.0)]);
    assert_eq!(row[3..5], [0, 19].map(|m| Value::Time(Timestamp(NOON + m * 60_000_000_000))));
    assert!([&b"[\"7 | 9\"]"[..], b"[\"9 | 7\"]"].contains(&text(&row[5]).as_slice()));
    assert_eq!(text(&row[6]), "██▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█".as_bytes());
}

#[test]
fn new_is_what_the_window_before_does_not_have() {
    let lines = [
        (-30, "cache cold"),
        (0, "took 7 ms"),
        (5, "started"),
        (10, "took 9 ms"),
        (12, "panic at 5"),
        (13, "panic at 6"),
        (14, "cache cold"),
        (25, "too late"),
    ];
    let engine = minutes(&lines);
    let window = "start=2026-11-18T12:10:00Z end=2026-11-18T12:20:00Z";
    let ask_for = |stage: &str| {
        let query = format!("* {window} | {stage} | fields pattern, count");
        rows(ask(&engine, &QueryRequest { query, ..QueryRequest::default() }))
    };
    let row = |pattern: &str, count| vec![Value::Text(pattern.into()), Value::Int(count)];
    assert_eq!(ask_for("new"), [row("panic at <*>", 2), row("cache cold", 1)]);
    assert_eq!(ask_for("patterns").len(), 3);
    assert!(ask_for("new of nowhere").is_empty());
}
