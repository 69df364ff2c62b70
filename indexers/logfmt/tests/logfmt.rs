//! Tests of the logfmt indexer from outside: a table and properties.

use gastrolog_index::{Claim, Indexer, Name, RangeSet, Span, TimeRole};
use gastrolog_indexer_logfmt::LogfmtIndexer;
use proptest::prelude::*;

fn index(record: &[u8]) -> Option<RangeSet> {
    let mut out = RangeSet::default();
    (LogfmtIndexer.index(record, 0..record.len(), &mut out) == Claim::Yes).then_some(out)
}

/// Path and raw value of each range in order; unnamed ones are called `text`, a time has a `!` after its path.
fn fields(record: &[u8], out: &RangeSet) -> Vec<(String, String)> {
    let field = |s: &Span| {
        let path = if s.name == Name::TEXT { "text".to_owned() } else { out.path(s.name, record) };
        let mark = if s.time == TimeRole::No { "" } else { "!" };
        let raw = &record[s.start as usize..s.end as usize];
        (path + mark, String::from_utf8_lossy(raw).into_owned())
    };
    out.spans().iter().map(field).collect()
}

#[track_caller]
fn check(record: &str, want: &[(&str, &str)]) {
    let out = index(record.as_bytes()).unwrap_or_else(|| panic!("refused: {record}"));
    let want: Vec<_> = want.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    assert_eq!(fields(record.as_bytes(), &out), want, "{record}");
}

#[test]
fn pairs() {
    check(
        r#"time=2024-01-01T00:00:00Z level=info msg="hi \"you\" a=b" n=1.5 empty= q="""#,
        &[
            ("time!", "2024-01-01T00:00:00Z"),
            ("level", "info"),
            ("msg", r#"hi \"you\" a=b"#),
            ("n", "1.5"),
            ("empty", ""),
            ("q", ""),
        ],
    );
    check("  a=1\n\tuser.id=x/y,z  ", &[("a", "1"), ("user.id", "x/y,z")]);
    check("a=\"x\"b=2", &[("a", "x"), ("b", "2")]);
    check("ƒ=2 @t-x:y=\u{e9}", &[("ƒ", "2"), ("@t-x:y", "\u{e9}")]);
}

#[test]
fn flags_are_text() {
    check(
        "a=1 b=2 dry run c=3 d=4 e=5 f=6",
        &[("a", "1"), ("b", "2"), ("text", "dry run"), ("c", "3"), ("d", "4"), ("e", "5"), ("f", "6")],
    );
    check("a=1 b=2 c=3 (ok)", &[("a", "1"), ("b", "2"), ("c", "3"), ("text", "(ok)")]);
}

#[test]
fn what_is_not_all_logfmt_is_refused() {
    for record in [
        "",
        "  ",
        "a=1",
        "plain words",
        "GET /x?a=b&c=d k=v",
        "words first a=1 b=2 c=3 d=4 e=5",
        "user=bob logged in from host=web",
        "a=1, b=2, c=3",
        "f(a=1 b=2)",
        "{\"a\":\"x=y z=w\"}",
        "a==1 b=2",
        "a=b=c d=e",
        "a=b\"c\" d=e",
        "a=1 b=\"open",
        "=1 b=2 c=3",
    ] {
        assert!(index(record.as_bytes()).is_none(), "{record}");
    }
}

#[test]
fn limits_end_in_one_unnamed_range() {
    let record = "k=v ".repeat(3000);
    let got = fields(record.as_bytes(), &index(record.as_bytes()).unwrap());
    assert_eq!(got.len(), 1025);
    assert_eq!(got[1024], ("text".to_owned(), record[4096..record.len() - 1].to_owned()));
}

fn logfmt_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces: &[&[u8]] =
        &[b"a", b"=", b"\"", b"\\", b" ", b"\n", b"k=v ", b"x=\"y z\" ", b",", b"(", b"\xff", b"ts=1 "];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..50).prop_map(|pieces| pieces.concat())
}

fn assert_in_order(record: &[u8]) -> Result<(), TestCaseError> {
    let Some(out) = index(record) else { return Ok(()) };
    let mut end = 0;
    for span in out.spans() {
        prop_assert!(end <= span.start && span.start <= span.end && span.end as usize <= record.len());
        end = span.end;
    }
    for (_, part) in out.names() {
        let gastrolog_index::NamePart::Key { start, end, .. } = *part else { continue };
        prop_assert!(out.spans().iter().all(|s| end <= s.start || s.end <= start));
        prop_assert_eq!(record[end as usize], b'=');
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_bytes(record in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_in_order(&record)?;
    }

    #[test]
    fn bytes_like_logfmt(record in logfmt_like()) {
        assert_in_order(&record)?;
    }

    #[test]
    fn what_was_written_is_read(pairs in prop::collection::vec(("[a-z][a-z_.]{0,8}", "\\PC{0,20}"), 2..20)) {
        let quoted = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"");
        let record: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}=\"{}\"", quoted(v))).collect();
        let record = record.join(" ");
        let out = index(record.as_bytes()).unwrap();
        let got: Vec<_> = out.spans().iter().map(|s| {
            let raw = &record.as_bytes()[s.start as usize..s.end as usize];
            let value = gastrolog_index::unescape(raw, s.escape).into_owned();
            (out.path(s.name, record.as_bytes()), String::from_utf8(value).unwrap())
        }).collect();
        prop_assert_eq!(got, pairs);
    }
}
