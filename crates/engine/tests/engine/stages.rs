//! Stages against a model: chains of stages, each done to a plain list of rows by the simplest code there is.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stage_model::{Model, Op, Row, text};
use crate::support::{ask, memory_engine};
use gastrolog_engine::{Answer, Engine, Order, QueryRequest, StoreConfig, Value};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::prelude::*;

pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);

/// Rows of the table that `lookup` looks in; `01` is the number `1` again and is never found.
const HOSTS: &str = "key,name,rack\n1,one,r1\r\nx,\"ex, \"\"quoted\"\"\",r2\n01,dup,r3\n2.0,two\n\n";

/// Lines of logfmt, as the rows that they are.
fn lines() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![
        3 => Just("1"), 1 => Just("01"), 1 => Just("2"), 1 => Just("1.5"), 1 => Just("-3"),
        3 => Just("x"), 1 => Just("x-1"), 1 => Just("y"), 1 => Just("12"),
    ];
    let name = prop_oneof![4 => Just("a"), 3 => Just("b"), 2 => Just("c"), 1 => Just("n1")];
    let pairs = proptest::collection::vec((name, value), 2..5);
    let host = prop_oneof![Just("h1"), Just("h2"), Just("1")];
    let line = (pairs, proptest::option::of(host)).prop_map(|(pairs, host)| {
        let all = pairs.into_iter().chain(host.map(|host| ("host", host)));
        Row(all.map(|(n, v)| (n.to_owned(), Value::Text(v.into()))).collect())
    });
    proptest::collection::vec(line, 0..25)
}

fn op() -> impl Strategy<Value = Op> {
    let n = 0usize..64;
    let value = prop_oneof![Just("1"), Just("x"), Just("2"), Just("1.0"), Just("y")];
    prop_oneof![
        2 => (n.clone(), 0usize..5, value).prop_map(|(name, how, value)| Op::Where { name, how, value }),
        3 => (n.clone(), n.clone(), n.clone()).prop_map(|(new, name, how)| Op::Eval { new, name, how }),
        1 => n.clone().prop_map(|name| Op::Extract { name }),
        1 => (n.clone(), n.clone()).prop_map(|(name, new)| Op::Rename { name, new }),
        2 => (n.clone(), n.clone(), any::<bool>()).prop_map(|(name, then, down)| Op::Sort { name, then, down }),
        1 => (0usize..20).prop_map(Op::Head),
        1 => (0usize..20).prop_map(Op::Tail),
        1 => (1usize..3, n.clone(), n.clone()).prop_map(|(count, name, other)| Op::Dedup { count, name, other }),
        1 => (n.clone(), n.clone()).prop_map(|(name, other)| Op::Fields { name, other }),
        1 => (n.clone(), n.clone()).prop_map(|(by, of)| Op::Stats { by, of }),
        1 => n.clone().prop_map(|of| Op::Top { of }),
        2 => n.clone().prop_map(|name| Op::Lookup { name }),
        2 => (any::<bool>(), n).prop_map(|(left, name)| Op::Join { left, name }),
    ]
}

/// A store with these lines: in memory, in row groups, or sealed.
fn store(lines: &[Row], state: usize) -> Arc<Engine> {
    let engine =
        memory_engine(StoreConfig { row_group_bytes: [1 << 20, 150, 150][state], ..StoreConfig::default() });
    for (i, part) in lines.chunks(5).enumerate() {
        let mut batch = Batch::default();
        for (j, line) in part.iter().enumerate() {
            let is_host = |(name, _): &&(String, Value)| name == "host";
            let pairs = line.0.iter().filter(|pair| !is_host(pair));
            let pairs: Vec<String> = pairs.map(|(n, v)| format!("{n}={}", text(v).unwrap())).collect();
            let hosts =
                line.0.iter().filter(is_host).map(|(n, v)| (n.as_str(), text(v).unwrap().into_bytes()));
            let time = Timestamp(NOW.0 + (i * 5 + j) as i64);
            batch.push(pairs.join(" ").as_bytes(), &Attributes::new(hosts), time, Timestamp::NONE);
        }
        engine.append("", batch).unwrap();
        if state == 2 && i % 2 == 1 {
            engine.seal("").unwrap();
        }
    }
    engine
}

fn request(query: &str) -> QueryRequest {
    QueryRequest {
        query: query.to_owned(),
        order: Order::Write,
        oldest_first: true,
        with_fields: true,
        lookups: vec![("hosts".to_owned(), HOSTS.as_bytes().to_vec())],
        ..QueryRequest::default()
    }
}

/// The rows of an answer as those of the model: of records all names that could be there.
fn rows(answers: Vec<Answer>) -> (Option<Vec<String>>, Vec<Row>) {
    let mut columns: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    for answer in answers {
        match answer {
            Answer::Columns(names) => columns = Some(names),
            Answer::Row(values) => rows.push(Row(columns.iter().flatten().cloned().zip(values).collect())),
            Answer::Record(found) => {
                let is_computed = |name: &str| found.computed.iter().any(|(n, _)| n == name);
                let text = |(n, v): (&str, &[u8])| (n.to_owned(), Value::Text(v.to_vec()));
                let written = found.fields.iter().map(|(n, v)| (n.as_str(), v.as_slice()));
                let written = written.chain(found.record.attributes.iter()).map(text);
                let written = written.filter(|(n, _)| !is_computed(n)).collect::<Vec<_>>();
                rows.push(Row(written.into_iter().chain(found.computed.clone()).collect()));
            }
            other => panic!("{other:?}"),
        }
    }
    (columns, rows)
}

/// The values of each name, in the order of names: what can be told of a record.
fn told(row: &Row) -> BTreeMap<String, Vec<Value>> {
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, value) in row.0.iter().filter(|(_, v)| *v != Value::Null) {
        told.entry(name.clone()).or_default().push(value.clone());
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::Direct("tests/engine/stages.regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn chains_of_stages_do_what_the_model_does(
        lines in lines(),
        ops in proptest::collection::vec(op(), 1..6),
        state in 0usize..3,
    ) {
        let mut model = Model { lines: &lines, rows: lines.clone(), columns: None, query: "*".to_owned() };
        ops.iter().for_each(|op| model.apply(op));
        let (columns, got) = rows(ask(&store(&lines, state), &request(&model.query)));
        prop_assert_eq!(&columns, &model.columns, "columns of {}", &model.query);
        if columns.is_some() {
            prop_assert_eq!(&got, &model.rows, "rows of {}", &model.query);
        } else {
            let got: Vec<_> = got.iter().map(told).collect();
            let wanted: Vec<_> = model.rows.iter().map(told).collect();
            prop_assert_eq!(got, wanted, "records of {}", &model.query);
        }
    }
}
