//! Access logs, against a parser that cuts lines at their quotes.

use super::tools::{Loaded, count, load, same};

/// What stands between quotes and before and behind them.
#[derive(Debug, Default)]
struct Line {
    remote_addr: String,
    method: String,
    path: String,
    status: String,
    bytes: String,
}

/// Whether a line is one that a query should find.
type Keep<'a> = &'a dyn Fn(&Line) -> bool;

/// Cuts a line: `host … "request" status bytes "…"`. A quote behind a backslash is part of the request.
fn cut(line: &[u8]) -> Line {
    let text = String::from_utf8_lossy(line).into_owned();
    let mut quotes = text.match_indices('"').map(|(at, _)| at).filter(|&at| !text[..at].ends_with('\\'));
    let (Some(open), Some(close)) = (quotes.next(), quotes.next()) else { panic!("{text}") };
    let (mut head, mut tail) = (text[..open].split(' '), text[close + 1..].split(' ').skip(1));
    let request = &text[open + 1..close];
    let word = |words: &mut dyn Iterator<Item = &str>| words.next().unwrap_or("").to_owned();
    let remote_addr = word(&mut head);
    let (status, bytes) = (word(&mut tail), word(&mut tail));
    // What is no request (bytes of TLS, an empty line) has neither method nor path.
    let (method, path) = match request.split_once(' ') {
        Some((m, rest)) if m.len() > 1 && m.bytes().all(|b| b.is_ascii_uppercase()) => {
            (m.to_owned(), rest.rsplit_once(" HTTP/").map_or(rest, |(path, _)| path).to_owned())
        }
        _ => Default::default(),
    };
    Line { remote_addr, method, path, status, bytes }
}

fn check(files: &[&str]) {
    let Some(loaded) = load(files) else { return };
    let cut: Vec<Line> = loaded.lines.iter().map(|l| cut(l)).collect();
    by_field(&loaded, &cut);
    let number = |keep: Keep<'_>| cut.iter().filter(|l| keep(l)).count().to_string();
    let size = |l: &Line| l.bytes.parse::<u64>().ok();
    let cases: [(&str, Keep<'_>); 8] = [
        ("status=500 method=POST", &|l| l.status == "500" && l.method == "POST"),
        ("status=404 NOT method=GET", &|l| l.status == "404" && l.method != "GET"),
        ("status>=400 status<500", &|l| l.status.starts_with('4')),
        ("status in (301, 302)", &|l| l.status == "301" || l.status == "302"),
        ("bytes>100000", &|l| size(l) > Some(100_000)),
        ("path=/image*", &|l| l.path.starts_with("/image")),
        ("path=*.png status!=200", &|l| l.path.ends_with(".png") && l.status != "200"),
        ("path=/^\\/[a-z]+\\/[0-9]+$/", &|l| {
            let mut parts = l.path.split('/').skip(1);
            let (word, digits, end) = (parts.next(), parts.next(), parts.next());
            let is = |text: Option<&str>, class: fn(u8) -> bool| {
                text.is_some_and(|t| !t.is_empty() && t.bytes().all(class))
            };
            is(word, |b| b.is_ascii_lowercase()) && is(digits, |b| b.is_ascii_digit()) && end.is_none()
        }),
    ];
    for (query, keep) in cases {
        assert_eq!(loaded.number(&format!("{query} | stats count()")), number(keep), "{query}");
    }
    let sum: u64 = cut.iter().filter_map(size).sum();
    assert_eq!(loaded.number("* | stats sum(bytes)").parse::<f64>().unwrap(), sum as f64);
    for word in ["mozilla", "googlebot", "GET", "jpg", "2019", "presentations", "shuttle", "HTTP"] {
        assert_eq!(loaded.number(&format!("{word} | stats count()")), loaded.grep("-cwi", word), "{word}");
    }
}

fn by_field(loaded: &Loaded, cut: &[Line]) {
    same(&loaded.count_by("*", &["status"]), &count(cut, |l| vec![l.status.clone()]), "status");
    same(&loaded.count_by("*", &["remote_addr"]), &count(cut, |l| vec![l.remote_addr.clone()]), "address");
    let both = count(cut, |l| vec![l.method.clone(), l.status.clone()]);
    same(&loaded.count_by("*", &["method", "status"]), &both, "method and status");
    same(&loaded.count_by("*", &["path"]), &count(cut, |l| vec![l.path.clone()]), "path");
    let found = loaded.rows("* | stats count() by path | sort -count | head 10");
    let tops: Vec<u64> = found.iter().map(|row| row["count"].as_u64().unwrap()).collect();
    let mut all: Vec<u64> = count(cut, |l| vec![l.path.clone()]).into_values().collect();
    all.sort_by_key(|n| std::cmp::Reverse(*n));
    assert_eq!(tops, all[..10.min(all.len())]);
}

#[test]
fn nginx() {
    check(&["access-zanbil-100k/lines-000001-050000.log.zst"]);
}

#[test]
fn apache_combined() {
    check(&["elastic-examples/apache_logs.zst"]);
}

#[test]
fn common_log() {
    check(&["access-nasa-sample/NASA_Aug95_100.txt"]);
}

#[test]
fn several_logs_in_one_store() {
    check(&[
        "access-nasa-sample/NASA_Aug95_100.txt",
        "access-zanbil-100k/lines-000001-050000.log.zst",
        "elastic-examples/apache_logs.zst",
    ]);
}
