//! Answers of row groups that are kept: the same as a full reading gives, whatever happened to the store meanwhile.
#![expect(clippy::unwrap_used, reason = "tests")]

use gastrolog_engine::{Answer, Cancel, Engine, ExplainNode, Fact, QueryRequest, Service, StoreConfig};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine};

const NOW: i64 = 1_795_000_000_000_000_000;
const SECOND: i64 = 1_000_000_000;

const QUESTIONS: [&str; 7] = [
    "| stats count() by bin(1h)",
    "took | stats count()",
    "status=203 | stats count(), sum(ms), avg(ms), min(ms), max(ms)",
    "ms>500 NOT status=200 | stats count() by status",
    "| timechart 10m count() by status",
    "| top 3 status",
    // Too many groups to be kept.
    "| stats count() by id | sort -count, id | head 5",
];

fn small() -> StoreConfig {
    StoreConfig { row_group_bytes: 4 << 10, ..StoreConfig::default() }
}

/// Records of a second each.
fn add(engine: &Engine, seconds: std::ops::Range<i64>) {
    for i in seconds {
        let line = format!(
            "{{\"id\":{i},\"status\":{},\"ms\":{},\"msg\":\"took it\"}}\n",
            200 + i % 7,
            i * 37 % 1000
        );
        let at = Timestamp(NOW + i * SECOND);
        engine.append("", Batch::from_lines(line.into_bytes(), Attributes::default(), at)).unwrap();
    }
}

fn request(query: &str) -> QueryRequest {
    QueryRequest { query: query.to_owned(), ..QueryRequest::default() }
}

fn answers(engine: &Engine) -> Vec<Vec<Answer>> {
    QUESTIONS.iter().map(|question| ask(engine, &request(question))).collect()
}

/// What an engine says that has never been asked before.
fn fresh(seconds: std::ops::Range<i64>) -> Vec<Vec<Answer>> {
    let engine = memory_engine(small());
    add(&engine, seconds);
    answers(&engine)
}

fn kept(engine: &Engine, query: &str) -> u64 {
    let root: ExplainNode = engine.explain(&request(query), false, &Cancel::default()).unwrap();
    let fact = root.facts.iter().find(|(name, _)| name == "row groups answered before");
    fact.map_or(0, |(_, fact)| if let Fact::Count(n) = fact { *n } else { panic!("{fact:?}") })
}

#[test]
fn a_question_asked_again_is_answered_alike_while_records_come() {
    let engine = memory_engine(small());
    for i in 1..=4 {
        add(&engine, 300 * (i - 1)..300 * i);
        let wanted = fresh(0..300 * i);
        assert_eq!(answers(&engine), wanted);
        assert_eq!(answers(&engine), wanted);
        assert!(kept(&engine, "took | stats count()") > 0);
        engine.seal("").unwrap();
        assert_eq!(answers(&engine), wanted);
    }
    let before = kept(&engine, "took | stats count()");
    engine.compact("", &mut |_, _| true).unwrap();
    assert!(kept(&engine, "took | stats count()") < before, "row groups that were written anew are others");
    assert_eq!(answers(&engine), fresh(0..1200));
}

#[test]
fn a_time_that_cuts_a_row_group_is_no_part_of_what_is_kept() {
    let engine = memory_engine(small());
    add(&engine, 0..600);
    engine.seal("").unwrap();
    let between = |from: i64, to: i64| {
        let at = |s: i64| Timestamp(NOW + s * SECOND);
        format!("start={} end={} took | stats count()", at(from), at(to))
    };
    let count = |query: &str| ask(&engine, &request(query)).pop().unwrap();
    let whole = count("took | stats count()");
    for (from, to) in [(0, 600), (10, 11), (7, 500), (599, 600), (100, 350)] {
        let wanted = Answer::Row(vec![gastrolog_engine::Value::Int(to - from)]);
        assert_eq!(count(&between(from, to)), wanted);
        assert_eq!(count(&between(from, to)), wanted);
    }
    assert_eq!(count("took | stats count()"), whole);
}

#[test]
fn analyze_reads_what_a_query_would_not() {
    let engine = memory_engine(small());
    add(&engine, 0..600);
    engine.seal("").unwrap();
    ask(&engine, &request("took ms>500 | stats count()"));
    let root = engine.explain(&request("took ms>500 | stats count()"), true, &Cancel::default()).unwrap();
    let fact = |name: &str| root.facts.iter().find(|(n, _)| n == name).map(|(_, fact)| fact.clone());
    assert!(matches!(fact("row groups answered before"), Some(Fact::Count(n)) if n > 1));
    assert!(matches!(fact("cache hits"), Some(Fact::Count(n)) if n > 1));
}
