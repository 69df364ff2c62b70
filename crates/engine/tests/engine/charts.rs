//! Tables that `timechart`, `top`, `rare` and bins of numbers make, as they are to be.
#![expect(clippy::unwrap_used, reason = "a test")]

use crate::support::{ask, memory_engine};
use gastrolog_engine::{Answer, Cancel, Engine, QueryRequest, Service, StoreConfig, Value};
use gastrolog_types::{Attributes, Batch, Timestamp};

const LINES: &str = "\
time=2026-11-10T10:00:05Z level=info path=/a ms=12
time=2026-11-10T10:00:55Z level=warn path=/b ms=130
time=2026-11-10T10:03:00Z level=info path=/a ms=99.5
time=2026-11-10T10:03:30Z level=info path=/c ms=250
time=2026-11-10T10:03:31Z level=info ms=none";

fn engine() -> std::sync::Arc<Engine> {
    let engine = memory_engine(StoreConfig::default());
    let text = LINES.as_bytes().to_vec();
    engine.append("", Batch::from_lines(text, Attributes::default(), Timestamp(0))).unwrap();
    engine.seal("").unwrap();
    engine
}

/// The table that comes out, a line a row.
fn check(query: &str, expect: &[&str]) {
    let request = QueryRequest { query: query.to_owned(), ..QueryRequest::default() };
    let shown: Vec<String> = ask(&engine(), &request).into_iter().map(show).collect();
    assert_eq!(shown, expect, "{query}");
}

fn show(answer: Answer) -> String {
    let show = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::Text(text) => format!("'{}'", String::from_utf8_lossy(text)),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => format!("{n:?}"),
        Value::Time(t) => format!("{}s", t.0 / 1_000_000_000 - 1_794_304_800),
    };
    match answer {
        Answer::Columns(names) => names.join(" "),
        Answer::Row(values) => values.iter().map(show).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}

#[test]
fn charts_have_every_bin() {
    check(
        "| timechart 1m count(), sum(ms), rate()",
        &[
            "_time count sum(ms) rate",
            "0s 2 142 0.03333333333333333",
            "60s 0 - 0.0",
            "120s 0 - 0.0",
            "180s 3 349.5 0.05",
        ],
    );
    check(
        "| timechart 2m count() by level",
        &["_time level count", "0s 'info' 1", "0s 'warn' 1", "120s 'info' 3", "120s 'warn' 0"],
    );
    check("nowhere | timechart 1m count()", &["_time count"]);
}

#[test]
fn a_chart_of_too_many_bins_is_refused() {
    let request = QueryRequest { query: "| timechart 1ms count()".into(), ..QueryRequest::default() };
    let refused = engine().query(&request, &Cancel::default(), &mut |_| true).unwrap_err();
    assert!(refused.to_string().contains("choose wider bins"), "{refused}");
}

#[test]
fn the_most_and_the_least_frequent() {
    check("| top path", &["path count percent", "'/a' 2 50.0", "'/b' 1 25.0", "'/c' 1 25.0"]);
    check(
        "| top 1 path by level",
        &["level path count percent", "'info' '/a' 2 66.6667", "'warn' '/b' 1 100.0"],
    );
    check("| rare 2 path", &["path count percent", "'/b' 1 25.0", "'/c' 1 25.0"]);
}

#[test]
fn numbers_in_bins() {
    check("| stats count() by bin(ms, 100)", &["ms count", "'' 1", "0 2", "100 1", "200 1"]);
}

#[test]
fn stages_that_need_a_span_take_the_one_beside_the_query() {
    for stage in ["stats rate()", "timechart count()", "new"] {
        let beside =
            QueryRequest { query: format!("| {stage}"), last_ms: Some(3_600_000), ..QueryRequest::default() };
        let within = QueryRequest { query: format!("last=1h | {stage}"), ..QueryRequest::default() };
        assert_eq!(ask(&engine(), &beside), ask(&engine(), &within), "{stage}");
        let both = QueryRequest { query: format!("last=2h | {stage}"), ..beside };
        assert!(engine().query(&both, &Cancel::default(), &mut |_| true).is_err(), "{stage}");
    }
}
