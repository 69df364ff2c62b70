//! Queries made to explode: each is answered, or refused with a clear error, and the server lives on within its memory.

use std::fmt::Write;

use gastrolog_engine::Service;
use gastrolog_server::Client;
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::meter::{forget_peak, peak_mb, row, serve, size};
use crate::support::{Place, parts};

/// What a query may hold, by the configuration of this test.
const QUERY_MB: u64 = 64;

/// What the server may have: itself, the cache of columns (96 MiB), the records that wait, their encoding, mapped chunks,
/// and twice what a query may hold: what it counts and what the allocator makes of it.
const SERVER_MB: u64 = 450;

/// A store whose records all differ.
fn fill(client: &Client) {
    let all = size(50_000, 1_000_000);
    for start in (0..all).step_by(10_000) {
        let mut text = String::new();
        for i in start..start + 10_000 {
            let id = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let _ = writeln!(
                text,
                "{{\"id\":\"{id:016x}\",\"n\":{i},\"msg\":\"user {i} did {} things\"}}",
                i % 77
            );
        }
        let batch = Batch::from_lines(text.into_bytes(), Attributes::default(), Timestamp(start as i64));
        client.append("", batch).unwrap();
    }
    client.seal("").unwrap();
}

/// The attacks: a name and a query.
fn attacks() -> Vec<(&'static str, String)> {
    let ors = |term: &dyn Fn(usize) -> String| (0..1000).map(term).collect::<Vec<_>>().join(" OR ");
    let mut nested = "error".to_owned();
    for _ in 0..100 {
        nested = format!("* | join on id ({nested} | stats count() by id)");
    }
    vec![
        ("`(` 100000 times", "(".repeat(100_000)),
        ("`(` 60000 times", "(".repeat(60_000)),
        ("parentheses 120 deep", format!("{}a{}", "(".repeat(120), ")".repeat(120))),
        ("NOT 15000 times", "NOT ".repeat(15_000) + "a"),
        ("a regex of 60000 bytes", format!("/{}/", "a|".repeat(29_990) + "b")),
        ("a regex of (a{1000}){1000}", "/((a{1,1000}){1,1000}){1,1000}/".to_owned()),
        ("a regex of nested stars", "/(((a*)*)*)*$/".to_owned()),
        ("a regex of 200 nested repetitions", format!("/ a{}/", "+".repeat(200))),
        ("a regex of \\pL{500}", "/\\pL{500}/".to_owned()),
        ("a regex 5000 deep", format!("/{}a{}/", "(".repeat(5000), ")".repeat(5000))),
        (
            "64 regexes",
            (0..64).map(|i| format!("/(?i)x{i}.*[a-z]{{1,50}}/")).collect::<Vec<_>>().join(" OR "),
        ),
        ("65 regexes", (0..65).map(|i| format!("/x{i}/")).collect::<Vec<_>>().join(" OR ")),
        ("a thousand words with OR", ors(&|i| format!("w{i}"))),
        ("a thousand fields with OR", ors(&|i| format!("f{i}=v{i}"))),
        ("a thousand globs with OR", ors(&|i| format!("msg=*a{i}*b*c*"))),
        ("10000 words next to each other", "a ".repeat(10_000)),
        ("group by a unique id", "* | stats count() by id".to_owned()),
        ("group by three unique fields", "* | stats count(), max(n), p99(n) by id, n, msg".to_owned()),
        ("distinct values of a unique id", "* | stats count_distinct(id)".to_owned()),
        ("quantiles of groups of one", "* | stats p99(n), p50(n), avg(n), values(msg) by id".to_owned()),
        ("sort of everything", "* | sort msg, -id".to_owned()),
        ("head of 1e18", "* | head 1000000000000000000".to_owned()),
        ("head of 1e18 after a sort", "* | sort n | head 999999999999999999".to_owned()),
        ("tail of 1e18", "* | tail 1000000000000000000".to_owned()),
        ("dedup of everything", "* | dedup id, msg".to_owned()),
        ("patterns of everything", "* | patterns".to_owned()),
        ("join of everything with itself", "* | join on id (* | fields id, n)".to_owned()),
        (
            "join of a hundred million rows",
            "* | eval c = 1 | join on c (* | eval c = 1, m = n | head 100000 | fields c, m) | stats count()"
                .to_owned(),
        ),
        ("100 joins in each other", nested),
        ("a thousand stages", "*".to_owned() + &" | head 5".repeat(1000)),
        ("bins of a nanosecond", "* | stats count() by bin(1ns)".to_owned()),
        ("eval of 10000 sums", format!("* | eval x = {}1", "1 + ".repeat(10_000))),
        ("eval 10000 deep", format!("* | eval x = {}1{}", "(".repeat(10_000), ")".repeat(10_000))),
        ("eval that doubles 60 times", doubling()),
        (
            "eval that replaces nothing by much",
            format!("* | eval x = replace(msg, /./, \"{}\")", "y".repeat(10_000)),
        ),
        ("a context of 1e18", "* | context 1000000000000000000".to_owned()),
    ]
}

/// Each field is the one before it, twice.
fn doubling() -> String {
    let stages: String = (1..60).map(|i| format!(" | eval x{i} = concat(x{}, x{})", i - 1, i - 1)).collect();
    format!("* | eval x0 = msg{stages} | stats count() by x59")
}

#[test]
fn queries_made_to_explode() {
    let place = Place::new();
    let config = format!("[query]\nlimit_memory = \"{QUERY_MB}MiB\"\ntimeout = \"60s\"\n");
    let serving = serve(&place, &config);
    fill(&Client::connect_tcp(serving.address).unwrap());
    println!("| before the queries | | {} | {SERVER_MB} |", peak_mb(serving.id()));
    for (name, query) in attacks() {
        forget_peak(serving.id());
        // A whole answer is asked for and thrown away: what it takes is the server's.
        let file = place.beside("query", query.as_bytes());
        let args = ["query", "--output", "json", "--limit", "none", "--file", file.to_str().unwrap()];
        let out = if query.len() < 100_000 {
            place.run(&["query", "--output", "json", "--limit", "none", &query])
        } else {
            place.run(&[&args[..5], &[&query[..]]].concat())
        };
        let (code, shown, said) = parts(&out);
        let outcome = match code {
            0 | 1 => format!("{} rows", shown.lines().count()),
            2 => said.lines().find_map(|l| l.strip_prefix("error: ")).unwrap_or_default().to_owned(),
            other => panic!("{name}: exit {other}: {said}"),
        };
        let start: String = said.chars().take(400).collect();
        assert!(!outcome.is_empty(), "{name}: no error is said: {start}");
        assert!(said.len() < 10_000, "{name}: an error of {} bytes: {start}", said.len());
        let short: String = outcome.chars().take(110).collect();
        row(&format!("query: {name}"), &short.replace('|', "\\|"), peak_mb(serving.id()), SERVER_MB);
    }
    place.ok(&["query", "--limit", "1", "*"]);
    assert!(serving.stop().iter().all(|l| !l.contains("panicked")));
}
