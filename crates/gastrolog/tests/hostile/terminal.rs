//! Control and escape characters of records never reach a terminal raw; to a pipe `--output raw` is byte for byte.

use std::process::Command;

use crate::support::{EVERYTHING, Place, bare};

/// Sets the title, rings, moves, clears; then the 8-bit form of the same; then turns the direction of text round.
const HOSTILE: &str =
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\x08\x08\r \u{9b}31m \u{9d}0;owned\u{9c} \u{202e}txt \x7f end";

fn place() -> Place {
    let place = Place::new();
    let lines = format!(
        "plain {HOSTILE}\nlevel=error {}=1 msg=\"a {HOSTILE} b\"\n{{\"level\":\"error\",\"k{}\":\"{HOSTILE}\",\"u\":\"\\u001b[31m\"}}\n",
        "k\u{9b}31m", "\u{9b}5m"
    );
    place.ingest(lines.as_bytes());
    place
}

/// What the command writes to a terminal, standard error included.
fn on_a_terminal(place: &Place, args: &[&str]) -> String {
    let quoted = |arg: &str| format!("'{}'", arg.replace('\'', "'\\''"));
    let words: Vec<String> =
        [env!("CARGO_BIN_EXE_gastrolog")].iter().chain(args).map(|a| quoted(a)).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &words.join(" "), "/dev/null"]).env("GASTROLOG_DATA", place.data());
    script.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    let out = script.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Without what the command itself may send: colours, line ends, and what its progress bar does to its own line.
fn without_its_own(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let body = &escape[2..];
        let end = body.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(body.len());
        match body[end..].chars().next() {
            Some('m' | 'K') => rest = &body[end + 1..],
            _ => {
                out.push('\x1b');
                rest = body;
            }
        }
    }
    out + rest
}

#[track_caller]
fn is_harmless(shown: &str, what: &str) {
    let left = without_its_own(shown);
    let bad = left.char_indices().find(|(_, c)| {
        let steers = c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        steers || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert!(bad.is_none(), "{what} writes {bad:?}: {shown:?}");
    assert!(!shown.contains("\x1b[31m\u{8}") && !shown.contains("\x1b[2J"), "{what}: {shown:?}");
}

#[test]
fn nothing_that_steers_reaches_a_terminal() {
    let place = place();
    for sealed in [false, true] {
        if sealed {
            place.ok(&["seal"]);
        }
        let whole_query = format!("\"{HOSTILE}\" | (");
        let with_value = format!("msg=\"{HOSTILE}\"");
        for args in [
            &["query", "*"][..],
            &["query", "--output", "raw", "*"],
            &["query", "--output", "json", "*"],
            &["query", "--output", "csv", "*"],
            &["query", "--output", "table", "*"],
            &["query", "* | stats count() by msg"],
            &["query", "--output", "json", "* | stats count() by msg"],
            &["query", "--output", "csv", "* | stats count() by msg"],
            &["query", "--output", "raw", "* | stats count() by msg"],
            &["query", "* | patterns"],
            &["query", "* | eval x = msg"],
            &["query", &whole_query],
            &["query", HOSTILE],
            &["query", "--lookup", "t=/nowhere/\x1b[31m\x08x", "*"],
            &["patterns"],
            &["patterns", "--output", "json"],
            &["explain", &with_value],
            &["explain", "--analyze", &with_value],
            &["explain", "--output", "json", &with_value],
            &["fields"],
            &["fields", "--output", "json"],
            &["values", "msg"],
            &["values", "msg", "--output", "json"],
            &["values", HOSTILE],
            &["values", "k\u{9b}5m"],
            &["stores"],
            &["chunks"],
            &["inspect", "\x1b[31m\x08"],
            &["query", "--name", "\x1b[31m\x08", "*"],
            &["ingest", "/nowhere/\x1b[31m\x08\u{9b}x"],
            &["patterns", "--files", "/nowhere/\x1b[31m\x08x"],
            &["query", "--limit", "\x1b[31m\x08", "*"],
            &["verify"],
        ] {
            is_harmless(&on_a_terminal(&place, args), &format!("{args:?}"));
        }
    }
    let chunk = on_a_terminal(&place, &["chunks", "--output", "json"]);
    let id = chunk.split("\"id\":\"").nth(1).and_then(|s| s.split('"').next()).unwrap();
    for form in ["table", "json"] {
        is_harmless(&on_a_terminal(&place, &["inspect", id, "--output", form]), "inspect");
    }
}

#[test]
fn what_a_server_says_is_harmless_too() {
    let place = place();
    let _serving = place.serve();
    for args in [
        &["query", "*"][..],
        &["query", HOSTILE],
        &["fields"],
        &["explain", HOSTILE],
        &["query", "--name", "\x1b[31m\x08", "*"],
        &["follow", "--limit", "3", "start=2000-01-01"],
        &["follow", "("],
    ] {
        if args[0] != "follow"
            || bare(&["follow", "--help"]).output().unwrap().stdout.windows(7).any(|w| w == b"--limit")
        {
            is_harmless(&on_a_terminal(&place, args), &format!("{args:?}"));
        }
    }
}

#[test]
fn raw_to_a_pipe_is_byte_for_byte() {
    let place = Place::new();
    let all: Vec<u8> = (0u8..=255).filter(|b| *b != b'\n').collect();
    let lines = [&all[..], b"\n", HOSTILE.as_bytes(), b"\n"].concat();
    place.ingest(&lines);
    assert_eq!(place.run(&EVERYTHING).stdout, lines);
}
