//! Answers in pages: each goes on behind the last record of the one before.
#![expect(clippy::unwrap_used, reason = "tests")]

use gastrolog_engine::{
    Answer, Cancel, Engine, EngineError, Order, QueryEnd, QueryRequest, Service, StoreConfig,
};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::prelude::*;

use crate::support::memory_engine;

/// A record as the test knows it: source and ingest time; whether the filter takes it.
type Line = (i64, i64, bool);

fn append(engine: &Engine, lines: &[Line]) {
    let mut batch = Batch::default();
    for (source, ingest, taken) in lines {
        let text = format!("k={} some words", u8::from(*taken));
        let (ingest, source) = (Timestamp(*ingest), Timestamp(*source));
        batch.push(text.as_bytes(), &Attributes::default(), ingest, source);
    }
    engine.append("", batch).unwrap();
}

fn page(engine: &Engine, request: &QueryRequest) -> Result<(Vec<u64>, QueryEnd), EngineError> {
    let mut seqs = Vec::new();
    let end = engine.query(request, &Cancel::default(), &mut |answer| {
        if let Answer::Record(found) = answer {
            seqs.push(found.record.seq);
        }
        true
    })?;
    Ok((seqs, end))
}

/// What lies behind `after` among all that is there, in the order of `request`.
fn behind(lines: &[Line], request: &QueryRequest, after: Option<u64>) -> Vec<u64> {
    let key = |seq: u64| {
        let (source, ingest, _) = lines[seq as usize];
        let time = match request.order {
            Order::Source => source,
            Order::Ingest => ingest,
            Order::Write => 0,
        };
        if request.oldest_first { (time, seq as i64) } else { (-time, -(seq as i64)) }
    };
    let taken = |seq: &u64| request.query.starts_with('*') || lines[*seq as usize].2;
    let mut found: Vec<u64> = (0..lines.len() as u64).filter(taken).collect();
    found.sort_by_key(|&seq| key(seq));
    found.retain(|&seq| after.is_none_or(|a| key(seq) > key(a)));
    found
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec((0i64..40, 0i64..40, any::<bool>()), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_give_everything_once_whatever_is_stored_between_them(
        first in lines(),
        between in proptest::collection::vec((lines(), any::<bool>(), any::<bool>(), any::<bool>()), 0..6),
        size in 1u64..12,
        order in prop_oneof![Just(Order::Source), Just(Order::Ingest), Just(Order::Write)],
        oldest_first in any::<bool>(),
        query in prop_oneof![Just("*"), Just("k=1"), Just("* | where k=1 | eval a = k + 1"), Just("* | rename k as b")],
        row_group_bytes in prop_oneof![Just(1u64 << 20), Just(200)],
    ) {
        let engine = memory_engine(StoreConfig { row_group_bytes, ..StoreConfig::default() });
        append(&engine, &first);
        let mut all = first;
        let query = query.to_owned();
        let filtered = query.contains("k=1");
        let oracle = QueryRequest { order, oldest_first, query: if filtered { "k" } else { "*" }.into(), ..Default::default() };
        let mut request = QueryRequest { order, oldest_first, query, limit: Some(size), ..Default::default() };
        let mut between = between.into_iter();
        let mut last = None;
        loop {
            let wanted = behind(&all, &oracle, last);
            let (got, end) = page(&engine, &request).unwrap();
            let expected: Vec<u64> = wanted.iter().copied().take(size as usize).collect();
            prop_assert_eq!(&got, &expected, "{:?} behind {:?}", &request, last);
            prop_assert_eq!(end.more, !end.resume.is_empty());
            prop_assert!(end.more || wanted.len() == got.len());
            last = got.last().copied().or(last);
            if end.resume.is_empty() {
                break;
            }
            request.resume = end.resume;
            if let Some((more, stored, seal, compact)) = between.next() {
                if stored {
                    append(&engine, &more);
                    all.extend(more);
                }
                if seal {
                    engine.seal("").unwrap();
                }
                if compact {
                    engine.compact("", &mut |_, _| true).unwrap();
                }
            }
        }
    }
}

#[test]
fn relative_times_stay_where_they_were_on_the_first_page() {
    let engine = memory_engine(StoreConfig::default());
    let now = gastrolog_env::Env::memory().clock.now().0;
    let lines: Vec<Line> = (0..9).map(|i| (now - 1_000_000 * (900 - 100 * i), now, true)).collect();
    append(&engine, &lines);
    let mut request = QueryRequest { query: "* last=1h".into(), limit: Some(4), ..Default::default() };
    let mut all = Vec::new();
    for _ in 0..3 {
        let (got, end) = page(&engine, &request).unwrap();
        all.extend(got);
        request.resume = end.resume;
    }
    assert_eq!(all, (0..9).rev().collect::<Vec<u64>>());
    assert_eq!(request.resume, "");
}

#[test]
fn what_cannot_be_gone_on_with_is_refused_with_the_reason() {
    let engine = memory_engine(StoreConfig::default());
    append(&engine, &[(1, 1, true), (2, 2, true), (3, 3, true)]);
    let ask = |query: &str, resume: &str| {
        let (query, resume) = (query.to_owned(), resume.to_owned());
        page(&engine, &QueryRequest { query, resume, limit: Some(1), ..Default::default() })
    };
    let token = ask("*", "").unwrap().1.resume;
    assert!(!token.is_empty());
    assert!(ask("k=1", &token).unwrap_err().to_string().contains("another query"));
    assert!(ask("*", "zz").unwrap_err().to_string().contains("not one"));
    // More is known, but there is no place to go on from.
    for query in ["* | sort k", "* | dedup _seq", "* | stats count() by _seq", "* | fields k"] {
        let end = ask(query, "").unwrap().1;
        assert!(end.more && end.resume.is_empty(), "{query}: {end:?}");
    }
}

#[test]
fn a_token_outlives_the_record_it_names() {
    let store = StoreConfig { row_group_bytes: 2000, retention_bytes: Some(6000), ..StoreConfig::default() };
    let engine = memory_engine(store);
    let add = |part: i64| {
        let lines: Vec<Line> = (0..40).map(|i| (part * 100 + (i * 7919) % 97, part, true)).collect();
        append(&engine, &lines);
        engine.seal("").unwrap();
    };
    add(0);
    let mut request =
        QueryRequest { query: "*".into(), oldest_first: true, limit: Some(5), ..Default::default() };
    let (first, end) = page(&engine, &request).unwrap();
    assert_eq!(first.len(), 5);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let mut part = 1;
    let everything = QueryRequest { query: "*".into(), ..Default::default() };
    while page(&engine, &everything).unwrap().0.iter().any(|&seq| seq < 40) {
        assert!(std::time::Instant::now() < until, "retention removed nothing");
        add(part);
        part += 1;
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    request.resume = end.resume;
    request.limit = None;
    let (rest, _) = page(&engine, &request).unwrap();
    let (whole, _) = page(&engine, &QueryRequest { resume: String::new(), ..request }).unwrap();
    assert!(!rest.is_empty() && rest == whole, "all that is left lies behind the token");
}
