//! Expressions: what each operator and function gives, what is refused, printing and parsing again.

mod errors;
mod functions;
mod operators;
mod properties;

use crate::common::CONTEXT;
use gastrolog_query::Expr;
use gastrolog_types::{Timestamp, Value};

/// Parses what must parse.
fn expr(text: &str) -> Expr {
    Expr::parse(text, &CONTEXT).unwrap_or_else(|e| panic!("{text}\n{}", e.render(text)))
}

/// Fields of one row: numbers and a time as such, everything else as records have it.
fn row(name: &str) -> Value {
    let text = |text: &[u8]| Value::Text(text.to_vec());
    match name {
        "status" => text(b"500"),
        "took" => text(b"1.5"),
        "path" => text(b"/api/v1/items"),
        "name" => text("Käthe \u{1f600}".as_bytes()),
        "bytes" => text(b"a\xff\xc3b"),
        "empty" => text(b""),
        "day" => text(b"2026-03-04"),
        "stamp" => text(b"2026-03-04T10:20:30.25Z"),
        "body" => {
            text(br#"{"user": {"id": 7, "tags": ["a\n", null, 1.50]}, "ok": true, "big": 1e999, "a.b": 1}"#)
        }
        "_time" => Value::Time(Timestamp(1_772_619_630_250_000_000)),
        "early" => Value::Time(Timestamp(i64::MIN + 1)),
        "late" => Value::Time(Timestamp(i64::MAX)),
        "none" => Value::Time(Timestamp::NONE),
        "n" => Value::Int(-7),
        "most" => Value::Int(i64::MAX),
        "least" => Value::Int(i64::MIN),
        "x" => Value::Float(2.5),
        "nan" => Value::Float(f64::NAN),
        "content-type" => text(b"text/html"),
        _ => Value::Null,
    }
}

/// A value such that its kind is seen: `5`, `5.0`, `"5"`, `null`, `@2026-…`.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => format!("{f:?}"),
        Value::Text(text) => format!("\"{}\"", text.escape_ascii()),
        Value::Time(time) => format!("@{}", jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap()),
    }
}

/// Each line is an expression, `=>`, and its value.
fn check(cases: &str) {
    for case in cases.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (text, expected) = case.split_once("=>").unwrap_or_else(|| panic!("no => in {case}"));
        assert_eq!(shown(&expr(text).eval(&row)), expected.trim(), "{text}");
    }
}

#[test]
fn names_its_fields() {
    let mut names = Vec::new();
    expr("if(a > b.c[0], -field(\"d e\"), not f) + 5m")
        .for_each_field(&mut |name| names.push(name.to_owned()));
    assert_eq!(names, ["a", "b.c[0]", "d e", "f"]);
}
