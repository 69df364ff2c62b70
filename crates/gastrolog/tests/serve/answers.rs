//! Pages, limits, fields, notes and completion: the command as people and shells use it.

use serde_json::Value;

use crate::support::{Place, parts};

fn place() -> Place {
    let place = Place::new();
    let lines = (0..60).map(|i| format!("level=info status={} host=web-{} n={i}\n", 200 + i % 3, i % 2));
    place.ingest((lines.collect::<String>() + "level=error status=500 host=web-1 n=60\n").as_bytes());
    place.ok(&["seal"]);
    place
}

/// The token in a note on standard error.
fn token(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("--resume ")?;
    rest.split(' ').next().map(str::to_owned)
}

#[test]
fn pages_by_token_with_and_without_a_server() {
    let place = place();
    let whole = place.ok(&["query", "level=info", "--limit", "none"]);
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        let (mut pages, mut resume, mut rounds) = (String::new(), String::new(), 0);
        loop {
            let out = place.run(&["query", "level=info", "-n", "25", "--resume", &resume]);
            let (code, shown, said) = parts(&out);
            assert_eq!(code, 0, "{said}");
            pages.push_str(&shown);
            rounds += 1;
            match token(&said) {
                Some(next) => resume = next,
                None => break,
            }
        }
        assert_eq!((pages.as_str(), rounds), (whole.as_str(), 3));
        let (code, _, said) = parts(&place.run(&["query", "level=error", "--resume", &resume]));
        assert_eq!(code, 2);
        assert!(said.contains("another query"), "{said}");
    }
}

/// Who asks for no record gets a token all the same, and by it all records.
#[test]
fn a_page_of_nothing_loses_no_record() {
    let place = place();
    let whole = place.ok(&["query", "level=info", "--limit", "none"]);
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        let (_, shown, said) = parts(&place.run(&["query", "level=info", "--limit", "0"]));
        let rest = ["query", "level=info", "--limit", "none", "--resume", &token(&said).unwrap_or_default()];
        assert_eq!((shown.as_str(), place.ok(&rest)), ("", whole.clone()), "{said}");
    }
}

/// What a line says of itself does not pass for what the store says of it.
#[test]
fn no_line_forges_what_is_said_of_its_record() {
    let place = Place::new();
    let line = r#"{"_time":"soon","_ingest":"now","_seq":99,"_text":"other","_text_base64":"b3RoZXI=","_context":true,"tags":["a","b"],"a":1}"#;
    place.ingest(format!("{line}\n").as_bytes());
    for sealed in [false, true] {
        if sealed {
            place.ok(&["seal"]);
        }
        let shown = place.ok(&["query", "-o", "json", "a=1"]);
        let found: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&found["_seq"], &found["_text"], &found["a"]), (&0.into(), &line.into(), &"1".into()));
        assert_eq!(found["tags[]"], serde_json::json!(["a", "b"]));
        let forged = ["_context", "_text_base64"].iter().any(|name| found.get(name).is_some());
        let is_time = |name: &str| found[name].as_str().is_some_and(|time| time.starts_with("20"));
        assert!(!forged && is_time("_time") && is_time("_ingest"), "{shown}");
        for name in ["_time", "_ingest", "_seq", "_text", "tags[]"] {
            assert_eq!(shown.matches(&format!("\"{name}\":")).count(), 1, "{name}: {shown}");
        }
    }
}

/// A field that is computed may have several values too: an object has each name once.
#[test]
fn several_values_of_a_computed_field_are_an_array() {
    let place = Place::new();
    place.ingest(br#"level=info body="{\"tags\":[\"x\",\"y\"],\"level\":\"warn\"}""#);
    let shown = place.ok(&["query", "-o", "json", "* | parse json from body"]);
    let found: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&found["tags[]"], &found["level"]),
        (&serde_json::json!(["x", "y"]), &"warn".into()),
        "{shown}"
    );
    assert_eq!(
        (shown.matches("\"level\":").count(), shown.matches("\"tags[]\":").count()),
        (1, 1),
        "{shown}"
    );
}

#[test]
fn limits_stop_a_query_and_say_what_to_do() {
    let place = place();
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        for (flag, value, said) in [
            ("--max-scan", "10", "read more than its limit of 10 B; it had matched "),
            ("--max-memory", "10B", "held more in memory than its limit of 10 B"),
            ("--timeout", "0s", "took longer than its timeout of 0 ms"),
        ] {
            let (code, _, shown) = parts(&place.run(&["query", "level=info | sort n", flag, value]));
            assert_eq!(code, 2);
            assert!(shown.contains(said) && shown.contains("row groups"), "{shown}");
        }
    }
}

#[test]
fn a_server_caps_what_a_request_asks_for() {
    let place = place();
    let config =
        place.beside("c.toml", b"[query]\ntimeout = \"none\"\nlimit_rows = 4\nlimit_bytes = \"1MB\"\n");
    let config = config.to_str().unwrap();
    let _serving = crate::support::Serving::start(place.command(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--config",
        config,
    ]));
    let (code, shown, said) = parts(&place.run(&["query", "*", "--limit", "none"]));
    assert_eq!((code, shown.lines().count()), (0, 4), "{said}");
    assert!(token(&said).is_some(), "{said}");
    let bad = place.beside("bad.toml", b"[query]\ntimeout = \"soon\"\n");
    let (code, _, said) = parts(&place.run(&["serve", "--config", bad.to_str().unwrap()]));
    assert_eq!(code, 2);
    assert!(said.contains("line 2") && said.contains("`none`"), "{said}");
}

#[test]
fn fields_and_values_are_listed() {
    let place = place();
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        let shown = place.ok(&["fields", "--output", "json"]);
        let all: Vec<Value> = shown.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let status = all.iter().find(|f| f["name"] == "status").unwrap();
        assert_eq!((&status["values"], &status["distinct"]), (&61.into(), &4.into()));
        assert_eq!(status["kind"], "integer");
        let shown = place.ok(&["fields", "level=error"]);
        assert!(shown.lines().any(|l| l.starts_with("status  ") && l.ends_with("1  integer")), "{shown}");
        assert_eq!(place.ok(&["values", "host"]), "value  count\nweb-1     31\nweb-0     30\n");
        let json = place.ok(&["values", "status", "--prefix", "5", "-o", "json"]);
        assert_eq!(json, "{\"count\":1,\"exact\":true,\"value\":\"500\"}\n");
        assert_eq!(place.run(&["values", "nothing"]).status.code(), Some(1));
    }
}

#[test]
fn a_name_that_nobody_has_is_said() {
    let place = place();
    let (code, shown, said) = parts(&place.run(&["query", "statsu=500"]));
    assert_eq!((code, shown.as_str()), (1, ""));
    assert_eq!(said, "no record has a field statsu; did you mean status?\n");
    let (_, _, said) = parts(&place.run(&["query", "--tz", "Mars/Olympus", "*"]));
    assert!(said.contains("name of a zone"), "{said}");
}

#[test]
fn lookups_last_and_context_reach_the_query() {
    let place = place();
    let csv = place.beside("codes.csv", b"status,meaning\n500,\"bad, really\"\n");
    let lookup = format!("codes={}", csv.display());
    let query = "level=error | lookup codes on status fields meaning | fields n, meaning";
    assert_eq!(place.ok(&["query", query, "--lookup", &lookup]), "60\tbad, really\n");
    let (code, _, said) = parts(&place.run(&["query", query, "--lookup", "codes=/nowhere.csv"]));
    assert_eq!(code, 2);
    assert!(said.contains("/nowhere.csv"), "{said}");
    assert_eq!(place.ok(&["query", "level=error", "--last", "1h"]).lines().count(), 1);
    let (_, _, said) = parts(&place.run(&["query", "* last=1h", "--last", "1h"]));
    assert!(said.contains("bounds of time of its own"), "{said}");
    let near = place.ok(&["query", "--oldest-first", "n=3 OR n=4 OR n=9", "-B", "1"]);
    let numbers: Vec<&str> = near.lines().map(|l| l.rsplit("n=").next().unwrap()).collect();
    assert_eq!(numbers, ["2", "3", "4", "--", "8", "9"]);
    let json = place.ok(&["query", "level=error", "-C", "1", "-o", "json"]);
    let marks: Vec<bool> = json.lines().map(|l| l.contains("\"_context\":true")).collect();
    assert_eq!(marks, [true, false]);
    let (code, _, said) = parts(&place.run(&["query", "* | head 1", "-C", "2"]));
    assert_eq!(code, 2);
    assert!(said.contains("context before=2 after=2"), "{said}");
}

/// What bash offers at the end of `line`, by the script that the command prints.
fn offered(place: &Place, line: &str) -> Vec<String> {
    let script = place.beside("completion.bash", place.ok(&["completions", "bash"]).as_bytes());
    let test = r#"
        source "$1"
        compopt() { :; }
        COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=("$3") COMP_CWORD=1
        _gastrolog
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let out = std::process::Command::new("bash")
        .args(["-c", test, "bash", script.to_str().unwrap(), line, env!("CARGO_BIN_EXE_gastrolog")])
        .env("GASTROLOG_DATA", place.data())
        .output()
        .unwrap();
    assert!(out.stderr.is_empty(), "{}", parts(&out).2);
    parts(&out).1.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_fields_and_values_from_the_store() {
    let place = place();
    let cases: [(&str, &[&str]); 12] = [
        ("gastrolog que", &["query"]),
        ("gastrolog query sta", &["status="]),
        ("gastrolog query status=", &["200", "201", "202", "500"]),
        ("gastrolog query level=info status!=5", &["500"]),
        ("gastrolog query 'status=5", &["status=500"]),
        ("gastrolog query '(host=web-1 OR level=err", &["(host=web-1 OR level=error"]),
        ("gastrolog query 'level=info | stats count() by hos", &["level=info | stats count() by host"]),
        ("gastrolog query --output r", &["raw"]),
        ("gastrolog query --oldest", &["--oldest-first"]),
        ("gastrolog values ho", &["host"]),
        ("gastrolog --name nothing query sta", &[]),
        ("gastrolog ingest /", &[]),
    ];
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        for (line, wanted) in cases {
            assert_eq!(offered(&place, line), wanted, "{line}");
        }
    }
}

#[test]
fn fish_completes_whole_words() {
    if std::process::Command::new("fish").arg("--version").output().is_err() {
        eprintln!("skipped: fish is not installed");
        return;
    }
    let place = place();
    let script = place.beside("completion.fish", place.ok(&["completions", "fish"]).as_bytes());
    let cases: [(&str, &[&str]); 6] = [
        ("gastrolog que", &["query"]),
        ("gastrolog query sta", &["status="]),
        ("gastrolog query status=", &["status=200", "status=201", "status=202", "status=500"]),
        ("gastrolog query 'status=5", &["status=500"]),
        ("gastrolog query 'level=info | stats count() by hos", &["level=info | stats count() by host"]),
        ("gastrolog query --output r", &["raw"]),
    ];
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_gastrolog")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for (line, wanted) in cases {
        let out = std::process::Command::new("fish")
            .args(["--no-config", "-c", "source $argv[1]; complete -C $argv[2]"])
            .args([script.to_str().unwrap(), line])
            .env("GASTROLOG_DATA", place.data())
            .env("PATH", &path)
            .output()
            .unwrap();
        let (_, shown, said) = parts(&out);
        // A description may follow a tab; ours have none.
        let offered: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert_eq!(offered, wanted, "{line}: {said}");
    }
}

#[test]
fn scripts_are_there_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.ok(&["completions", shell]);
        assert!(script.contains(&format!("__complete {shell}")), "{script}");
    }
    assert!(place.ok(&["completions", "powershell"]).contains("gastrolog"));
    let (code, shown, said) = parts(&place.run(&["__complete", "bash", "gastrolog query 'a"]));
    assert_eq!((code, shown.as_str(), said.as_str()), (1, "", ""), "no store, no word about it");
}
