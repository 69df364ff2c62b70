//! Tests of the syslog indexer by table and by property.

mod goldens;

use gastrolog_index::{Claim, Indexer, RangeSet, TimeRole, unescape};
use gastrolog_types::words::is_word_byte;
use proptest::prelude::*;

use crate::Syslog;

/// Name and value (unescaped) of every range, in order; none when the record is refused.
fn fields(record: &[u8]) -> Option<Vec<(String, String)>> {
    let mut out = RangeSet::default();
    if Syslog.index(record, 0..record.len(), &mut out) == Claim::No {
        return None;
    }
    let one = |s: &gastrolog_index::Span| {
        let value = unescape(&record[s.start as usize..s.end as usize], s.escape);
        assert_eq!(s.time == TimeRole::Header, out.path(s.name, record) == "timestamp");
        (out.path(s.name, record), String::from_utf8_lossy(&value).into_owned())
    };
    Some(out.spans().iter().map(one).collect())
}

/// Checks the ranges as one line: `name=value` joined by ` | `.
fn check(record: &str, expect: &str) {
    let got = fields(record.as_bytes()).unwrap_or_else(|| panic!("refused: {record}"));
    let got: Vec<String> = got.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(got.join(" | "), expect, "{record}");
}

#[test]
fn rfc5424() {
    check(
        "<34>1 2003-10-11T22:14:15.003Z host su 12 ID47 - 'su root' failed",
        "priority=34 | timestamp=2003-10-11T22:14:15.003Z | hostname=host | appname=su | procid=12 | msgid=ID47 | message='su root' failed",
    );
    check("<0>1 - - - - - -", "priority=0");
    check("<1>1 - - - - - - ", "priority=1");
    check("<1>1 - - - - - - \u{feff}ä b", "priority=1 | message=\u{feff}ä b");
    check(
        r#"<165>1 - h a - - [x@1 iut="3" src="a\"b\]\\c"][y@2 iut=""][z] msg"#,
        r#"priority=165 | hostname=h | appname=a | x@1.iut=3 | x@1.src=a"b]\c | y@2.iut= | message=msg"#,
    );
    check("<1>1 2016-12-31T23:59:60Z h - - - -", "priority=1 | timestamp=2016-12-31T23:59:60Z | hostname=h");
}

#[test]
fn malformed_headers_are_messages() {
    check(r#"<1>1 - h a - - [x y="1" msg"#, r#"priority=1 | message=1 - h a - - [x y="1" msg"#);
    check("<13>hello there: x", "priority=13 | message=hello there: x");
    check("<13>", "priority=13");
    check("<13>1 now h a p m - x", "priority=13 | message=1 now h a p m - x");
}

#[test]
fn rfc3164_with_priority() {
    let start = "priority=30 | timestamp=Nov 21 00:14:20";
    check(
        "<30>Nov 21 00:14:20 host tag[123]: text: x",
        &format!("{start} | hostname=host | appname=tag | procid=123 | message=text: x"),
    );
    check(
        "<30>Nov 21 00:14:20 8e65b90234ea[7206]: text",
        &format!("{start} | appname=8e65b90234ea | procid=7206 | message=text"),
    );
    check(
        "<30>Nov 21 00:14:20 host some text: x",
        &format!("{start} | hostname=host | message=some text: x"),
    );
    check(
        "<30>Nov 21 00:14:20 host a::b:  x",
        &format!("{start} | hostname=host | appname=a::b | message= x"),
    );
    check(
        "<30>Nov 21 00:14:20: %ASA-6-302013: Built",
        &format!("{start} | appname=%ASA-6-302013 | message=Built"),
    );
    check("<30>Nov 21 00:14:20 host", &format!("{start} | hostname=host"));
    check("<30>Nov 21 00:14:20", start);
    check(
        "<30>2026-01-02T03:04:05.123456+01:00 host tag: text\r",
        "priority=30 | timestamp=2026-01-02T03:04:05.123456+01:00 | hostname=host | appname=tag | message=text",
    );
}

#[test]
fn files_without_priority() {
    let start = "timestamp=Jun  9 06:06:20 | hostname=combo";
    check(
        "Jun  9 06:06:20 combo syslogd 1.4.1: restart.",
        &format!("{start} | appname=syslogd 1.4.1 | message=restart."),
    );
    check(
        "Jun  9 06:06:20 combo su(pam_unix)[1]: a=b",
        &format!("{start} | appname=su(pam_unix) | procid=1 | message=a=b"),
    );
    check(
        "Jun  9 06:06:20 combo  -- root[2421]: ROOT",
        &format!("{start} | appname=root | procid=2421 | message=ROOT"),
    );
    check(
        "Jun  9 06:06:20 combo last message repeated 2 times",
        &format!("{start} | message=last message repeated 2 times"),
    );
    check(
        "2026-01-02T03:04:05.123456+01:00 host systemd[1]: Started.",
        "timestamp=2026-01-02T03:04:05.123456+01:00 | hostname=host | appname=systemd | procid=1 | message=Started.",
    );
}

#[test]
fn what_is_not_syslog() {
    for record in [
        "",
        "<",
        "<>x",
        "<192>x",
        "<0000>x",
        "<a>x",
        "<html>",
        "Jun  9 06:06:20 some words without a tag: x",
        "Jun  9 06:06:20 combo",
        "Jun  9 06:06:20",
        "Jun 32 06:06:20 combo x: y",
        "2026-01-02T03:04:05Z INFO it works",
        "2026-01-02 03:04:05 host x: y",
    ] {
        assert_eq!(fields(record.as_bytes()), None, "{record}");
    }
}

#[test]
fn the_message_is_left_to_others() {
    for (record, message) in
        [("<13>{\"a\":1}", 4), ("<1>1 - - - - - - \u{feff}{}", 20), ("<1>1 - - - - - - \u{feff}a", 17)]
    {
        let (record, mut out) = (record.as_bytes(), RangeSet::default());
        Syslog.index(record, 0..record.len(), &mut out);
        assert!(format!("{out:?}").contains(&format!("left: [({message}, {})]", record.len())), "{out:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken(
        noise in proptest::collection::vec(any::<u8>(), 0..40),
        base in 0usize..6,
        changes in proptest::collection::vec((any::<usize>(), prop_oneof![any::<u8>(), Just(b'"'), Just(b' '), Just(b'['), Just(b':')]), 0..4),
        cut in 0usize..40,
        before in 0usize..3,
    ) {
        let bases: [&[u8]; 6] = [
            b"",
            br#"<34>1 2003-10-11T22:14:15.003Z h a p m [i@1 a="b\]" c=""][j] msg"#,
            b"<30>Nov 21 00:14:20 host tag[123]: text",
            b"Nov 21 00:14:20 host tag[123]: text",
            b"<1>1 - - - - - - \xef\xbb\xbf{}",
            b"2026-01-02T03:04:05Z h t 1: x",
        ];
        let mut record = bases[base].to_vec();
        for (at, byte) in changes {
            let len = record.len().max(1);
            if let Some(b) = record.get_mut(at % len) {
                *b = byte;
            }
        }
        record.truncate(record.len() - record.len().min(cut / 2));
        record.extend(noise);
        let part = before.min(record.len())..record.len();
        let mut out = RangeSet::default();
        Syslog.index(&record, part.clone(), &mut out);
        let mut end = part.start;
        for s in out.spans() {
            prop_assert!(end <= s.start as usize && s.start <= s.end && s.end as usize <= part.end);
            end = s.end as usize;
            let splits = |at: usize| at > part.start && at < part.end && is_word_byte(record[at - 1]) && is_word_byte(record[at]);
            prop_assert!(!splits(s.start as usize) && !splits(s.end as usize), "{:?}", s);
        }
    }
}
