//! What explain says a query will cost, against what it does cost: the most that is read, the order of conditions,
//! what rules out what, the advice.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use gastrolog_engine::{
    Answer, Cancel, Engine, EngineError, ExplainNode, Fact, Order, QueryRequest, Service, StoreConfig,
};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::prelude::*;

use crate::oracle::{bounds, filter, line, shapes, store};
use crate::support::memory_engine;

const NOW: i64 = 1_795_000_000_000_000_000;
const HOUR_NS: i64 = 3_600_000_000_000;

fn request(query: &str) -> QueryRequest {
    QueryRequest { query: query.to_owned(), ..QueryRequest::default() }
}

fn explain(engine: &Engine, query: &str, analyze: bool) -> ExplainNode {
    engine.explain(&request(query), analyze, &Cancel::default()).unwrap()
}

fn number(node: &ExplainNode, name: &str) -> Option<u64> {
    node.facts.iter().find(|(n, _)| n == name).and_then(|(_, fact)| match fact {
        Fact::Count(n) | Fact::Bytes(n) | Fact::Nanos(n) => Some(*n),
        Fact::Text(_) => None,
    })
}

fn text<'n>(node: &'n ExplainNode, name: &str) -> Option<&'n str> {
    node.facts.iter().find(|(n, _)| n == name).and_then(|(_, fact)| match fact {
        Fact::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn titled<'n>(node: &'n ExplainNode, begin: &str) -> Vec<&'n ExplainNode> {
    node.children.iter().filter(|c| c.title.starts_with(begin)).collect()
}

/// Six sealed chunks, an hour each, of JSON with fields of several kinds.
fn six_chunks() -> Arc<Engine> {
    let engine = memory_engine(StoreConfig { footer_values: 64, ..StoreConfig::default() });
    for hour in 0..6 {
        let mut batch = Batch::default();
        for i in 0..2000_i64 {
            let n = hour * 2000 + i;
            let level = if i % 100 == 0 { "error" } else { "info" };
            let rare = if hour == 4 && i == 7 { " imploded " } else { " " };
            let json = format!(
                "{{\"level\":\"{level}\",\"ms\":{i},\"user\":\"u{}\",\"trace\":\"{:032x}\",\"msg\":\"it{rare}went {}\"}}",
                n % 500,
                n * 7919,
                n % 3
            );
            let time = Timestamp(NOW + hour * HOUR_NS + i);
            batch.push(json.as_bytes(), &Attributes::default(), time, time);
        }
        engine.append("", batch).unwrap();
        engine.seal("").unwrap();
    }
    engine
}

#[test]
fn conditions_are_asked_in_the_order_that_costs_least() {
    let engine = six_chunks();
    // Written the dear way round. The level is in a dictionary, and leaves one row in a hundred; every msg matches,
    // as the footers know, so that asking it spares nothing.
    let plan = explain(&engine, "/went [12]/ msg=*went* ms<1900 level=error", true);
    let conditions = titled(&plan, "condition");
    let titles: Vec<&str> = conditions.iter().map(|c| c.title.as_str()).collect();
    let best =
        ["condition level=error", "condition ms<1900", "condition /went [12]/", "condition msg=*went*"];
    assert_eq!(titles, best);
    assert_eq!(number(conditions[0], "rows in"), Some(12_000));
    for pair in conditions.windows(2) {
        assert_eq!(number(pair[0], "rows out"), number(pair[1], "rows in"), "{titles:?}");
        assert_eq!(number(pair[0], "rows out estimated"), number(pair[1], "rows in estimated"), "{titles:?}");
    }
    // Counts are exact, and said to be.
    assert_eq!(number(conditions[0], "rows out estimated"), Some(120));
    assert_eq!(text(conditions[0], "share estimated"), Some("1.00 %, from counts"));
    assert_eq!(text(conditions[0], "looks at"), Some("dictionary column"));
}

#[test]
fn chunks_with_one_fate_are_one_node() {
    let engine = six_chunks();
    // Three hours after the first record.
    let plan = explain(&engine, "imploded start=2026-11-18T14:06:40Z", false);
    let chunks = &titled(&plan, "scan chunks")[0].children;
    let titles: Vec<(&str, Option<&str>)> =
        chunks.iter().map(|c| (c.title.as_str(), text(c, "plan"))).collect();
    assert_eq!(titles[0], ("chunks 1–3 (3)", Some("pruned by time")));
    assert_eq!(titles.len(), 4);
    assert_eq!(
        titles.iter().map(|t| t.1.unwrap()).collect::<Vec<_>>()[1..],
        ["pruned by row groups", "read", "pruned by row groups"]
    );
    let word = titled(&plan, "condition imploded")[0];
    assert_eq!(number(word, "row groups pruned by word filter"), Some(2));
}

#[test]
fn a_query_that_might_read_too_much_is_refused_before_it_reads() {
    let engine = six_chunks();
    let most = number(&explain(&engine, "level=error", false), "bytes at most").unwrap();
    let ask = |limit: u64| {
        let request = QueryRequest { limit_cost_bytes: Some(limit), ..request("level=error") };
        let mut records = 0;
        let end = engine.query(&request, &Cancel::default(), &mut |_| {
            records += 1;
            true
        });
        (end, records)
    };
    assert_eq!(ask(most).1, 120);
    let (refused, records) = ask(most - 1);
    let Err(EngineError::Refused(why)) = refused else { panic!("{refused:?}") };
    assert_eq!(records, 0);
    assert!(why.contains("6 row groups in 6 chunks") && why.contains("last=1h"), "{why}");
    // Explain shows the plan all the same, and says so.
    let request = QueryRequest { limit_cost_bytes: Some(1), ..request("level=error") };
    let plan = engine.explain(&request, false, &Cancel::default()).unwrap();
    assert_eq!(titled(&plan, "refused:").len(), 1);
    assert!(engine.explain(&request, true, &Cancel::default()).is_err());
}

#[test]
fn a_limit_that_sure_matches_reach_bounds_what_is_read() {
    let engine = six_chunks();
    let all = number(&explain(&engine, "*", false), "bytes at most").unwrap();
    let first = QueryRequest { limit: Some(10), ..request("*") };
    let plan = engine.explain(&first, true, &Cancel::default()).unwrap();
    let most = number(&plan, "bytes at most").unwrap();
    assert!(most < all / 2, "{most} of {all}");
    assert!(number(&plan, "bytes read").unwrap() <= most);
}

#[test]
fn advice_is_given_where_it_helps() {
    let engine = six_chunks();
    let advice = |query: &str| -> Vec<String> {
        let plan = explain(&engine, query, false);
        titled(&plan, "advice:").iter().map(|n| n.title.clone()).collect()
    };
    let has = |query: &str, part: &str| {
        let lines = advice(query);
        assert!(lines.iter().any(|l| l.contains(part)), "{query}: {lines:?}");
    };
    has("error", "level=error reads that column only");
    has("/went 1/", "no word with a space or sign on both sides");
    has("*wen*", "no whole word");
    has("user=u17", "footer_values");
    assert_eq!(advice("level=error"), Vec::<String>::new());
    // Nothing is read: there is nothing to say.
    assert_eq!(advice("/went 1/ level=fatal"), Vec::<String>::new());
    let mut batch = Batch::default();
    let late = Timestamp(NOW + 100 * HOUR_NS);
    batch.push(b"{\"level\":\"error\"}", &Attributes::default(), late, late);
    engine.append("", batch).unwrap();
    engine.seal("").unwrap();
    let plan = explain(&engine, "level=error", false);
    assert!(titled(&plan, "advice:")[0].title.contains("reaches over 4 days"));
}

#[test]
fn a_regular_expression_with_whole_words_asks_the_filters() {
    let engine = six_chunks();
    let plan = explain(&engine, "/it imploded [a-z]+ 1/", true);
    let condition = titled(&plan, "condition")[0];
    assert_eq!(number(condition, "row groups pruned by word filter"), Some(5));
    assert!(text(condition, "answered by").unwrap().starts_with("word filter"));
    assert_eq!(number(&plan, "returned"), Some(0));
}

#[test]
fn stages_tell_what_they_took_and_gave() {
    let engine = six_chunks();
    let plan = explain(&engine, "level=error | stats count() by user | sort -count | head 3", true);
    let rows: Vec<(Option<u64>, Option<u64>)> =
        titled(&plan, "stage").iter().map(|s| (number(s, "rows in"), number(s, "rows out"))).collect();
    assert_eq!(rows[0].0, Some(120));
    assert_eq!((rows[1].0, rows[2]), (rows[0].1, (rows[1].1, Some(3))));
    let plan = explain(&engine, "level=error | eval a = ms + 1 | where a > 1000", true);
    let stages = titled(&plan, "stage");
    assert_eq!((number(stages[0], "rows in"), number(stages[0], "rows out")), (Some(120), Some(120)));
    assert_eq!((number(stages[1], "rows in"), number(stages[1], "rows out")), (Some(120), Some(60)));
}

#[test]
fn use_of_fields_and_indexes_is_counted() {
    let engine = six_chunks();
    for query in ["level=fatal", "level=error | stats count() by user", "imploded", "trace=nothing"] {
        engine.query(&request(query), &Cancel::default(), &mut |_: Answer| true).unwrap();
    }
    let usage = engine.usage("").unwrap();
    assert_eq!((usage.chunks, usage.queries), (6, 4));
    let field = |name: &str| usage.fields.iter().find(|f| f.name == name).unwrap();
    assert_eq!((field("level").queries, field("level").chunks_pruned), (2, 6));
    assert_eq!((field("level").distinct, field("level").listed_in_chunks), (Some(2), 6));
    assert_eq!((field("user").queries, field("user").listed_in_chunks), (1, 0));
    assert_eq!((field("trace").queries, field("trace").row_groups_pruned), (1, 6));
    let index = |name: &str| usage.indexes.iter().find(|i| i.name == name).unwrap();
    assert_eq!(index("footers").chunks_pruned, 6);
    assert_eq!(index("filters").row_groups_pruned, 5 + 6);
    let columns: u64 = usage.fields.iter().map(|f| f.stored_bytes).sum();
    let indexes: u64 = usage.indexes.iter().map(|i| i.stored_bytes).sum();
    assert!(columns + indexes <= usage.stored_bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_query_reads_more_than_explain_says_at_most(
        lines in proptest::collection::vec(line(), 1..60),
        filter in filter(),
        bounds in bounds(),
        stage in prop_oneof![
            4 => Just(""), 1 => Just(" | stats count() by status"), 1 => Just(" | stats max(bytes) by bin(1h)"),
            1 => Just(" | timechart 1h count() by level"), 1 => Just(" | top 3 path"), 1 => Just(" | head 3"),
        ],
        order in prop_oneof![Just(Order::Source), Just(Order::Ingest), Just(Order::Write)],
        oldest_first in any::<bool>(),
        limit in proptest::option::of(1u64..20),
        state in 0usize..5,
    ) {
        let engine = store(&lines, &shapes()[state]);
        let query = format!("{filter}{bounds}{stage}");
        let request = QueryRequest { query: query.clone(), order, oldest_first, limit, ..QueryRequest::default() };
        let plan = engine.explain(&request, true, &Cancel::default()).unwrap();
        let (most, read) = (number(&plan, "bytes at most").unwrap(), number(&plan, "bytes read").unwrap());
        prop_assert!(read <= most, "state {}: {}: {} of {}", state, query, read, most);
        // Each condition was asked of the rows that the one before it left.
        for pair in titled(&plan, "condition").windows(2) {
            if let (Some(out), Some(rows_in)) = (number(pair[0], "rows out"), number(pair[1], "rows in")) {
                prop_assert_eq!(out, rows_in, "{}", query);
            }
        }
    }
}
