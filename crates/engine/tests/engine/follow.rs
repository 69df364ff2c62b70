//! Following a store: what is stored, then what comes, none twice and none missed.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use gastrolog_engine::{Answer, Cancel, Engine, EngineError, QueryRequest, Service, StoreConfig, Value};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::memory_engine;

const PATIENCE: Duration = Duration::from_secs(60);

fn now() -> i64 {
    gastrolog_env::Env::memory().clock.now().0
}

fn add(engine: &Engine, texts: impl Iterator<Item = String>) {
    let lines: Vec<String> = texts.collect();
    let batch = Batch::from_lines(lines.join("\n").into_bytes(), Attributes::default(), Timestamp(now()));
    engine.append("", batch).unwrap();
}

fn follow(engine: &Arc<Engine>, request: QueryRequest) -> (Cancel, Receiver<Answer>) {
    let (send, receive) = channel();
    let (cancel, engine) = (Cancel::default(), engine.clone());
    let theirs = cancel.clone();
    std::thread::spawn(move || engine.follow(&request, &theirs, &mut |answer| send.send(answer).is_ok()));
    (cancel, receive)
}

fn text(answer: Answer) -> String {
    match answer {
        Answer::Record(found) => String::from_utf8(found.record.text).unwrap(),
        Answer::Notice(line) => format!("notice: {line}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn stored_records_first_then_live_ones_across_seals_and_row_groups() {
    let engine = memory_engine(StoreConfig { row_group_bytes: 700, ..StoreConfig::default() });
    add(&engine, (0..40).map(|i| format!("n={i}")));
    engine.seal("").unwrap();
    add(&engine, (40..80).map(|i| format!("n={i}")));
    let request = QueryRequest { query: "n<10000".into(), last_ms: Some(60_000), ..Default::default() };
    let (cancel, answers) = follow(&engine, request);
    let mut next = 80;
    for round in 0..30 {
        let count = [1, 7, 90][round % 3];
        add(&engine, (next..next + count).map(|i| format!("n={i}")));
        add(&engine, ["n=20000".to_owned()].into_iter());
        next += count;
        if round % 4 == 3 {
            engine.seal("").unwrap();
        }
        if round % 5 == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    for i in 0..next {
        assert_eq!(text(answers.recv_timeout(PATIENCE).unwrap()), format!("n={i}"));
    }
    assert!(answers.recv_timeout(Duration::from_millis(200)).is_err());
    cancel.cancel();
    assert_eq!(answers.recv_timeout(PATIENCE).err(), Some(RecvTimeoutError::Disconnected));
}

#[test]
fn stages_that_look_at_one_row_stream_and_others_are_refused() {
    let engine = memory_engine(StoreConfig::default());
    add(&engine, ["n=0".to_owned()].into_iter());
    let query =
        "* | where n>1 | eval double = n * 2 | lookup names on n fields name | fields n, double, name";
    let lookups = vec![("names".to_owned(), b"n,name\n2,two\n".to_vec())];
    // With what is stored: so it does not matter whether it begins before the first of them come, or after.
    let request = QueryRequest { query: query.into(), lookups, limit: Some(2), ..Default::default() };
    let (_cancel, answers) = follow(&engine, QueryRequest { last_ms: Some(60_000), ..request });
    for n in 1..5 {
        add(&engine, [format!("n={n}")].into_iter());
        std::thread::sleep(Duration::from_millis(60));
    }
    let row =
        |n: &str, double, name: Value| Answer::Row(vec![Value::Text(n.into()), Value::Int(double), name]);
    let got: Vec<Answer> = answers.iter().collect();
    let columns = Answer::Columns(["n", "double", "name"].map(str::to_owned).to_vec());
    assert_eq!(got, [columns, row("2", 4, Value::Text(b"two".to_vec())), row("3", 6, Value::Null)]);
    for stage in ["stats count()", "sort n", "head 3", "dedup n", "tail 1"] {
        let request = QueryRequest { query: format!("* | {stage}"), ..Default::default() };
        let refused = engine.follow(&request, &Cancel::default(), &mut |_| true);
        assert!(
            matches!(&refused, Err(EngineError::BadQuery(why)) if why.contains("has no end")),
            "{refused:?}"
        );
    }
}

#[test]
fn a_reader_that_falls_behind_retention_is_told_what_it_missed() {
    let store = StoreConfig { row_group_bytes: 2000, retention_bytes: Some(4000), ..StoreConfig::default() };
    let engine = memory_engine(store);
    add(&engine, ["begin".to_owned()].into_iter());
    let (send, receive) = channel();
    let (go, wait) = channel::<()>();
    let follower = engine.clone();
    std::thread::spawn(move || {
        let mut first = true;
        follower.follow(
            &QueryRequest { query: "*".into(), last_ms: Some(60_000), ..Default::default() },
            &Cancel::default(),
            &mut |a| {
                let sent = send.send(a).is_ok();
                if std::mem::take(&mut first) {
                    wait.recv().unwrap();
                }
                sent
            },
        )
    });
    assert_eq!(text(receive.recv_timeout(PATIENCE).unwrap()), "begin");
    for part in 0..20 {
        add(
            &engine,
            (0..20).map(|i| format!("part={part} i={i} {}", "filler ".repeat(20 + (i * 7 + part) % 13))),
        );
        engine.seal("").unwrap();
    }
    let records = || engine.stores().unwrap()[0].records;
    // Retention looks each second: what is left stays when it has looked once more.
    let (until, mut left) = (Instant::now() + PATIENCE, 0);
    while left == 401 || left != records() {
        assert!(Instant::now() < until, "retention removed nothing");
        left = records();
        std::thread::sleep(Duration::from_millis(1500));
    }
    go.send(()).unwrap();
    assert_eq!(
        text(receive.recv_timeout(PATIENCE).unwrap()),
        format!("notice: {} records were removed by retention before they could be read", 400 - left)
    );
    for _ in 0..left {
        assert!(text(receive.recv_timeout(PATIENCE).unwrap()).starts_with("part="));
    }
}
