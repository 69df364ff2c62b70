//! Queries, run on small stores against a full scan.

use std::sync::{Arc, OnceLock};

use gastrolog_engine::{Answer, Cancel, Engine, Order, QueryRequest, Service, StoreConfig};
use gastrolog_exec::ParsedView;
use gastrolog_index::{Pipeline, RangeSet, source_time};
use gastrolog_query::{Query, matches};
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::indexers::pipeline;
use super::parse::{parsed, seeds};
use super::past::NOW;
use super::stores::memory_engine;
use super::tokens::text;
use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] = &[
    Target::new("query_filter", run_filter, seeds),
    Target::new("query_stages", run_stages, seeds),
    Target::new("resume_token", resume, || vec![b"0100".to_vec()]),
];

fn records() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for log in ["app.jsonl", "access.log", "syslog.log", "app.logfmt", "app.log", "mixed.log"] {
        all.extend(lines(log, 13));
    }
    all.push(b"\xff\x00 level=error \"status\":500".to_vec());
    all.push(Vec::new());
    all
}

fn attributes() -> Attributes {
    Attributes::new([("file", b"app.log".to_vec()), ("host", b"web-1".to_vec())])
}

/// The same records as columns of sealed chunks, and waiting in the log.
fn engines() -> &'static [Arc<Engine>; 2] {
    static ENGINES: OnceLock<[Arc<Engine>; 2]> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let sealed = memory_engine(StoreConfig { row_group_bytes: 2500, ..StoreConfig::default() });
        let waiting = memory_engine(StoreConfig::default());
        for part in records().chunks(9) {
            let mut batch = Batch::default();
            part.iter().for_each(|r| batch.push(r, &attributes(), Timestamp(NOW - 1_000), Timestamp::NONE));
            assert!(sealed.append("", batch.clone()).is_ok() && waiting.append("", batch).is_ok());
        }
        assert!(sealed.seal("").is_ok());
        [sealed, waiting]
    })
}

fn request(query: String) -> QueryRequest {
    let lookups = vec![("t".to_owned(), b"level,weight\nerror,5\ninfo,1\n".to_vec())];
    QueryRequest { query, order: Order::Write, oldest_first: true, lookups, ..QueryRequest::default() }
}

/// The whole answer, or the first line of what is wrong.
fn ask(engine: &Engine, request: &QueryRequest) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::new();
    let end = engine.query(request, &Cancel::default(), &mut |answer| {
        answers.push(answer);
        true
    });
    end.map(|_| answers).map_err(|e| e.to_string().lines().next().unwrap_or_default().to_owned())
}

/// What a full scan finds.
fn expected(query: &Query, pipeline: &Pipeline) -> Vec<Vec<u8>> {
    let attributes = attributes();
    let selects = |text: &Vec<u8>| {
        let mut ranges = RangeSet::default();
        pipeline.parse(text, &mut ranges);
        let ingest = Timestamp(NOW - 1_000);
        let source = source_time(text, ranges.spans(), ingest);
        let time = source.or(ingest);
        query.time.start.is_none_or(|s| time >= s)
            && query.time.end.is_none_or(|e| time < e)
            && matches(&query.filter, &ParsedView::new(text, &attributes, pipeline))
    };
    records().into_iter().filter(selects).collect()
}

fn run_filter(data: &[u8]) {
    let Some(query) = parsed(&text(data)) else { return };
    let query = Query { stages: Vec::new(), ..query };
    let wanted = expected(&query, &pipeline());
    for engine in engines() {
        let answers = ask(engine, &request(query.to_string()));
        let Ok(answers) = answers else { panic!("{query}: {answers:?}") };
        let mut found = Vec::new();
        for answer in answers {
            if let Answer::Record(record) = answer {
                found.push(record.record.text);
            }
        }
        // What is `Write` order for the answer is the order of the list.
        assert_eq!(found.len(), wanted.len(), "{query}");
        assert!(found == wanted, "{query}");
    }
}

/// Columns, footers and rows one by one give the same.
fn run_stages(data: &[u8]) {
    let text = text(data);
    let Some(query) = parsed(&text) else { return };
    if query.stages.is_empty() {
        return;
    }
    let rowwise = Query { stages: Vec::new(), ..query.clone() };
    let stages: String = query.stages.iter().map(|s| format!(" | {s}")).collect();
    let [sealed, waiting] = engines();
    let whole = request(query.to_string());
    let wanted = ask(waiting, &whole);
    let got = ask(sealed, &whole);
    if is_of_a_limit(&wanted) || is_of_a_limit(&got) {
        return;
    }
    assert!(same(&got, &wanted), "{text}\n{got:?}\n{wanted:?}");
    let rowwise = ask(sealed, &request(format!("{rowwise} | head 1000000{stages}")));
    if rowwise.is_ok() {
        assert!(same(&rowwise, &wanted), "row by row: {text}\n{rowwise:?}\n{wanted:?}");
    }
}

/// Limits of time and memory depend on the way that is taken.
fn is_of_a_limit(answer: &Result<Vec<Answer>, String>) -> bool {
    answer.as_ref().is_err_and(|e| e.contains("limit") || e.contains("took") || e.contains("memory"))
}

/// Texts, so that NaN equals itself.
fn same(a: &Result<Vec<Answer>, String>, b: &Result<Vec<Answer>, String>) -> bool {
    a == b || format!("{a:?}") == format!("{b:?}")
}

fn resume(data: &[u8]) {
    let token: String = data.iter().map(|&b| char::from(b)).collect();
    for resume in [token.clone(), data.iter().map(|b| format!("{b:02x}")).collect()] {
        let request = QueryRequest { resume, ..request("error".into()) };
        let _ = ask(&engines()[0], &request);
    }
}
