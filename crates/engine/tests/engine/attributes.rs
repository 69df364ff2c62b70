//! Attributes beyond what a row group can have: too many names, too many sets of them, names and values that are too long.
//! They have columns whatever happens, so the records are spread over several row groups.
#![expect(clippy::unwrap_used, reason = "tests")]

use gastrolog_engine::{Answer, Engine, QueryRequest, Service, StoreConfig};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine};

const NOW: i64 = 1_795_000_000_000_000_000;

/// Stores records `from..to` with the attributes that `of` gives them, in batches of some.
fn add(engine: &Engine, (from, to): (usize, usize), per_batch: usize, of: &dyn Fn(usize) -> Attributes) {
    for first in (from..to).step_by(per_batch) {
        let mut batch = Batch::default();
        for n in first..to.min(first + per_batch) {
            batch.push(format!("line {n}").as_bytes(), &of(n), Timestamp(NOW), Timestamp::NONE);
        }
        engine.append("", batch).unwrap();
    }
}

/// That every record is there with its attributes, and nothing is bad.
fn check(engine: &Engine, records: usize, of: &dyn Fn(usize) -> Attributes) {
    let all = QueryRequest { query: "*".into(), oldest_first: true, ..QueryRequest::default() };
    let answers = ask(engine, &all);
    assert_eq!(answers.len(), records);
    for (n, answer) in answers.iter().enumerate() {
        let Answer::Record(record) = answer else { panic!("{answer:?}") };
        assert_eq!(record.record.text, format!("line {n}").as_bytes());
        assert!(record.record.attributes == of(n), "record {n} has other attributes than it came with");
    }
    assert_eq!(engine.verify("", &mut |_, _| ()).unwrap().problems, Vec::<String>::new());
}

/// Stores records in two chunks, looks at them, makes one chunk of the two, and looks again; returns how many row groups there are then.
fn hold(records: usize, per_batch: usize, of: &dyn Fn(usize) -> Attributes) -> u64 {
    let engine = memory_engine(StoreConfig::default());
    let half = records / 2;
    for part in [(0, half), (half, records)] {
        add(&engine, part, per_batch, of);
        engine.seal("").unwrap();
    }
    check(&engine, records, of);
    let report = engine.compact("", &mut |_, _| true).unwrap();
    assert_eq!((report.chunks_before, report.chunks_after), (2, 1));
    check(&engine, records, of);
    engine.chunks("").unwrap().iter().map(|chunk| chunk.row_groups).sum()
}

#[test]
fn more_names_than_a_row_group_has_columns() {
    let groups = hold(9000, 3000, &|n| Attributes::new([(format!("name{n}"), n.to_string().into_bytes())]));
    assert_eq!(groups, 2);
}

#[test]
fn more_sets_of_names_than_a_row_group_has_shapes() {
    let names = |n: usize| (0..17).filter(move |bit| n >> bit & 1 == 1);
    let groups =
        hold(80_000, 4000, &|n| Attributes::new(names(n).map(|bit| (format!("name{bit}"), vec![b'x']))));
    assert!(groups >= 3, "{groups}");
}

#[test]
fn values_and_names_that_fit_no_stream_and_no_header() {
    let value = |n: usize| n.to_string().repeat(1 << 20);
    assert_eq!(hold(90, 10, &|n| Attributes::new([("value", value(n % 10).into_bytes())])), 2);
    let name = |n: usize| n.to_string().repeat(3 << 20);
    assert_eq!(hold(8, 2, &|n| Attributes::new([(name(n), vec![b'x'])])), 2);
}
