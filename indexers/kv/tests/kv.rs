//! Tests of the key=value indexer from outside: a table and properties.

use std::ops::Range;

use gastrolog_index::{Claim, Indexer, Name, NamePart, Pipeline, RangeSet, Span, TimeRole};
use gastrolog_indexer_kv::KvIndexer;
use gastrolog_types::words::is_word_byte;
use proptest::prelude::*;

/// Takes what is left and calls it `head`.
struct Head;

impl Indexer for Head {
    fn name(&self) -> &'static str {
        "head"
    }

    fn index(&self, _: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        out.field(part, "head");
        Claim::Yes
    }
}

/// Path and raw value of each range in order; unnamed ones are called `text`, a time has a `!` after its path.
#[track_caller]
fn check(record: &str, want: &[(&str, &str)]) {
    let bytes = record.as_bytes();
    let mut out = RangeSet::default();
    let claimed = Pipeline::new(vec![Box::new(KvIndexer), Box::new(Head)]).parse(bytes, &mut out).claimed_by;
    assert!(claimed & 1 == 1, "refused: {record}");
    let field = |s: &Span| {
        let path = if s.name == Name::TEXT { "text".to_owned() } else { out.path(s.name, bytes) };
        let mark = if s.time == TimeRole::No { "" } else { "!" };
        (path + mark, record[s.start as usize..s.end as usize].to_owned())
    };
    let got: Vec<_> = out.spans().iter().map(field).collect();
    let want: Vec<_> = want.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    assert_eq!(got, want, "{record}");
}

fn index(record: &[u8]) -> Option<RangeSet> {
    let mut out = RangeSet::default();
    (KvIndexer.index(record, 0..record.len(), &mut out) == Claim::Yes).then_some(out)
}

#[track_caller]
fn refused(record: &str) {
    assert!(index(record.as_bytes()).is_none(), "{record}");
}

#[test]
fn pairs_in_text() {
    check("cache hit key=user:459820", &[("text", "cache hit"), ("key", "user:459820")]);
    check(
        "request done status=200, bytes=917 in 15ms.",
        &[("text", "request done"), ("status", "200"), ("bytes", "917"), ("text", "in 15ms")],
    );
    check(
        r#"login user="bob \"b\" x" from='a b' ok=true; end"#,
        &[("text", "login"), ("user", r#"bob \"b\" x"#), ("from", "a b"), ("ok", "true"), ("text", "end")],
    );
    check("ts=5 x= y=", &[("ts!", "5"), ("x", ""), ("y", "")]);
    check("user.id=1 Größe=2", &[("user.id", "1"), ("Größe", "2")]);
}

#[test]
fn the_head_is_left_when_a_digit_is_in_it() {
    check("[2024-01-01 10:00:00] INFO - a=1", &[("head", "[2024-01-01 10:00:00] INFO"), ("a", "1")]);
}

#[test]
fn separators_and_brackets() {
    check("(a=1,b=2;c=3|d=4)", &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    check("[a=1][b=2]", &[("a", "1"), ("b", "2")]);
    check(
        "ctx={a=1, b=x(y)}, c=f(1, 2) z",
        &[("text", "ctx"), ("a", "1"), ("b", "x(y)"), ("c", "f(1"), ("text", "2) z")],
    );
    check("ids=[1, 2, 3] n=1,2,3 x=a=b==", &[("ids", "[1, 2, 3]"), ("n", "1,2,3"), ("x", "a=b==")]);
    check("a=1&b=2&c=x", &[("a", "1"), ("b", "2"), ("c", "x")]);
    check(
        "to=<a@b.c>, relay=x[1.2.3.4]:25, f=\"\"",
        &[("to", "<a@b.c>"), ("relay", "x[1.2.3.4]:25"), ("f", "")],
    );
    check("said \"k=v\" loudly", &[("text", "said"), ("k", "v"), ("text", "loudly")]);
    check("took=15ms. file=a.b: gone", &[("took", "15ms"), ("file", "a.b"), ("text", "gone")]);
}

#[test]
fn urls_stay_whole() {
    refused("GET http://x/?a=b&c=d HTTP/1.1");
    check("url=http://x/?a=b&c=d e=f", &[("url", "http://x/?a=b&c=d"), ("e", "f")]);
    check("GET /x?a=b&c=d took=5", &[("text", "GET /x?a=b&c=d"), ("took", "5")]);
}

#[test]
fn colons() {
    check("done (took: 4.8ms)", &[("text", "done"), ("took", "4.8ms")]);
    check(
        "user: bob, id: 7 role: \"a b\" x",
        &[("user", "bob"), ("id", "7"), ("role", "a b"), ("text", "x")],
    );
    check("state: ready", &[("state", "ready")]);
    refused("kernel: eth0: link is up");
    refused("Error: could not connect");
    refused("at 10:00: 5 things");
    refused("sshd[12]: Failed password");
    refused("key:value");
    refused("BLOCK* NameSystem.delete: blk_12 is added");
    refused("changing acls to: yarn,curi");
}

#[test]
fn what_has_no_pair_is_refused() {
    for record in
        ["", "plain text", "a == b", "a => b", "x=>y", "=1", "--flag=on", "a != b", "1=2", "k=\"open"]
    {
        refused(record);
    }
    refused(&format!("{}=1", "k".repeat(65)));
}

#[test]
fn limits_end_in_one_unnamed_range() {
    let record = "k=v ".repeat(3000);
    let out = index(record.as_bytes()).unwrap();
    assert_eq!(out.spans().len(), 1025);
    assert_eq!(out.spans()[1024].name, Name::TEXT);
}

#[test]
fn hostile_text_takes_linear_time() {
    // Quadratic time would be hours here.
    let start = std::time::Instant::now();
    for piece in ["a=[1", "a=\"", "a='\\'", "a=", "a: ", "a=1,", "=", "a=(", "k", "a=x&b", "a=\"\\"] {
        let record = piece.repeat(1_000_000 / piece.len());
        index(record.as_bytes());
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

fn kv_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces: &[&[u8]] = &[
        b"a", b"=", b"\"", b"'", b"\\", b" ", b"\n", b"k=v ", b": ", b",", b"&", b"(", b"]", b"\xff", b"7",
        b".",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..50).prop_map(|pieces| pieces.concat())
}

fn assert_in_order(record: &[u8]) -> Result<(), TestCaseError> {
    let Some(out) = index(record) else { return Ok(()) };
    let word_at = |at: usize| record.get(at).is_some_and(|&b| is_word_byte(b));
    let mut end = 0;
    for span in out.spans() {
        prop_assert!(end <= span.start && span.start <= span.end && span.end as usize <= record.len());
        end = span.end;
        for border in [span.start as usize, span.end as usize] {
            prop_assert!(border == 0 || !(word_at(border - 1) && word_at(border)), "inside of a word");
        }
    }
    for (_, part) in out.names() {
        let NamePart::Key { start, end, .. } = *part else { continue };
        prop_assert!(out.spans().iter().all(|s| end <= s.start || s.end <= start));
        prop_assert!(matches!(record[end as usize], b'=' | b':'));
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_bytes(record in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_in_order(&record)?;
    }

    #[test]
    fn bytes_like_pairs(record in kv_like()) {
        assert_in_order(&record)?;
    }
}
