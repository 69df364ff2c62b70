//! Filters: does this value match?

use std::net::Ipv4Addr;

use serde_json::Value as Json;

use super::{Case, cases, rows, store};

/// Cases that differ here, with the reason.
const DIFFERENT: &[(&str, &[u64], &str)] = &[
    ("filter_any_case_phrase", &[32, 37], "only the case of ASCII letters is ignored here"),
    ("filter_any_case_prefix", &[32, 37], "only the case of ASCII letters is ignored here"),
];

fn text(json: &Json) -> &str {
    json.as_str().unwrap()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Runs the cases of a file. `query` makes our query; `None` where there is no way to ask it.
fn check(file: &str, query: impl Fn(&Case) -> Option<String>) {
    let Some(cases) = cases(file) else { return };
    let (mut ran, mut unasked, mut wrong) = (0, Vec::new(), Vec::new());
    for case in cases.iter().filter(|c| c.test.starts_with("TestMatch")) {
        let (value, wanted) = (text(&case.args[0]), case.args.last().unwrap().as_bool().unwrap());
        let known = DIFFERENT.iter().any(|(f, lines, _)| *f == file && lines.contains(&case.line));
        let Some(query) = query(case) else {
            unasked.push(case.line);
            continue;
        };
        ran += 1;
        let engine = store(&[value.as_bytes().to_vec()]);
        let found = rows(&engine, &format!("{query} | stats count()")).unwrap() == [["1"]];
        if (found == wanted) == known {
            wrong.push(format!("{file}:{} {value:?} {query} gives {found}", case.line));
        }
    }
    eprintln!("{file}: {ran} cases ran; cannot be asked: {unasked:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn phrase(case: &Case) -> Option<String> {
    let phrase = text(&case.args[1]);
    // An empty phrase is refused here: it says nothing.
    (!phrase.is_empty()).then(|| quoted(phrase))
}

fn prefix(case: &Case) -> Option<String> {
    phrase(case).map(|p| format!("{p}*"))
}

#[test]
fn phrases() {
    check("filter_phrase", phrase);
}

#[test]
fn phrases_in_any_case() {
    check("filter_any_case_phrase", phrase);
}

#[test]
fn prefixes() {
    check("filter_prefix", prefix);
}

#[test]
fn prefixes_in_any_case() {
    check("filter_any_case_prefix", prefix);
}

#[test]
fn ranges_of_addresses() {
    let address = |json: &Json| Ipv4Addr::from(json.as_u64().unwrap() as u32);
    check("filter_ipv4_range", |case| {
        let (low, high) = (address(&case.args[1]), address(&case.args[2]));
        Some(format!("* | eval x = _text | where x>={low} x<={high}"))
    });
}

#[test]
fn ranges_of_length() {
    check("filter_len_range", |case| {
        let (low, high) = (&case.args[1], &case.args[2]);
        Some(format!("* | eval n = length(_text) | where n>={low} n<={high}"))
    });
}

#[test]
fn ranges_of_text() {
    check("filter_string_range", |case| {
        let (low, high) = (quoted(text(&case.args[1])), quoted(text(&case.args[2])));
        Some(format!("* | eval x = _text | where x>={low} x<{high}"))
    });
}
