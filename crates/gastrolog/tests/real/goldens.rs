//! Lines with the fields that another parser finds in them: those that it names must be ours too.

use serde_json::Value;

use super::tools::read;
use crate::support::{EVERYTHING, Place, shared_data};

/// Cases of a file, a JSON value a line.
pub(super) fn cases(path: &str) -> Option<Vec<Value>> {
    let text = String::from_utf8(read(&shared_data()?.join(path))).unwrap();
    Some(text.lines().map(|l| serde_json::from_str(l).unwrap()).collect())
}

/// Whether a record, as JSON, has the value under the name, alone or among others.
fn has(record: &Value, name: &str, value: &str) -> bool {
    match &record[name] {
        Value::Array(all) => all.iter().any(|v| v == value),
        one => one == value,
    }
}

/// Stores each line and holds the fields of its record against those expected; sealed, and before. Returns how
/// many were compared.
pub(super) fn check(lines: &[(String, Vec<(String, String)>)]) -> usize {
    let place = Place::new();
    let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    place.ingest(text.as_bytes());
    for sealed in [false, true] {
        if sealed {
            place.ok(&["seal"]);
        }
        let args = EVERYTHING.map(|arg| if arg == "raw" { "json" } else { arg });
        let shown = place.ok(&args);
        let records: Vec<Value> = shown.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(records.len(), lines.len());
        for (record, (line, fields)) in records.iter().zip(lines) {
            assert_eq!(record["_text"], *line);
            for (name, value) in fields {
                assert!(has(record, name, value), "sealed {sealed}: {name}={value:?} is not in {record}");
            }
        }
    }
    lines.iter().map(|(_, fields)| fields.len()).sum()
}

#[test]
fn logfmt() {
    let Some(cases) = cases("logfmt-goldens/decode.jsonl") else { return };
    let mut lines = Vec::new();
    for case in cases.iter().filter(|c| c["test"] == "TestDecoder_scan") {
        let text = case["case"]["data"].as_str().unwrap();
        for (line, want) in text.split('\n').zip(case["case"]["want"].as_array().into_iter().flatten()) {
            // A flag and an empty value are both null there; a record of flags alone is plain text here.
            let pair = |p: &Value| Some((p[0].as_str()?.to_owned(), p[1].as_str()?.to_owned()));
            lines.push((line.to_owned(), want.as_array().into_iter().flatten().filter_map(pair).collect()));
        }
    }
    assert!(check(&lines) >= 20);
}

#[test]
fn rfc3164() {
    let Some(cases) = cases("syslog-goldens/go-syslog/rfc3164__machine.jsonl") else { return };
    let names = [
        ("Priority", "priority"),
        ("Hostname", "hostname"),
        ("Appname", "appname"),
        ("ProcID", "procid"),
        ("Message", "message"),
    ];
    let lines = cases.iter().filter(|c| c["valid"] == true).map(|case| {
        let base = &case["value"]["Base"];
        let fields = names.iter().filter_map(|(theirs, ours)| {
            let value = match &base[*theirs] {
                Value::Null => return None,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some(((*ours).to_owned(), value))
        });
        (case["input"].as_str().unwrap().to_owned(), fields.collect())
    });
    assert!(check(&lines.collect::<Vec<_>>()) >= 20);
}

/// The calls that build the expected message: method and arguments.
fn calls(mut built: &Value) -> Vec<(&str, &[Value])> {
    let mut calls = Vec::new();
    while let (Some(method), Some(args)) = (built["$method"].as_str(), built["args"].as_array()) {
        calls.push((method, args.as_slice()));
        built = &built["on"];
    }
    calls
}

#[test]
fn rfc5424() {
    let Some(cases) = cases("syslog-goldens/go-syslog/rfc5424__machine.jsonl") else { return };
    let mut lines = Vec::new();
    for case in cases.iter().filter(|c| c["valid"] == true) {
        // A message of several lines is several records when it comes as lines.
        let Some(line) = case["input"].as_str().filter(|l| !l.contains('\n')) else { continue };
        let field = |(method, args): (&str, &[Value])| {
            let text = |i: usize| args.get(i).and_then(Value::as_str).map(str::to_owned);
            let name = match method {
                "SetPriority" => return Some(("priority".to_owned(), args[0].to_string())),
                "SetHostname" => "hostname",
                "SetAppname" => "appname",
                "SetProcID" => "procid",
                "SetMsgID" => "msgid",
                "SetTimestamp" => "timestamp",
                "SetMessage" => "message",
                // The value of a parameter is given as it is written, escapes and all: not compared where it has any.
                "SetParameter" => {
                    let value = text(2).filter(|v| !v.contains('\\'))?;
                    return Some((format!("{}.{}", text(0)?, text(1)?), value));
                }
                _ => return None,
            };
            Some((name.to_owned(), text(0)?))
        };
        lines.push((line.to_owned(), calls(&case["value"]).into_iter().filter_map(field).collect()));
    }
    assert!(check(&lines) >= 100);
}
