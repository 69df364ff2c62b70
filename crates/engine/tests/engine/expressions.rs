//! Regular expressions, words and decimals on row groups large enough for columns of every encoding: as many records as
//! a full scan finds.

use gastrolog_engine::{Answer, QueryRequest, StoreConfig, Value};
use gastrolog_exec::ParsedView;
use gastrolog_query::{ParseContext, matches, parse};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine, pipeline};

const NOW: i64 = 1_795_000_000_000_000_000;

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len() as u64) as usize]
    }
}

fn line(i: u64, n: &mut Numbers) -> Vec<u8> {
    let (hour, minute, second) = (i / 400 % 24, i / 7 % 60, i % 60);
    let path = match n.below(4) {
        0 => format!("/api/v{}/reports/{}/{}", n.below(2), n.below(90_000), n.of(&["export", "status", "x"])),
        1 => format!("/static/{}-{:08x}.js", n.of(&["main", "queue", "aeio"]), n.below(1 << 32)),
        2 => {
            format!("/odd/{}", n.of(&["a", "é", "b c", "ab", "reports/1/export"]).repeat(n.below(3) as usize))
        }
        _ => format!("/n/{}/{}", n.below(30), n.below(1 << 40)),
    };
    let address = format!("10.{}.{}.{}", n.below(2), n.below(256), n.below(256));
    match n.below(8) {
        0..=3 => format!(
            "{address} - - [10/Nov/2026:{hour:02}:{minute:02}:{second:02} +0000] \"{} {path} HTTP/1.1\" {} {} \"-\" \"{}\"",
            n.of(&["GET", "POST"]),
            n.of(&["200", "404", "500"]),
            n.below(70_000),
            n.of(&["curl/8.5", "Mozilla/5.0 (X11) HeadlessChrome/130.0", "queueing Gecko"]),
        )
        .into_bytes(),
        4 | 5 => format!(
            "{{\"ts\":\"2026-11-10T{hour:02}:{minute:02}:{second:02}.{:03}Z\",\"msg\":\"{} took {} ms\\u00e9 \\\"q\\\"\",\"trace_id\":\"{:032x}\",\"duration_ms\":{}.{:02},\"n\":{}}}",
            n.below(1000),
            n.of(&["deadlock found", "Deadlock", "undeadlocked", "retry of deadlock-1"]),
            n.below(5000),
            n.below(1 << 60),
            n.below(400),
            n.below(100),
            n.of(&["-1", "7", "7.5", "\"x\"", "null"]),
        )
        .into_bytes(),
        6 => format!("worker {} of {address} says deadlock{} at {path}", n.below(9), n.of(&["", "s", "_1", "."])).into_bytes(),
        _ => [b"raw \xff aeiou ".as_slice(), path.as_bytes(), b" \xe9"].concat(),
    }
}

const QUERIES: [&str; 40] = [
    "/[aeiou]{4}/",
    "/[0-9]{5}/",
    "/^10\\.1\\./",
    "/export$/",
    "/reports\\/[0-9]+\\/export/",
    "/\\bdeadlock\\b/",
    "/(?i)DEADLOCK/",
    "/Nov\\/2026:0[0-3]:[0-5]/",
    "/T0[1-2]:.*deadlock.*ms/",
    "/(?-u:\\xff)/",
    "/é/",
    "/./",
    "/x*$/",
    "/a|e$/",
    "/ms\\\\u00e9/",
    "/[0-9a-f]{32}/",
    "/0000000/",
    "/\" [0-9]+ [0-9]{1,2} \"/",
    "/1\\.1\" 500 [0-9]*7 /",
    "NOT /[aeiou]{4}/",
    "status=500 /queue/",
    "status=404 bytes>69000 /0/",
    "path=/\\/reports\\/[0-9]+\\/export$/",
    "path!=/\\/reports\\/[0-9]+\\/export$/",
    "path=/^\\/n\\/1[0-9]?\\/.*77/",
    "path=/[aeiou]{3}-/",
    "path=/\\w+\\.js$/",
    "path=/^$|é/",
    "remote_addr=/\\.1[0-9]$/",
    "time=/:0[0-9] /",
    "bytes=/^1.*9$/",
    "trace_id=/ff$/",
    "msg=/é \"q\"$/",
    "duration_ms>200",
    "duration_ms<=199.99",
    "duration_ms!=7.5 duration_ms<8",
    "n=/^-?[0-9]$/",
    "n>=7",
    "deadlock",
    "HeadlessChrome",
];

#[test]
fn columns_of_every_encoding_answer_as_a_full_scan() {
    let mut numbers = Numbers(42);
    let lines: Vec<Vec<u8>> = (0..6000).map(|i| line(i, &mut numbers)).collect();
    let engine = memory_engine(StoreConfig { row_group_bytes: 300_000, ..StoreConfig::default() });
    for chunk in lines.chunks(500) {
        let mut batch = Batch::default();
        for text in chunk {
            batch.push(text, &Attributes::default(), Timestamp(NOW), Timestamp::NONE);
        }
        engine.append("", batch).unwrap();
    }
    engine.seal("").unwrap();
    let (pipeline, none) = (pipeline(), Attributes::default());
    for query in QUERIES {
        let filter = parse(query, &ParseContext::utc(Timestamp(NOW)))
            .unwrap_or_else(|e| panic!("{}", e.render(query)))
            .filter;
        let wanted =
            lines.iter().filter(|text| matches(&filter, &ParsedView::new(text, &none, &pipeline))).count();
        let request = QueryRequest { query: format!("{query} | stats count()"), ..QueryRequest::default() };
        let told = ask(&engine, &request).last().cloned();
        assert_eq!(told, Some(Answer::Row(vec![Value::Int(wanted as i64)])), "{query}");
        println!("{wanted:>6} {query}");
    }
}
