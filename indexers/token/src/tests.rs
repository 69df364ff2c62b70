//! Tests of the free text indexer: by table, by property, and against real logs where they are at hand.

use std::path::Path;

use gastrolog_index::{Claim, Indexer, Name, RangeSet, TimeRole};
use gastrolog_types::words::is_word_byte;
use gastrolog_types::{Timestamp, find_time};
use proptest::prelude::*;

use crate::Token;

/// Name and value of every range, in order.
fn fields(record: &[u8]) -> Vec<(String, String)> {
    let mut out = RangeSet::default();
    assert_eq!(Token.index(record, 0..record.len(), &mut out), Claim::Yes);
    let one = |s: &gastrolog_index::Span| {
        let value = String::from_utf8_lossy(&record[s.start as usize..s.end as usize]).into_owned();
        (if s.name == Name::TEXT { "-".to_string() } else { out.path(s.name, record) }, value)
    };
    out.spans().iter().map(one).collect()
}

fn check(record: &str, expect: &[(&str, &str)]) {
    let got = fields(record.as_bytes());
    let got: Vec<(&str, &str)> = got.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(got, expect, "{record}");
}

#[test]
fn time_then_level_then_text() {
    let time = "2015-10-18 18:01:47,978";
    check(
        &format!("{time} INFO [main] org.x: Created"),
        &[("time", time), ("level", "INFO"), ("-", "[main] org.x: Created")],
    );
    check(&format!("{time} - WARN  [a:b@1] - x"), &[("time", time), ("level", "WARN"), ("-", "[a:b@1] - x")]);
    check(&format!("[{time}] [error] a b\r"), &[("time", time), ("level", "error"), ("-", "a b")]);
    check(
        &format!("{time} [main] DEBUG: a"),
        &[("time", time), ("-", "main"), ("level", "DEBUG"), ("-", "a")],
    );
    check(
        &format!("{time} [core:error] [pid 1] a"),
        &[("time", time), ("-", "core"), ("level", "error"), ("-", "[pid 1] a")],
    );
    check(&format!("{time} 148 7 Info"), &[("time", time), ("-", "148 7"), ("level", "Info")]);
    check(&format!("{time} 1 2 3 INFO"), &[("time", time), ("-", "1 2 3 INFO")]);
    check(&format!("{time} level INFO"), &[("time", time), ("-", "level INFO")]);
    check(&format!("{time} errors"), &[("time", time), ("-", "errors")]);
    check(&format!("{time} error=5"), &[("time", time), ("-", "error=5")]);
    check(time, &[("time", time)]);
}

#[test]
fn text_alone() {
    check("hello ERROR", &[("-", "hello ERROR")]);
    check("[2026", &[("-", "[2026")]);
    check("", &[("-", "")]);
    check("\r", &[("-", "")]);
}

#[test]
fn a_message_named_by_another_is_not_text_again() {
    let (record, mut out) = (b"<1>hello", RangeSet::default());
    out.field(3..8, "message");
    Token.index(record, 3..8, &mut out);
    assert_eq!(out.spans().len(), 1);
}

/// How many lines of a real log have a time that can be read, and a level; the log may be absent.
fn counts(path: &str) -> Option<(usize, usize, usize)> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    let Ok(log) = std::fs::read(&path) else {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let (mut lines, mut timed, mut leveled) = (0, 0, 0);
    for line in log.split(|&b| b == b'\n').filter(|l| !l.is_empty()) {
        let fields = fields(line);
        let reference = Timestamp(1_772_600_000_000_000_000);
        lines += 1;
        timed += usize::from(
            fields.iter().any(|(n, v)| n == "time" && find_time(v.as_bytes(), reference).is_some()),
        );
        leveled += usize::from(fields.iter().any(|(n, _)| n == "level"));
    }
    Some((lines, timed, leveled))
}

#[test]
fn real_logs_have_their_times_and_levels() {
    for (name, levels) in [
        ("HDFS", 2000),
        ("Apache", 2000),
        ("Spark", 2000),
        ("Zookeeper", 2000),
        ("Windows", 2000),
        ("Android", 0),
    ] {
        if let Some(counts) = counts(&format!("loghub-2k/{name}/{name}_2k.log")) {
            assert_eq!(counts, (2000, 2000, levels), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken(
        mut record in proptest::collection::vec(any::<u8>(), 0..60),
        prefix in proptest::option::of("(\\[?2015-10-18 18:01:47)?[, \\[\\]:0-9a]{0,6}(INFO|error|[a-f]{1,3})?[\\]\\[ :\r]{0,3}"),
        before in 0usize..3,
    ) {
        if let Some(prefix) = prefix {
            record.splice(0..0, prefix.into_bytes());
        }
        let part = before.min(record.len())..record.len();
        let mut out = RangeSet::default();
        prop_assert_eq!(Token.index(&record, part.clone(), &mut out), Claim::Yes);
        let mut end = part.start;
        for s in out.spans() {
            prop_assert!(end <= s.start as usize && s.start <= s.end && s.end as usize <= part.end);
            end = s.end as usize;
            let splits = |at: usize| at > part.start && at < part.end && is_word_byte(record[at - 1]) && is_word_byte(record[at]);
            prop_assert!(!splits(s.start as usize) && !splits(s.end as usize), "{:?}", s);
            prop_assert!((s.time == TimeRole::Header) == (s.name != Name::TEXT && out.path(s.name, &record) == "time"));
        }
    }
}
