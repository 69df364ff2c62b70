//! Real logs and the test cases of another parser, beside the project; without them these tests see nothing.

use std::path::Path;

use gastrolog_index::{Escape, unescape};
use serde_json::Value;

use super::fields;

fn shared(path: &str) -> Option<String> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    let text = std::fs::read(&path).ok().map(|b| String::from_utf8_lossy(&b).into_owned());
    if text.is_none() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
        eprintln!("skipped: {} is not there", path.display());
    }
    text
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
}

/// Cells of a line of CSV; quotes around a cell are taken off, doubled ones inside made single.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

/// Compares a log with its table; `columns` are those of host, application, process and message. A table without
/// a column for the application comes from a log with just one.
fn check_loghub(name: &str, columns: [usize; 4], only_application: &str) {
    let read = |suffix: &str| shared(&format!("loghub-2k/{name}/{name}_2k.log{suffix}"));
    let (Some(log), Some(table)) = (read(""), read("_structured.csv")) else { return };
    let rows: Vec<&str> = table.lines().skip(1).collect();
    assert_eq!(log.lines().count(), rows.len());
    for (line, row) in log.lines().zip(rows) {
        let (fields, row) = (fields(line.as_bytes()).unwrap_or_else(|| panic!("{line}")), cells(row));
        let [host, application, process, message] =
            columns.map(|c| row.get(c).map_or(only_application, |v| v));
        // The table keeps the dashes that the login program writes before its name.
        let application = application.trim_start_matches("-- ");
        let got = ["hostname", "appname", "procid"].map(|n| value(&fields, n));
        assert_eq!(got, [host, application, process], "{line}");
        assert_eq!(value(&fields, "message").trim(), message.trim(), "{line}");
    }
}

#[test]
fn loghub_agrees_with_its_table() {
    check_loghub("Linux", [4, 5, 6, 7], "");
    check_loghub("OpenSSH", [4, usize::MAX, 5, 6], "sshd");
}

/// The calls that build the expected message, innermost last: method and arguments.
fn calls(mut built: &Value) -> Vec<(&str, &[Value])> {
    let mut calls = Vec::new();
    while let (Some(method), Some(args)) = (built["$method"].as_str(), built["args"].as_array()) {
        calls.push((method, args.as_slice()));
        built = &built["on"];
    }
    calls
}

/// The parts that the other parser expects and we do not give.
fn missing_5424(input: &str, built: &Value) -> Vec<String> {
    let fields = fields(input.as_bytes()).unwrap_or_else(|| panic!("{input}"));
    let mut missing = Vec::new();
    for (method, args) in calls(built) {
        let texts: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
        let (name, expect) = match (method, &*texts) {
            ("SetPriority", _) => ("priority".to_string(), args[0].to_string()),
            ("SetHostname", [v]) => ("hostname".into(), v.to_string()),
            ("SetAppname", [v]) => ("appname".into(), v.to_string()),
            ("SetProcID", [v]) => ("procid".into(), v.to_string()),
            ("SetMsgID", [v]) => ("msgid".into(), v.to_string()),
            ("SetTimestamp", [v]) => ("timestamp".into(), v.to_string()),
            ("SetMessage", [v]) => ("message".into(), v.to_string()),
            // Its setter takes the value as written.
            ("SetParameter", [id, param, v]) => {
                let value = unescape(v.as_bytes(), Escape::StructuredData);
                (format!("{id}.{param}"), String::from_utf8_lossy(&value).into_owned())
            }
            _ => continue,
        };
        if !fields.contains(&(name.clone(), expect.clone())) {
            missing.push(format!("{name}={expect} in {input}: {fields:?}"));
        }
    }
    missing
}

#[test]
fn rfc5424_cases_of_another_parser() {
    let Some(cases) = shared("syslog-goldens/go-syslog/rfc5424__machine.jsonl") else { return };
    let cases: Vec<Value> = cases.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let valid =
        cases.iter().filter(|c| c["valid"] == true).filter_map(|c| Some((c["input"].as_str()?, &c["value"])));
    let (mut checked, mut missing) = (0, Vec::new());
    for (input, built) in valid {
        checked += 1;
        missing.extend(missing_5424(input, built));
    }
    assert!(checked >= 50, "{checked}");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn rfc3164_cases_of_another_parser() {
    let Some(cases) = shared("syslog-goldens/go-syslog/rfc3164__machine.jsonl") else { return };
    for case in cases.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()) {
        let (input, expect) = (case["input"].as_str().unwrap(), &case["value"]["Base"]);
        let fields = fields(input.as_bytes()).unwrap();
        assert_eq!(value(&fields, "priority"), expect["Priority"].to_string());
        for (name, key) in
            [("hostname", "Hostname"), ("appname", "Appname"), ("procid", "ProcID"), ("message", "Message")]
        {
            assert_eq!(value(&fields, name), expect[key].as_str().unwrap_or(""), "{input}");
        }
    }
}
