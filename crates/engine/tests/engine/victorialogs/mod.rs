//! The table tests of VictoriaLogs that have a counterpart here: what its filters and pipes give, against ours. Each case
//! either holds, or stands in a list with the reason why it does not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod filters;
mod pipes;

use std::path::PathBuf;
use std::sync::Arc;

use gastrolog_engine::{Answer, Cancel, Engine, Order, QueryRequest, Service, StoreConfig};
use gastrolog_types::{Attributes, Batch, Timestamp, Value};
use serde_json::Value as Json;

use crate::support::memory_engine;

/// One call of a table test of VictoriaLogs.
struct Case {
    test: String,
    line: u64,
    args: Vec<Json>,
}

/// The cases of a file; `None` where the shared folder is missing.
fn cases(file: &str) -> Option<Vec<Case>> {
    let dir =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/victorialogs-goldens"));
    if !dir.exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "there is no {}", dir.display());
        eprintln!("skipped: there is no {}", dir.display());
        return None;
    }
    let text = std::fs::read_to_string(dir.join(format!("lib__logstorage__{file}.jsonl"))).unwrap();
    let case = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap();
        Case {
            test: json["test"].as_str().unwrap().to_owned(),
            line: json["line"].as_u64().unwrap(),
            args: json["args"].as_array().unwrap().clone(),
        }
    };
    Some(text.lines().map(case).collect())
}

/// A store with these records, in this order, in row groups.
fn store(records: &[Vec<u8>]) -> Arc<Engine> {
    let engine = memory_engine(StoreConfig::default());
    let mut batch = Batch::default();
    for record in records {
        batch.push(record, &Attributes::default(), Timestamp(1), Timestamp::NONE);
    }
    if !records.is_empty() {
        engine.append("", batch).unwrap();
        engine.seal("").unwrap();
    }
    engine
}

/// The rows of a query's table, nothing being the empty text; or what is wrong with the query.
fn rows(engine: &Engine, query: &str) -> Result<Vec<Vec<String>>, String> {
    let request = QueryRequest {
        query: query.to_owned(),
        order: Order::Write,
        oldest_first: true,
        ..QueryRequest::default()
    };
    let mut rows = Vec::new();
    let end = engine.query(&request, &Cancel::default(), &mut |answer| {
        if let Answer::Row(values) = answer {
            rows.push(values.iter().map(shown).collect());
        }
        true
    });
    end.map(|_| rows).map_err(|e| e.to_string())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Time(t) => t.0.to_string(),
    }
}
