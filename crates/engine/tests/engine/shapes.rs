//! Records whose shapes are more than a row group can have.

use gastrolog_engine::{Answer, QueryRequest, Service, StoreConfig};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine};

/// The text between values stands in a shape, each time another: 80 MiB of it.
#[test]
fn text_between_values_that_is_long_and_never_the_same() {
    let engine = memory_engine(StoreConfig { row_group_bytes: 128 << 20, ..StoreConfig::default() });
    let mut lines = Vec::new();
    for n in 0..100 {
        let mut batch = Batch::default();
        let line = format!("{{\"n\":{}{n}}}", " ".repeat(800_000 + n));
        batch.push(line.as_bytes(), &Attributes::default(), Timestamp(1), Timestamp::NONE);
        engine.append("", batch).unwrap();
        lines.push(line.into_bytes());
    }
    engine.seal("").unwrap();
    assert_eq!(engine.verify("", &mut |_, _| ()).unwrap().problems, Vec::<String>::new());
    let all = QueryRequest { query: "*".into(), oldest_first: true, ..QueryRequest::default() };
    let texts = ask(&engine, &all).into_iter().map(|answer| match answer {
        Answer::Record(record) => record.record.text,
        other => panic!("{other:?}"),
    });
    assert!(texts.eq(lines), "other texts than were stored");
}
