//! Traces of three languages, limits, and any input against a model.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn grouped_by(config: MultilineConfig, text: &str) -> Vec<String> {
    let mut grouper = Grouper::<u8, usize>::new(Multiline::new(config).unwrap());
    let (mut out, now) = (Vec::new(), Instant::now());
    text.split('\n').enumerate().for_each(|(i, line)| grouper.push(&0, line.as_bytes(), i, now, &mut out));
    grouper.finish(&mut out);
    out.into_iter().map(|(_, g)| String::from_utf8(g.text).unwrap()).collect()
}

fn grouped(rule: MultilineRule, text: &str) -> Vec<String> {
    grouped_by(MultilineConfig::new(rule), text)
}

#[test]
fn java() {
    let trace = "10:00 ERROR order failed\njava.lang.IllegalStateException: no stock\n\tat shop.Order.place(Order.java:17)\n\
                 \t... 12 more\nCaused by: java.io.IOException: closed\n\tat shop.Db.read(Db.java:3)\n    Suppressed: x.Y: z";
    let text = format!("10:00 INFO up\n{trace}\n10:01 INFO next");
    assert_eq!(grouped(MultilineRule::Java, &text), ["10:00 INFO up", trace, "10:01 INFO next"]);
    assert_eq!(grouped(MultilineRule::Java, "a\nSomeErrors happened\nthe Error.log is here").len(), 3);
}

#[test]
fn python_with_a_chain() {
    let trace = "ERROR:root:no\nTraceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    f()\n    ~^^\n\
                 ZeroDivisionError: division by zero\n\nDuring handling of the above exception, another exception occurred:\n\n\
                 Traceback (most recent call last):\n  File \"a.py\", line 5, in <module>\nValueError: bad";
    let text = format!("INFO:root:up\n{trace}\nINFO:root:next\nINFO:root:last");
    let expected = ["INFO:root:up", trace, "INFO:root:next", "INFO:root:last"];
    assert_eq!(grouped(MultilineRule::Python, &text), expected);
    let said = "saw Traceback (most recent call last):\nb";
    assert_eq!(grouped(MultilineRule::Python, said), ["saw Traceback (most recent call last):", "b"]);
}

#[test]
fn go_with_two_stacks() {
    let trace = "panic: runtime error: index out of range [5] with length 3\n[signal SIGSEGV: segmentation violation]\n\n\
                 goroutine 1 [running]:\nmain.main()\n\t/tmp/x.go:8 +0x1d\n\ngoroutine 18 [chan receive, 2 minutes]:\n\
                 net/http.(*conn).serve(0xc0000b8000, {0x6f5a30, 0xc000})\n\t/usr/go/server.go:1995\n\
                 created by net/http.(*Server).Serve in goroutine 1\n\t/usr/go/server.go:3089\nexit status 2";
    let served =
        "2026/01/02 http: panic serving 127.0.0.1:1: boom\ngoroutine 6 [running]:\nmain.f()\n\t/x.go:1";
    let text = format!("2026/01/02 up\n{trace}\n2026/01/02 next\n{served}\n2026/01/02 done (ok)");
    let expected = ["2026/01/02 up", trace, "2026/01/02 next", served, "2026/01/02 done (ok)"];
    assert_eq!(grouped(MultilineRule::Go, &text), expected);
}

#[test]
fn custom() {
    let start = MultilineRule::Start(r"^\d{4}-".into());
    assert_eq!(grouped(start, "lost\n2026-01 a\nb\n\n2026-02 c"), ["lost", "2026-01 a\nb\n", "2026-02 c"]);
    let continued = MultilineRule::Continue(r"^\+".into());
    assert_eq!(grouped(continued, "+x\na\n+b\nc"), ["+x", "a\n+b", "c"]);
    let refused = Multiline::new(MultilineConfig::new(MultilineRule::Start("(".into())));
    assert!(refused.unwrap_err().to_string().contains("unclosed group"));
    let zero = MultilineConfig { lines_max: 0, ..MultilineConfig::new(MultilineRule::Go) };
    assert!(matches!(Multiline::new(zero), Err(MultilineError::Zero)));
}

#[test]
fn limits_cut_and_lose_nothing() {
    let config = |bytes_max, lines_max| MultilineConfig {
        bytes_max,
        lines_max,
        ..MultilineConfig::new(MultilineRule::Java)
    };
    assert_eq!(grouped_by(config(1000, 2), "a\n b\n c\n d\ne"), ["a\n b", " c\n d", "e"]);
    assert_eq!(grouped_by(config(5, 100), "a\n b\n c\n long line\n d"), ["a\n b", " c", " long line", " d"]);
}

#[test]
fn streams_do_not_mix_and_the_bookmark_stays_behind() {
    let second = Duration::from_secs(1);
    let config = MultilineConfig { streams_max: 2, ..MultilineConfig::new(MultilineRule::Java) };
    let mut grouper = Grouper::<&str, u64>::new(Multiline::new(config).unwrap());
    let (mut out, now) = (Vec::new(), Instant::now());
    assert_eq!((grouper.safe(), grouper.due()), (None, None));
    grouper.push(&"a", b"one", 10, now, &mut out);
    grouper.push(&"b", b"two", 20, now, &mut out);
    grouper.push(&"a", b" more", 30, now + second / 2, &mut out);
    assert!(out.is_empty());
    assert_eq!((grouper.safe(), grouper.due()), (Some(&10), Some(now + second)));
    grouper.flush(now + second, &mut out);
    let two = Group { text: b"two".to_vec(), lines: 1, first: 20, last: 20, cut: false };
    assert_eq!(std::mem::take(&mut out), [("b", two)]);
    grouper.push(&"c", b"three", 40, now + second, &mut out);
    // No room for a third stream: the one that has been silent longest is complete.
    grouper.push(&"d", b"four", 50, now + second, &mut out);
    let one = Group { text: b"one\n more".to_vec(), lines: 2, first: 10, last: 30, cut: false };
    assert_eq!(std::mem::take(&mut out), [("a", one)]);
    assert_eq!(grouper.safe(), Some(&40));
    assert!(grouper.finish_stream(&"c").is_some() && grouper.finish_stream(&"c").is_none());
    assert_eq!(grouper.safe(), Some(&50));
    // A stream that never rests is complete all the same.
    for n in 1..100 {
        grouper.push(&"d", b" more", 50 + n, now + second + second / 5 * n as u32, &mut out);
        grouper.flush(now + second + second / 5 * n as u32, &mut out);
    }
    assert_eq!(out.first().map(|(_, g)| g.lines), Some(51));
}

/// Lines that mean something to one rule or another, and any bytes.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "Traceback (most recent call last):",
        "  File \"x\"",
        "ValueError: x",
        "",
        "During handling of the above exception, another exception occurred:",
        "panic: x",
        "goroutine 1 [running]:",
        "main.f()",
        "\t/x.go:1",
        "Caused by: x",
        "a.b.CError: x",
        "plain",
    ]);
    prop_oneof![known.prop_map(|s| s.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..12)]
}

fn rule() -> impl Strategy<Value = MultilineRule> {
    prop_oneof![
        Just(MultilineRule::Java),
        Just(MultilineRule::Python),
        Just(MultilineRule::Go),
        Just(MultilineRule::Start("^[p-z]".into())),
        Just(MultilineRule::Continue("^[p-z]".into())),
    ]
}

proptest! {
    /// Whatever comes: every line is in exactly one group, in order, and the limits hold.
    #[test]
    fn groups_put_together_are_the_lines(
        rule in rule(), lines in prop::collection::vec((0u8..4, line(), any::<bool>()), 0..60),
        bytes_max in 1usize..60, lines_max in 1usize..6, streams_max in 1usize..4
    ) {
        let config = MultilineConfig { rule, bytes_max, lines_max, streams_max, wait: Duration::from_secs(1) };
        let mut grouper = Grouper::new(Multiline::new(config).unwrap());
        let (mut out, mut now) = (Vec::new(), Instant::now());
        for (i, (key, line, pause)) in lines.iter().enumerate() {
            now += Duration::from_millis(if *pause { 700 } else { 1 });
            grouper.flush(now, &mut out);
            grouper.push(key, line, i, now, &mut out);
            // All before the bookmark has been handed on.
            let safe = *grouper.safe().unwrap();
            let handed: usize = out.iter().map(|(_, g)| g.lines).sum();
            prop_assert!(safe <= i && handed >= safe);
        }
        grouper.finish(&mut out);
        prop_assert!(grouper.is_empty());
        for key in 0..4u8 {
            let mine: Vec<&Vec<u8>> = lines.iter().filter(|l| l.0 == key).map(|l| &l.1).collect();
            let mut groups: Vec<_> = out.iter().filter(|(k, _)| *k == key).map(|(_, g)| g).collect();
            groups.sort_by_key(|g| g.first);
            prop_assert_eq!(groups.iter().map(|g| g.lines).sum::<usize>(), mine.len());
            let mut at = 0;
            for group in groups {
                let parts = &mine[at..at + group.lines];
                prop_assert_eq!(&group.text, &parts.iter().map(|l| l.as_slice()).collect::<Vec<_>>().join(&b'\n'));
                prop_assert!(group.lines <= lines_max && (group.lines == 1 || group.text.len() <= bytes_max));
                at += group.lines;
            }
        }
    }

    /// A start expression is a split in front of what matches.
    #[test]
    fn a_start_expression_splits(lines in prop::collection::vec("[a-c]{0,2}", 1..30)) {
        let mut expected: Vec<String> = Vec::new();
        for line in &lines {
            match expected.last_mut() {
                Some(open) if !line.starts_with('a') => { open.push('\n'); open.push_str(line); }
                _ => expected.push(line.clone()),
            }
        }
        prop_assert_eq!(grouped(MultilineRule::Start("^a".into()), &lines.join("\n")), expected);
    }
}
