//! Functions of the Vector Remap Language, by its tests and by the examples of its manual.

mod example;
mod translate;

use std::path::Path;

use gastrolog_query::Expr;
use gastrolog_types::Value;
use serde_json::Value as Json;

use crate::shared::{Account, context, folder, lines};
use translate::translate;

const FUNCTIONS: [&str; 19] = [
    "contains",
    "decode_percent",
    "downcase",
    "ends_with",
    "format_timestamp",
    "ip_cidr_contains",
    "is_null",
    "match",
    "replace",
    "slice",
    "split",
    "starts_with",
    "strip_whitespace",
    "to_float",
    "to_int",
    "to_string",
    "to_unix_timestamp",
    "truncate",
    "upcase",
];

/// Case and reason.
/// Case and reason.
const DIFFERENCES: [(&str, &str); 6] = [
    ("format_timestamp date", CHRONO),
    ("format_timestamp example 0", CHRONO),
    ("format_timestamp example 1", CHRONO),
    ("format_timestamp invalid", "%Q is the name of the zone here"),
    ("slice error_after_end", OUTSIDE),
    ("slice error_minus_before_start", OUTSIDE),
];

const CHRONO: &str = "%+ and %v are conversions of chrono alone; text(t) gives RFC 3339";
const OUTSIDE: &str = "substring leaves out what lies outside of the text";

/// Reason and number of cases.
const WITHOUT: [(&str, usize); 6] = [
    ("a list or an object", 5),
    ("a number of parts", 5),
    ("a number of replacements", 7),
    ("a regular expression as a separator", 1),
    ("a zone other than UTC", 3),
    ("an argument that only Rust computes", 1),
];

#[test]
fn every_case_is_accounted_for() {
    let Some(folder) = folder("vrl-goldens") else { return };
    let mut account = Account::default();
    for function in FUNCTIONS {
        for (name, arguments, want) in cases(&folder, function) {
            let case = format!("{function} {name}");
            match translate(function, &arguments) {
                Err(reason) => account.no_counterpart(reason),
                Ok(expr) => account.is(&case, &ours(&expr), &theirs(&want)),
            }
        }
    }
    account.settle("vrl", 109, &DIFFERENCES, &WITHOUT);
}

/// Name, arguments by name, and expected value; an error is an object with `$err`.
fn cases(folder: &Path, function: &str) -> Vec<(String, Json, Json)> {
    let tests = folder.join("tests").join(format!("{function}.jsonl"));
    let examples = folder.join(format!("{function}.json"));
    let mut cases = Vec::new();
    if tests.exists() {
        for case in lines(&tests) {
            cases.push((
                case["test"].as_str().unwrap().to_owned(),
                case["args"].clone(),
                case["want"].clone(),
            ));
        }
    }
    if examples.exists() {
        cases.extend(example::cases(&std::fs::read_to_string(examples).unwrap()));
    }
    assert!(!cases.is_empty(), "no cases of {function}");
    cases
}

/// What expressions give; several are the elements of a list. What is refused or null is an error to the others.
fn ours(exprs: &[String]) -> String {
    let one = |expr: &String| match Expr::parse(expr, &context()).map(|e| e.eval(&|_| Value::Null)) {
        Err(_) | Ok(Value::Null) => "error".to_owned(),
        Ok(Value::Int(i)) => (i as f64).to_string(),
        Ok(Value::Float(f)) => f.to_string(),
        Ok(Value::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
        Ok(Value::Time(_)) => panic!("{expr} is a time"),
    };
    exprs.iter().map(one).collect::<Vec<_>>().join("|")
}

/// A list ends in an error: there is no further element.
fn theirs(want: &Json) -> String {
    match want {
        Json::Object(_) => "error".to_owned(),
        Json::Array(items) => {
            items.iter().map(theirs).chain(["error".to_owned()]).collect::<Vec<_>>().join("|")
        }
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().unwrap().to_string(),
        other => other.to_string(),
    }
}
