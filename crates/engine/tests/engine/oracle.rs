//! The engine against a full scan: whatever the store looks like, the same records come back.
//!
//! Records of all formats and odd ones are stored in several ways at once: waiting in memory, in row groups of an
//! active chunk, sealed, and with no indexer allowed to lay out columns. Each query must select exactly what
//! `matches` selects from the plain list of records, in the same order, and aggregates must be those of the list.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::support::{ask, memory_engine, pipeline};
use gastrolog_engine::{Answer, Cancel, Engine, Order, QueryRequest, Service, StoreConfig, Value};
use gastrolog_exec::ParsedView;
use gastrolog_index::{Pipeline, RangeSet, source_time};
use gastrolog_query::{ParseContext, Query, matches, parse};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::prelude::*;

const NOW: i64 = 1_795_000_000_000_000_000;

#[derive(Clone, Debug)]
struct Line {
    text: Vec<u8>,
    attributes: Vec<(String, String)>,
    ingest: i64,
    source: Option<i64>,
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("error".to_owned()),
        Just("Error".to_owned()),
        Just("timeout".to_owned()),
        Just("user".to_owned()),
        Just("500".to_owned()),
        Just("42".to_owned()),
        Just("007".to_owned()),
        Just("deadbeefdeadbeef".to_owned()),
        Just("café".to_owned()),
        Just("10.0.0.1".to_owned()),
        "[a-c]{1,3}",
        "[0-9]{1,4}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        word(),
        "[0-9]{1,3}\\.[0-9]{1,2}",
        Just("-1".to_owned()),
        Just("1.0".to_owned()),
        Just("-2.5e-3".to_owned()),
        Just("7e20".to_owned()),
        Just("true".to_owned()),
        Just("/a/b.html".to_owned()),
        Just("a b".to_owned()),
        Just(String::new()),
        of_a_kind(),
    ]
}

/// Values that filters compare by what they are worth.
fn of_a_kind() -> impl Strategy<Value = String> {
    let other = prop::sample::select(vec![
        "1s",
        "1000ms",
        "1.5s",
        "1h30m",
        "90m",
        "1KB",
        "1000B",
        "1KiB",
        "2026-11-10",
        "2026-11-10T00:00:00Z",
        "2026-11-10T01:00:00+01:00",
        "v1.2",
        "1.2.0",
        "1.10.0",
        "1.2.0-rc1",
        "warn",
        "WARNING",
        "err",
        "info",
        "::1",
    ]);
    prop_oneof![other.prop_map(str::to_owned), "10\\.0\\.[01]\\.[0-9]{1,2}", "[1-3]{1,2}(ms|s|m|B|KB)"]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("status"),
        Just("method"),
        Just("level"),
        Just("user.id"),
        Just("path"),
        Just("host"),
        Just("msg"),
        Just("k-1")
    ]
    .prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = String> {
    (0u32..24, 0u32..60, 0u32..60).prop_map(|(h, m, s)| format!("2026-11-10T{h:02}:{m:02}:{s:02}Z"))
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let json_value = prop_oneof![
        value().prop_map(|v| format!("{v:?}")),
        Just("\"a\\nb \\u00e9 \\\"q\\\"\"".to_owned()),
        (0u32..600).prop_map(|n| n.to_string()),
        Just("null".to_owned()),
        proptest::collection::vec(value(), 0..3).prop_map(|v| format!("{v:?}")),
        (key(), value()).prop_map(|(k, v)| format!("{{{k:?}:{v:?}}}")),
    ];
    let json = proptest::collection::vec((key(), json_value), 0..5).prop_map(|pairs| {
        let members: Vec<String> = pairs.iter().map(|(k, v)| format!("{k:?}:{v}")).collect();
        format!("{{{}}}", members.join(","))
    });
    let logfmt = || {
        proptest::collection::vec((key(), value()), 1..5).prop_map(|pairs| {
            let quoted =
                |v: &str| if v.is_empty() || v.contains(' ') { format!("{v:?}") } else { v.to_owned() };
            pairs.iter().map(|(k, v)| format!("{k}={}", quoted(v))).collect::<Vec<_>>().join(" ")
        })
    };
    let apache = (
        0u32..4,
        "(GET|POST)",
        "/[a-c]{1,2}(/[0-9]{1,3})?",
        prop_oneof![Just(200), Just(404), Just(500)],
        0u32..70_000,
    )
        .prop_map(|(ip, m, p, s, b)| {
            format!(
                "10.0.0.{ip} - - [10/Nov/2026:13:55:36 +0000] \"{m} {p} HTTP/1.1\" {s} {b} \"-\" \"curl/8.5\""
            )
        });
    let syslog =
        (0u32..192, word(), word(), any::<bool>(), logfmt()).prop_map(|(pri, host, msg, nested, kv)| {
            let rest = if nested { kv } else { msg };
            format!(
                "<{pri}>1 2026-11-10T10:00:00.5Z {host} app 77 - [id@1 status=\"500\" x=\"a\\]b\"] {rest}"
            )
        });
    let free = (proptest::option::of(time()), proptest::collection::vec(word(), 0..6))
        .prop_map(|(t, words)| format!("{}{}", t.map(|t| t + " ").unwrap_or_default(), words.join(" ")));
    let kv = (word(), key(), value()).prop_map(|(w, k, v)| format!("{w} took {k}={v}, done"));
    prop_oneof![
        3 => json.prop_map(String::into_bytes),
        3 => logfmt().prop_map(String::into_bytes),
        3 => apache.prop_map(String::into_bytes),
        2 => syslog.prop_map(String::into_bytes),
        3 => free.prop_map(String::into_bytes),
        2 => kv.prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => Just(Vec::new()),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    let attribute = prop_oneof![Just("host"), Just("status"), Just("file")].prop_map(str::to_owned);
    let attributes = proptest::collection::vec((attribute, value()), 0..3);
    (text(), attributes, 0i64..1000, proptest::option::weighted(0.1, 0i64..1000)).prop_map(
        |(text, attributes, ingest, source)| Line {
            text,
            attributes,
            ingest: NOW + ingest * 1_000_000_000,
            source: source.map(|s| NOW - s * 1_000_000_000),
        },
    )
}

fn filter() -> impl Strategy<Value = String> {
    let quoted = value().prop_map(|v| format!("{v:?}"));
    let operand =
        prop_oneof![value().prop_filter("bare", |v| !v.is_empty() && !v.contains([' ', '/'])), quoted];
    let field = prop_oneof![4 => key(), 1 => Just("remote_addr".to_owned()), 1 => Just("bytes".to_owned()), 1 => Just("*".to_owned()), 1 => Just("message".to_owned()), 1 => Just("request".to_owned()), 1 => Just("nowhere".to_owned()), 1 => Just("user*".to_owned())];
    let comparison = (
        field.clone(),
        prop_oneof![Just("="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")],
        operand,
    )
        .prop_map(|(k, o, v)| format!("{k}{o}{v}"));
    let other = prop_oneof![
        field.clone().prop_map(|k| format!("{k}=*")),
        field.clone().prop_map(|k| format!("{k}=a*")),
        field.clone().prop_map(|k| format!("{k}=*0*")),
        field.clone().prop_map(|k| format!("{k}=/[45]0/")),
        field.clone().prop_map(|k| format!("{k} in (500, a, \"GET\")")),
        (field.clone(), of_a_kind()).prop_map(|(k, v)| format!("{k} in ({v}, 10.0.1.0/30)")),
        (field.clone(), prop_oneof![Just("="), Just("!=")]).prop_map(|(k, o)| format!("{k}{o}10.0.0.0/29")),
        field.prop_map(|k| format!("{k}=*\"a b\"*")),
    ];
    let words = prop_oneof![
        word().prop_map(|w| format!("{w:?}")),
        (word(), word()).prop_map(|(a, b)| format!("\"{a} {b}\"")),
        word().prop_map(|w| format!("{w}*")),
        word().prop_map(|w| format!("*{w}")),
        (word(), word()).prop_map(|(a, b)| format!("*\"{a} {b}\"*")),
        (word(), word()).prop_map(|(a, b)| format!("\"{a} {b}\"*")),
        Just("/[ab]{2}/".to_owned()),
        Just("\"T1\"".to_owned()),
        Just("\"=\"".to_owned()),
    ];
    let leaf = prop_oneof![4 => comparison, 2 => other, 3 => words, 1 => Just("*".to_owned())];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

fn bounds() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        1 => Just(" start=2026-11-10T10:00:00Z".to_owned()),
        1 => Just(" end=2026-11-10T13:55:36Z".to_owned()),
        1 => Just(" start=2026-11-10T10:00:00Z end=2026-11-18T11:00:00Z".to_owned()),
    ]
}

/// The states that a store can be in; in the last one its sealed chunks were written anew.
const STATES: usize = 6;
const RECOMPACTED: usize = 5;

/// A store filled with `lines`, in one of the states that a store can be in.
fn store(lines: &[Line], state: usize) -> std::sync::Arc<Engine> {
    let config = StoreConfig {
        row_group_bytes: [1 << 20, 300, 1 << 20, 500, 200, 200][state],
        indexers: (state == 3).then(Vec::new),
        footer_values: if state == 4 { 2 } else { 4096 },
        recompact_row_group_bytes: 700,
        ..StoreConfig::default()
    };
    let engine = memory_engine(config);
    for (i, chunk) in lines.chunks(7).enumerate() {
        let mut batch = Batch::default();
        for line in chunk {
            let attributes = attributes_of(line);
            let source = line.source.map_or(Timestamp::NONE, Timestamp);
            batch.push(&line.text, &attributes, Timestamp(line.ingest), source);
        }
        engine.append("", batch).unwrap();
        if state > 0 && i % 3 == 1 {
            engine.seal("").unwrap();
        }
    }
    if (2..5).contains(&state) {
        engine.seal("").unwrap();
    }
    if state == RECOMPACTED {
        let sealed = engine.chunks("").unwrap().iter().any(|c| c.sealed);
        let report = engine.compact("", &mut |_, _| true).unwrap();
        assert_eq!((report.left, report.chunks_after > 0), (Vec::new(), sealed));
    }
    engine
}

fn attributes_of(line: &Line) -> Attributes {
    Attributes::new(line.attributes.iter().map(|(k, v)| (k.as_str(), v.as_bytes())))
}

/// What a full scan finds: places of the lines that match, in the order asked for.
fn expected(lines: &[Line], query: &Query, pipeline: &Pipeline, request: &QueryRequest) -> Vec<usize> {
    let mut found: Vec<((i64, usize), usize)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let mut ranges = RangeSet::default();
        pipeline.parse(&line.text, &mut ranges);
        let ingest = Timestamp(line.ingest);
        let source = line.source.map_or_else(|| source_time(&line.text, ranges.spans(), ingest), Timestamp);
        let time = if request.order == Order::Ingest { ingest } else { source.or(ingest) };
        let inside = query.time.start.is_none_or(|s| time >= s) && query.time.end.is_none_or(|e| time < e);
        let attributes = attributes_of(line);
        if inside && matches(&query.filter, &ParsedView::new(&line.text, &attributes, pipeline)) {
            let key = if request.order == Order::Write { 0 } else { time.0 };
            found.push(((key, i), i));
        }
    }
    found.sort_unstable();
    if !request.oldest_first {
        found.reverse();
    }
    found.into_iter().map(|(_, i)| i).collect()
}

fn parse_query(text: &str) -> Query {
    let context = ParseContext::utc(Timestamp(NOW));
    parse(text, &context).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::Direct("tests/engine/oracle.regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn every_state_of_a_store_answers_as_a_full_scan(
        lines in proptest::collection::vec(line(), 1..60),
        queries in proptest::collection::vec((filter(), bounds()), 1..6),
        order in prop_oneof![Just(Order::Source), Just(Order::Ingest), Just(Order::Write)],
        oldest_first in any::<bool>(),
        limit in proptest::option::of(1u64..20),
    ) {
        let pipeline = pipeline();
        let stores: Vec<_> = (0..STATES).map(|state| store(&lines, state)).collect();
        for (filter, bounds) in &queries {
            let text = format!("{filter}{bounds}");
            let query = parse_query(&text);
            let request = QueryRequest { query: text.clone(), order, oldest_first, limit, ..QueryRequest::default() };
            let mut wanted = expected(&lines, &query, &pipeline, &request);
            let all = wanted.len();
            wanted.truncate(limit.unwrap_or(u64::MAX) as usize);
            for (state, engine) in stores.iter().enumerate() {
                let got: Vec<usize> = ask(engine, &request).into_iter().map(|answer| match answer {
                    Answer::Record(found) => {
                        let i = found.record.seq as usize;
                        assert_eq!(found.record.text, lines[i].text);
                        assert_eq!(found.record.attributes, attributes_of(&lines[i]));
                        assert_eq!(found.record.ingest, Timestamp(lines[i].ingest));
                        i
                    }
                    other => panic!("{other:?}"),
                }).collect();
                prop_assert_eq!(&got, &wanted, "state {} query {}", state, &text);
                let count = QueryRequest { query: format!("{text} | stats count()"), limit: None, ..request.clone() };
                let answer = ask(engine, &count);
                prop_assert_eq!(answer.last(), Some(&Answer::Row(vec![Value::Int(all as i64)])), "state {} count of {}", state, &text);
            }
        }
    }

    /// Few records of one field, so that a wrong "no" of a filter or a footer leaves out what should be found.
    #[test]
    fn values_are_found_by_what_they_are_worth(
        values in proptest::collection::vec(of_a_kind(), 1..5),
        operator in prop_oneof![3 => Just("="), 1 => Just("!="), 1 => Just("<"), 1 => Just(">=")],
        literal in of_a_kind(),
    ) {
        let line = |v: &String| Line { text: format!("k={v} n=1").into_bytes(), attributes: Vec::new(), ingest: NOW, source: None };
        let lines: Vec<Line> = values.iter().map(line).collect();
        let request = QueryRequest { query: format!("k{operator}{literal}"), oldest_first: true, ..QueryRequest::default() };
        let wanted = expected(&lines, &parse_query(&request.query), &pipeline(), &request);
        for state in 0..STATES {
            let found = ask(&store(&lines, state), &request).into_iter().filter_map(|answer| match answer {
                Answer::Record(found) => Some(found.record.seq as usize),
                _ => None,
            });
            prop_assert_eq!(found.collect::<Vec<_>>(), wanted.clone(), "state {} of {}", state, &request.query);
        }
    }

    #[test]
    fn the_first_of_sorted_groups_are_those_of_all(
        lines in proptest::collection::vec(line(), 1..60),
        by in prop_oneof![Just("status"), Just("level, status"), Just("bin(1h), status")],
        order in prop_oneof![Just("-count"), Just("count"), Just("-count, status"), Just("-sum(bytes)"), Just("max(status)")],
        n in 0u64..8,
    ) {
        let engine = store(&lines, 1);
        let sorted = format!("| stats count(), sum(bytes), max(status) by {by} | sort {order}");
        let all = ask(&engine, &QueryRequest { query: sorted.clone(), ..QueryRequest::default() });
        let first = ask(&engine, &QueryRequest { query: format!("{sorted} | head {n}"), ..QueryRequest::default() });
        let wanted: Vec<Answer> = all.into_iter().take(n as usize + 1).collect();
        prop_assert_eq!(first, wanted);
    }

    #[test]
    fn every_state_of_a_store_aggregates_alike(
        lines in proptest::collection::vec(line(), 1..60),
        filter in filter(),
        by in prop_oneof![Just(""), Just(" by status"), Just(" by level, status"), Just(" by bin(1h)"), Just(" by bin(10m), method"), Just(" by host"), Just(" by bin(bytes, 100)"), Just(" by bin(status, 2.5), bin(1h)")],
        field in prop_oneof![Just("status"), Just("bytes"), Just("level"), Just("user.id"), Just("host")],
    ) {
        let aggregates = AGGREGATES.map(|call| call.replace("f)", &format!("{field})"))).join(", ");
        answers_alike(&lines, &filter, &format!("stats {aggregates}{by}"))?;
    }

    #[test]
    fn every_state_of_a_store_charts_alike(
        lines in proptest::collection::vec(line(), 1..60),
        filter in filter(),
        stage in prop_oneof![
            Just("timechart 10m count()"), Just("timechart 1d count(), avg(bytes), rate(bytes), rate() by status"), Just("timechart 7d count_distinct(host), stddev(status) by level, host"),
            Just("top path"), Just("top 2 status"), Just("top 1 status, host by level"), Just("rare 3 level by status"), Just("rare 2 user.id"), Just("top 2 nowhere"),
            Just("top 2 status | sort count, status | head 1"), Just("stats count() by path | sort -count, path | head 3"), Just("stats count() as n by host, status | sort -n, status desc | head 2"),
        ],
    ) {
        answers_alike(&lines, &filter, stage)?;
    }
}

/// Every aggregate function, of the field `f`.
const AGGREGATES: [&str; 17] = [
    "count()",
    "count(f)",
    "count_distinct(f)",
    "count_distinct_approx(f)",
    "min(f)",
    "max(f)",
    "sum(f)",
    "avg(f)",
    "stddev(f)",
    "p90(f)",
    "median_approx(f)",
    "quantile_approx(0.99, f)",
    "first(f)",
    "last(f)",
    "values(f)",
    "quantile(0, f)",
    "sum(f) as again",
];

/// The stages must give the same whatever the store looks like, and the same as when records come to them one by one,
/// which is a different path from that of columns and footers.
fn answers_alike(lines: &[Line], filter: &str, stages: &str) -> Result<(), TestCaseError> {
    let request = |query: String| QueryRequest { query, ..QueryRequest::default() };
    let whole = request(format!("{filter} | {stages}"));
    let rowwise = request(format!("{filter} | head 1000000 | {stages}"));
    let try_ask = |engine: &Engine, request: &QueryRequest| {
        let mut answers = Vec::new();
        let mut take = |answer| {
            answers.push(answer);
            true
        };
        match engine.query(request, &Cancel::default(), &mut take) {
            Ok(_) => Ok(answers),
            Err(e) => Err(e.to_string()),
        }
    };
    let wanted = try_ask(&store(lines, 0), &rowwise);
    for state in 0..STATES {
        let engine = store(lines, state);
        prop_assert_eq!(&try_ask(&engine, &whole), &wanted, "state {} of {}", state, &whole.query);
        prop_assert_eq!(
            &try_ask(&engine, &rowwise),
            &wanted,
            "rows of state {} of {}",
            state,
            &rowwise.query
        );
    }
    Ok(())
}
