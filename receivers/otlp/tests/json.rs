//! JSON as senders really write it, and the examples of the specification.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "../../../crates/net/testing/web.rs"]
mod web;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_otlp::{OtlpConfig, OtlpIngest};
use gastrolog_types::{Record, Timestamp};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use web::{Running, attribute, start};

const JSON: &str = "Content-Type: application/json; charset=utf-8";

fn run() -> Running {
    start(MemorySink::new(), |sink, clock| OtlpIngest::new(OtlpConfig::default(), sink, clock))
}

/// What is stored of `body`.
fn stored(body: &[u8]) -> Vec<Record> {
    let running = run();
    let reply = running.post("/v1/logs", &[JSON], body);
    assert_eq!((reply.status, &reply.body[..]), (200, &b"{}"[..]), "{}", String::from_utf8_lossy(body));
    let records = running.sink.records();
    running.stop();
    records
}

fn one(record: &str) -> (Json, Record) {
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
    let mut records = stored(body.as_bytes());
    assert_eq!(records.len(), 1);
    let record = records.remove(0);
    (serde_json::from_slice(&record.text).unwrap_or_default(), record)
}

fn check(record: &str, wanted: Json) {
    assert_eq!(one(record).0, wanted, "{record}");
}

#[test]
fn what_would_fail_a_strict_reader() {
    check(r#"{"severityNumber":"SEVERITY_NUMBER_ERROR2"}"#, json!({"severity_number": 18}));
    check(r#"{"severityNumber":"9"}"#, json!({"severity_number": 9}));
    check(r#"{"severityNumber":"LOUD"}"#, json!({"severity_number": "LOUD"}));
    check(
        r#"{"severity_text":"x","trace_id":"ABCDEF"}"#,
        json!({"severity_text": "x", "trace_id": "abcdef"}),
    );
    check(r#"{"traceId":"W47/95gDgQPSabYzgT/GDA=="}"#, json!({"trace_id": "W47/95gDgQPSabYzgT/GDA=="}));
    check(r#"{"traceId":"","spanId":null,"attributes":[]}"#, json!({"attributes": {}}));
    check(r#"{"body":{"doubleValue":"NaN"}}"#, json!({"body": "NaN"}));
    check(r#"{"body":{"doubleValue":"-Infinity"}}"#, json!({"body": "-Infinity"}));
    check(r#"{"body":{"intValue":"9007199254740993"}}"#, json!({"body": 9007199254740993i64}));
    check(r#"{"body":{"int_value":"12x"}}"#, json!({"body": "12x"}));
    check(r#"{"body":"bare"}"#, json!({"body": "bare"}));
    check(r#"{"body":{"odd":1,"two":[2]}}"#, json!({"body": {"odd": 1, "two": [2]}}));
    check(r#"{"body":{}}"#, json!({"body": null}));
    check(r#"{"body":{"kvlistValue":{}}}"#, json!({"body": {}}));
    check(
        r#"{"body":{"arrayValue":{"values":[{"stringValue":"a"},{"boolValue":false}]}}}"#,
        json!({"body": ["a", false]}),
    );
    check(r#"{"attributes":{"plain":"object"}}"#, json!({"attributes": {"plain": "object"}}));
    check(r#"{"attributes":[7,{"key":"a"}]}"#, json!({"attributes": {"": 7, "a": null}}));
    check("{\"unknown\":{\n \"a\" : 1 } }", json!({"unknown": {"a": 1}}));
}

#[test]
fn times_of_any_form() {
    for (text, wanted) in [
        (r#"{"timeUnixNano":"1544712660300000000"}"#, 1544712660300000000),
        (r#"{"timeUnixNano":1544712660300000000}"#, 1544712660300000000),
        (r#"{"timeUnixNano":"0","observedTimeUnixNano":"7"}"#, 7),
        (r#"{"timeUnixNano":"18446744073709551615"}"#, Timestamp::NONE.0),
        (r#"{"timeUnixNano":"yesterday"}"#, Timestamp::NONE.0),
    ] {
        assert_eq!(one(text).1.source, Timestamp(wanted), "{text}");
    }
    check(r#"{"timeUnixNano":"yesterday"}"#, json!({"time_unix_nano": "yesterday"}));
}

#[test]
fn what_is_no_record_is_kept_as_it_came() {
    let (_, record) = one("7");
    assert_eq!(record.text, b"7");
    assert!(attribute(&record, "parse_error").unwrap().contains("not a log record"));
    let records = stored(br#"{"resource_logs":[5,{"scope_logs":[{"log_records":8},{"log_records":[{"body":{"stringValue":"ok"}}]}]}]}"#);
    let texts: Vec<_> = records.iter().map(|r| String::from_utf8_lossy(&r.text)).collect();
    assert_eq!(texts, ["5", r#"{"log_records":8}"#, r#"{"body":"ok"}"#]);
    assert_eq!(attribute(&records[2], "parse_error"), None);
}

#[test]
fn the_examples_of_the_specification() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/otlp");
    if !std::path::Path::new(path).exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{path} is not there");
        eprintln!("skipped: {path} is not there");
        return;
    }
    let read = |name: &str| {
        let mut records = stored(&std::fs::read(format!("{path}/{name}")).unwrap());
        assert_eq!(records.len(), 1);
        let record = records.remove(0);
        (serde_json::from_slice::<Json>(&record.text).unwrap(), record)
    };
    let scope = json!({"name": "my.library", "version": "1.0.0", "attributes": {"my.scope.attribute": "some scope attribute"}});
    let (line, record) = read("logs.json");
    assert_eq!(
        line,
        json!({
            "time_unix_nano": 1544712660300000000u64, "observed_time_unix_nano": 1544712660300000000u64,
            "severity_number": 10, "severity_text": "Information",
            "trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174",
            "body": "Example log record",
            "attributes": {"string.attribute": "some string", "boolean.attribute": true, "int.attribute": 10,
                "double.attribute": 637.704, "array.attribute": ["many", "values"],
                "map.attribute": {"some.map.key": "some value"}},
            "resource": {"service.name": "my.service"}, "scope": scope,
        })
    );
    assert_eq!(record.source, Timestamp(1544712660300000000));
    assert_eq!(attribute(&record, "service.name").as_deref(), Some("my.service"));
    let (line, _) = read("events.json");
    assert_eq!(line["event_name"], "browser.page_view");
    assert_eq!(line["body"]["type"], 0);
    assert_eq!(line["body"]["title"], "Free Online GUID Generator");
    // Traces and metrics are no logs.
    for name in ["trace.json", "metrics.json"] {
        assert_eq!(stored(&std::fs::read(format!("{path}/{name}")).unwrap()).len(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_json_of_a_record_is_answered(fields in proptest::collection::vec(("[a-zA-Z_]{0,8}|timeUnixNano|body|attributes|severityNumber", "null|-?[1-9][0-9]{0,19}|\"\"|\"[a-z]{0,4}\"|\\{\"stringValue\":7\\}|\\[\\{\\}\\]|\\[\\[\\]\\]|\\{\"arrayValue\":3\\}"), 0..6)) {
        let members: Vec<String> = fields.iter().map(|(k, v)| format!("{k:?}:{v}")).collect();
        let (_, record) = one(&format!("{{{}}}", members.join(",")));
        prop_assert!(serde_json::from_slice::<Json>(&record.text).is_ok(), "{}", String::from_utf8_lossy(&record.text));
    }
}
