//! Templates and regular expressions of `extract` in VictoriaLogs.

use std::path::Path;

use gastrolog_query::{Extraction, Regex, TemplatePiece, parse};
use serde_json::Value as Json;

use crate::shared::{Account, context, folder, lines};

/// Case and reason.
const DIFFERENCES: [(&str, &str); 10] = [
    ("pattern 61", QUOTES),
    ("pattern 62", QUOTES),
    ("pattern 63", QUOTES),
    ("pattern 64", QUOTES),
    ("pattern 65", QUOTES),
    ("pipe_extract 100", QUOTES),
    ("pipe_extract 115", QUOTES),
    ("pipe_extract 163", QUOTES),
    ("pipe_extract 188", QUOTES),
    ("pipe_extract 70", "all of a template is found or nothing is extracted"),
];

const QUOTES: &str = "a name takes its part as it stands; quotes can be written into the template";

/// Reason and number of cases.
const WITHOUT: [(&str, usize); 2] = [("a condition", 9), ("an option", 8)];

#[test]
fn every_case_is_accounted_for() {
    let Some(folder) = folder("victorialogs-goldens") else { return };
    let mut account = Account::default();
    let cases = |file: &str, test: &str| cases(&folder.join(format!("lib__logstorage__{file}.jsonl")), test);
    for (line, arguments) in cases("pattern", "TestPatternApply") {
        let extraction = template(arguments[0].as_str().unwrap());
        let text = arguments[1].as_str().unwrap();
        account.is(&format!("pattern {line}"), &values(&extraction, text), &list(&arguments[2]));
    }
    for (line, arguments) in cases("pattern", "TestParsePatternFailure") {
        let pipe = format!("extract \"{}\"", arguments[0].as_str().unwrap());
        account.is(&format!("pattern {line}"), parsed(&pipe), "refused");
    }
    for (test, expected) in
        [("TestParsePipeExtractSuccess", "accepted"), ("TestParsePipeExtractFailure", "refused")]
    {
        for (line, arguments) in cases("pipe_extract", test) {
            let text = arguments[0].as_str().unwrap();
            match pipe(text) {
                Err(reason) if expected == "accepted" => account.no_counterpart(reason),
                _ => account.is(&format!("pipe_extract {line}"), parsed(text), expected),
            }
        }
    }
    for (file, test) in
        [("pipe_extract", "TestPipeExtract"), ("pipe_extract_regexp", "TestPipeExtractRegexp")]
    {
        for (line, arguments) in cases(file, test) {
            match pipe(arguments[0].as_str().unwrap()) {
                Err(reason) => account.no_counterpart(reason),
                Ok((extraction, from)) => {
                    let ours: Vec<String> =
                        rows(&arguments[1]).map(|row| extracted(&extraction, &from, row)).collect();
                    let theirs: Vec<String> = rows(&arguments[2]).map(fields).collect();
                    account.is(&format!("{file} {line}"), &ours.join("; "), &theirs.join("; "));
                }
            }
        }
    }
    account.settle("victorialogs", 60, &DIFFERENCES, &WITHOUT);
}

/// Line and arguments.
fn cases(file: &Path, test: &str) -> Vec<(u64, Json)> {
    let cases: Vec<_> = lines(file)
        .into_iter()
        .filter(|case| case["test"] == test)
        .map(|case| (case["line"].as_u64().unwrap(), case["args"].clone()))
        .collect();
    assert!(!cases.is_empty(), "no {test}");
    cases
}

fn parsed(pipe: &str) -> &'static str {
    if parse(&format!("* | {pipe}"), &context()).is_ok() { "accepted" } else { "refused" }
}

/// The values of the names; where nothing is found the others give empty ones.
fn values(extraction: &Extraction, text: &str) -> String {
    let Extraction::Template(pieces) = extraction else { panic!("no template") };
    let names = pieces.iter().filter(|p| matches!(p, TemplatePiece::Name(name) if !name.is_empty())).count();
    match extraction.extract(text.as_bytes()) {
        None => vec![String::new(); names],
        Some(found) => {
            found.into_iter().map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
        }
    }
    .join("|")
}

fn list(values: &Json) -> String {
    values.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>().join("|")
}

/// The pattern and the field of a pipe such as `extract "…" from x`.
fn pipe(text: &str) -> Result<(Extraction, String), &'static str> {
    let (name, rest) = text.split_once(' ').ok_or("no pattern")?;
    if rest.starts_with("if ") {
        return Err("a condition");
    }
    if rest.ends_with("skip_empty_results") || rest.ends_with("keep_original_fields") {
        return Err("an option");
    }
    let quote = rest.chars().next().unwrap();
    let (pattern, rest) = rest[1..].split_once(quote).ok_or("no pattern")?;
    let from = rest.trim().strip_prefix("from ").unwrap_or("_msg").to_owned();
    let extraction = match name {
        "extract" => template(pattern),
        _ => Extraction::Regex(Regex::new(pattern).unwrap()),
    };
    Ok((extraction, from))
}

/// Their templates: `<>`, `<_>` and `<*>` have no name, `&lt;` is `<`, and `plain:` takes the text as it stands.
fn template(text: &str) -> Extraction {
    let mut pieces = Vec::new();
    for (i, piece) in text.split('<').enumerate() {
        let (name, literal) = match piece.split_once('>') {
            Some((name, literal)) if i > 0 => (Some(name.trim()), literal),
            _ => (None, piece),
        };
        let plain = |name: &str| name.trim_start_matches("plain").trim_start_matches([' ', ':']).to_owned();
        pieces.extend(name.map(|name| match name {
            "" | "_" | "*" => TemplatePiece::Name(String::new()),
            name => TemplatePiece::Name(plain(name)),
        }));
        if !literal.is_empty() {
            let literal = literal.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            pieces.push(TemplatePiece::Literal(literal));
        }
    }
    Extraction::Template(pieces)
}

type Row = Vec<(String, String)>;

fn rows(rows: &Json) -> impl Iterator<Item = Row> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let row = move |row: &Json| row.as_array().unwrap().iter().map(|f| (text(&f[0]), text(&f[1]))).collect();
    rows.as_array().unwrap().iter().map(row)
}

/// The row with what was extracted; one without a match stays as it is.
fn extracted(extraction: &Extraction, from: &str, mut row: Row) -> String {
    let text = row.iter().find(|(name, _)| name == from).map(|(_, value)| value.clone()).unwrap_or_default();
    for (name, value) in extraction.extract(text.as_bytes()).unwrap_or_default() {
        row.retain(|(other, _)| other != name);
        row.push((name.to_owned(), String::from_utf8_lossy(value).into_owned()));
    }
    fields(row)
}

/// In the order of the names; an empty field is one that is lacking to them.
fn fields(mut row: Row) -> String {
    row.sort();
    row.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
}
