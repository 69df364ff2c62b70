//! Records into a store: they come back byte for byte.

use gastrolog_engine::{Answer, Cancel, Order, QueryRequest, Service, StoreConfig};

use super::pipeline::{batch, seeds};
use super::stores::memory_engine;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("store_lines", store, seeds)];

fn store(data: &[u8]) {
    let (_, batch) = batch(data);
    if batch.is_empty() {
        return;
    }
    let texts: Vec<Vec<u8>> = (0..batch.len()).map(|i| batch.text_of(i).to_vec()).collect();
    let engine = memory_engine(StoreConfig { row_group_bytes: 700, ..StoreConfig::default() });
    assert!(engine.append("", batch).is_ok());
    assert!(engine.seal("").is_ok());
    let ask = |query: &str| QueryRequest {
        query: query.into(),
        order: Order::Write,
        oldest_first: true,
        ..QueryRequest::default()
    };
    let mut found = Vec::new();
    let end = engine.query(&ask("*"), &Cancel::default(), &mut |answer| {
        if let Answer::Record(record) = answer {
            found.push(record.record.text);
        }
        true
    });
    assert!(end.is_ok_and(|end| end.damage.is_empty()));
    assert_eq!(found, texts);
    let end = engine.query(&ask("* | patterns"), &Cancel::default(), &mut |_| true);
    assert!(end.is_ok(), "{end:?}");
}
