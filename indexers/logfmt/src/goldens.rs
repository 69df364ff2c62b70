//! The cases of go-logfmt's decoder, where they lie beside the project; skipped elsewhere.

use gastrolog_index::unescape;
use serde_json::Value;

use crate::tokens::{Malformed, Token, Tokens};

const GOLDENS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/logfmt-goldens/decode.jsonl");

type Line = Vec<(String, Option<String>)>;

/// Why an error of go-logfmt is none here.
fn exception(message: &str) -> Option<&'static str> {
    match message {
        "invalid key" => Some("a key that is not UTF-8 is kept as it stands"),
        "invalid quoted value" => Some("a malformed escape is kept as it stands"),
        "bufio.ErrTooLong" => Some("there is no limit on a line"),
        _ => None,
    }
}

/// go-logfmt does not tell a flag and an empty value apart, so neither does this.
fn decode_line(line: &[u8]) -> Result<Line, Malformed> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let read = |token| match token {
        Token::Flag(word) => (text(&line[word]), None),
        Token::Pair { key, value, escape } => {
            let value = text(&unescape(&line[value], escape));
            (text(&line[key]), (!value.is_empty()).then_some(value))
        }
    };
    Tokens::new(line, 0).map(|token| token.map(read)).collect()
}

fn decode(text: &[u8]) -> Result<Vec<Line>, Malformed> {
    text.split(|&b| b == b'\n').map(decode_line).collect()
}

fn bytes(data: &Value) -> Vec<u8> {
    match data {
        Value::String(text) => text.as_bytes().to_vec(),
        other => {
            let hex = other["$bytes_hex"].as_str().unwrap();
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
        }
    }
}

fn wanted(want: &Value) -> Vec<Line> {
    let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().map(str::to_owned));
    let line = |line: &Value| line.as_array().into_iter().flatten().map(pair).collect();
    want.as_array().into_iter().flatten().map(line).collect()
}

/// The last line may be missing in what go-logfmt answers: it counts newlines as ends.
fn without_last_empty(mut lines: Vec<Line>) -> Vec<Line> {
    lines.pop_if(|line| line.is_empty());
    lines
}

#[test]
fn every_case_of_go_logfmt_is_accounted_for() {
    let Ok(file) = std::fs::read_to_string(GOLDENS) else {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{GOLDENS} is not there");
        eprintln!("skipped: {GOLDENS} is not there");
        return;
    };
    let (mut equal, mut refused, mut excepted) = (0, 0, 0);
    for golden in file.lines() {
        let golden: Value = serde_json::from_str(golden).unwrap();
        let case = &golden["case"];
        if let Some(pair) = case.as_array() {
            let [one, other] = [0, 1].map(|i| decode(&bytes(&pair[i])).map(without_last_empty));
            assert_eq!(one.unwrap(), other.unwrap(), "{case}");
            equal += 1;
            continue;
        }
        let want = &case["want"];
        let got = decode(&bytes(&case["data"]));
        let error = want["Msg"].as_str().or(want["$id"].as_str());
        match error {
            None => {
                assert_eq!(got.map(without_last_empty), Ok(wanted(want)), "{case}");
                equal += 1;
            }
            Some(message) if got.is_ok() => {
                assert!(exception(message).is_some(), "not refused: {case}");
                excepted += 1;
            }
            Some(_) => refused += 1,
        }
    }
    assert_eq!((equal, refused, excepted), (20, 10, 5));
}
