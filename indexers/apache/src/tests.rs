//! Tests of the access log indexer: by table, by property, and against real logs where they are at hand.

use std::collections::BTreeMap;
use std::path::Path;

use gastrolog_index::{Claim, Indexer, Name, RangeSet, TimeRole};
use proptest::prelude::*;

use crate::Apache;

/// `name=value` of every range, in order; none when the record is refused.
fn fields(record: &[u8]) -> Option<Vec<(String, String)>> {
    let mut out = RangeSet::default();
    if Apache.index(record, 0..record.len(), &mut out) == Claim::No {
        return None;
    }
    let text = |s: &gastrolog_index::Span| {
        let value = String::from_utf8_lossy(&record[s.start as usize..s.end as usize]).into_owned();
        assert_eq!(s.time == TimeRole::Header, out.path(s.name, record) == "time");
        (if s.name == Name::TEXT { "TEXT".to_string() } else { out.path(s.name, record) }, value)
    };
    Some(out.spans().iter().map(text).collect())
}

fn check(record: &str, expect: &[(&str, &str)]) {
    let got = fields(record.as_bytes()).unwrap_or_else(|| panic!("refused: {record}"));
    let got: Vec<(&str, &str)> = got.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(got, expect, "{record}");
}

#[test]
fn common_and_combined() {
    check(
        r#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /cart/8817?a=b HTTP/1.1" 500 2326 "-" "curl/8.5""#,
        &[
            ("remote_addr", "192.0.2.7"),
            ("ident", "-"),
            ("user", "-"),
            ("time", "10/Oct/2025:13:55:36 +0000"),
            ("request", "GET /cart/8817?a=b HTTP/1.1"),
            ("method", "GET"),
            ("path", "/cart/8817?a=b"),
            ("protocol", "HTTP/1.1"),
            ("status", "500"),
            ("bytes", "2326"),
            ("referer", "-"),
            ("user_agent", "curl/8.5"),
        ],
    );
    check(
        "2001:db8::1 - John Smith [10/Oct/2025:13:55:36 +0000] \"GET /\" 304 -\r",
        &[
            ("remote_addr", "2001:db8::1"),
            ("ident", "-"),
            ("user", "John Smith"),
            ("time", "10/Oct/2025:13:55:36 +0000"),
            ("request", "GET /"),
            ("method", "GET"),
            ("path", "/"),
            ("status", "304"),
            ("bytes", "-"),
        ],
    );
}

#[test]
fn virtual_hosts_and_further_fields() {
    check(
        r#"localhost:443 10.0.0.1 id jo [26/Jul/2023:00:01:26 -0700] "POST /a b HTTP/2.0" 200 1 "r\"s" "" "10.1.1.1, 10.2.2.2" 0.005 "x" 7"#,
        &[
            ("vhost", "localhost"),
            ("port", "443"),
            ("remote_addr", "10.0.0.1"),
            ("ident", "id"),
            ("user", "jo"),
            ("time", "26/Jul/2023:00:01:26 -0700"),
            ("request", "POST /a b HTTP/2.0"),
            ("method", "POST"),
            ("path", "/a b"),
            ("protocol", "HTTP/2.0"),
            ("status", "200"),
            ("bytes", "1"),
            ("referer", r#"r\"s"#),
            ("user_agent", ""),
            ("http_x_forwarded_for", "10.1.1.1, 10.2.2.2"),
            ("TEXT", "0.005"),
            ("extra1", "x"),
            ("TEXT", "7"),
        ],
    );
}

#[test]
fn requests_that_are_none() {
    for request in ["-", r"\x16\x03\x01\x02", "", "GET", "get / HTTP/1.1", "G ", "GET  HTTP/1.1"] {
        let line = format!(r#"h - - [10/Oct/2025:13:55:36 +0000] "{request}" 400 0 "-" "-""#);
        let got = fields(line.as_bytes()).unwrap();
        assert!(got.contains(&("request".into(), request.into())), "{got:?}");
        assert!(got.iter().all(|(name, _)| name != "method" && name != "path"), "{got:?}");
        assert!(got.contains(&("status".into(), "400".into())));
    }
}

#[test]
fn a_line_cut_off_keeps_its_last_field() {
    let got = fields(br#"h - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0 (comp"#)
        .unwrap();
    assert_eq!(got.last().unwrap(), &("user_agent".to_string(), "Mozilla/5.0 (comp".to_string()));
}

#[test]
fn key_value_extras_are_left_to_others() {
    let record = br#"h - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "-" "-" rt=0.1 uct="0.2""#;
    let got = fields(record).unwrap();
    assert_eq!(got.last().unwrap().0, "user_agent");
}

#[test]
fn what_is_not_an_access_log() {
    for record in [
        "",
        "-",
        r#"{"a":1}"#,
        "2026-01-02 INFO [10/Oct/2025:13:55:36 +0000] x",
        r#"192.0.2.7 [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" abc 5"#,
        r#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] GET / 200 5"#,
        r#"192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /"#,
        r#"[10/Oct/2025:13:55:36 +0000] "GET /" 200 5"#,
    ] {
        assert_eq!(fields(record.as_bytes()), None, "{record}");
    }
}

/// Real logs beside the project; absent elsewhere, then the tests that need them pass without looking.
fn shared(path: &str) -> Option<Vec<u8>> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
        eprintln!("skipped: {} is not there", path.display());
    }
    bytes.map(
        |b| if path.extension().is_some_and(|e| e == "zst") { zstd::decode_all(&*b).unwrap() } else { b },
    )
}

/// Compares counts by status with those of a regular expression; at most `refused_max` lines are not claimed.
fn check_log(path: &str, refused_max: usize) {
    let Some(log) = shared(path) else { return };
    let shape = regex::bytes::Regex::new(r#"(?-u)\] "(?:[^"\\]|\\.)*" (\d{3}) (\d+|-)(?: |$)"#).unwrap();
    let (mut found, mut expected) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    let (mut lines, mut refused) = (0, 0);
    for line in log.split(|&b| b == b'\n').filter(|l| !l.is_empty()) {
        lines += 1;
        if let Some(m) = shape.captures(line) {
            *expected.entry(String::from_utf8_lossy(&m[1]).into_owned()).or_default() += 1;
        }
        let Some(fields) = fields(line) else {
            refused += 1;
            continue;
        };
        let status = fields.iter().find(|(name, _)| name == "status").unwrap();
        *found.entry(status.1.clone()).or_default() += 1;
    }
    assert!(lines > 50 && refused <= refused_max, "{path}: {refused} of {lines} lines are refused");
    assert_eq!(found, expected, "{path}");
}

#[test]
fn real_logs_agree_with_a_regular_expression() {
    check_log("access-nasa-sample/NASA_Aug95_100.txt", 0);
    check_log("access-zanbil-100k/lines-000001-050000.log.zst", 0);
    check_log("elastic-examples/apache_logs.zst", 0);
}

/// Every range lies in the part, and any two are disjoint or nested.
fn well_formed(out: &RangeSet, part: std::ops::Range<usize>) -> bool {
    let spans = out.spans();
    let inside = spans
        .iter()
        .all(|s| s.start <= s.end && s.start as usize >= part.start && s.end as usize <= part.end);
    let pairs = spans.iter().flat_map(|a| spans.iter().map(move |b| (a, b)));
    inside && pairs.into_iter().all(|(a, b)| !(a.start < b.start && b.start < a.end && a.end < b.end))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken(
        mut record in proptest::collection::vec(any::<u8>(), 0..200),
        line in any::<bool>(),
        changes in proptest::collection::vec((any::<usize>(), prop_oneof![any::<u8>(), Just(b'"'), Just(b' '), Just(b'[')]), 0..4),
        cut: usize,
        before in 0usize..3,
    ) {
        if line {
            record = br#"v:1 1.2.3.4 - - [10/Oct/2025:13:55:36 +0000] "GET /x?y HTTP/1.1" 200 5 "-" "\"a\\" "-" 1 a=b"#.to_vec();
            for (at, byte) in changes {
                let at = at % record.len();
                record[at] = byte;
            }
            record.truncate(record.len() - (cut % 3) * (cut % 40));
        }
        let part = before.min(record.len())..record.len();
        let mut out = RangeSet::default();
        Apache.index(&record, part.clone(), &mut out);
        prop_assert!(well_formed(&out, part));
    }
}
