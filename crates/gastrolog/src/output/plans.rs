//! Plans as they are shown, against golden files: the tree for people and the JSON for programs. `UPDATE_GOLDEN=1`
//! writes them anew.

use std::sync::Arc;

use gastrolog_engine::{
    Access, Cancel, Engine, EngineConfig, ExplainNode, Fact, Location, OpenOptions, QueryRequest, Service,
    StoreConfig,
};
use gastrolog_env::{Env, ManualClock, SeededRandom};
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::{plan_json, plan_tree};

const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);

/// The project's own logs: two chunks of the past, two that are alike, some records in memory; always the same.
fn engine() -> Arc<Engine> {
    let env = Env {
        clock: Arc::new(ManualClock::new(NOW)),
        random: Arc::new(SeededRandom::new(7)),
        ..Env::memory()
    };
    let store = StoreConfig { row_group_bytes: 1 << 20, footer_values: 16, ..StoreConfig::default() };
    let config = EngineConfig { default_store: store, query_threads: 1, ..EngineConfig::default() };
    let (location, access, pipeline) =
        (Location::Memory, Access::ReadWrite, Arc::new(crate::open::pipeline()));
    let engine = Engine::open(OpenOptions { location, access, config, pipeline, env }).unwrap();
    let logs = [
        ("access.log", true),
        ("access.log", true),
        ("app.jsonl", true),
        ("app.jsonl", true),
        ("app.logfmt", false),
    ];
    for (log, seal) in logs {
        let path = format!("{}/../../testdata/logs/{log}", env!("CARGO_MANIFEST_DIR"));
        let batch =
            Batch::from_lines(std::fs::read(path).unwrap(), Attributes::new([("file", log.as_bytes())]), NOW);
        engine.append("", batch).unwrap();
        if seal {
            engine.seal("").unwrap();
        }
    }
    engine
}

/// Times differ from run to run.
fn without_times(node: &mut ExplainNode) {
    for (_, fact) in &mut node.facts {
        if let Fact::Nanos(n) = fact {
            *n = 0;
        }
    }
    node.children.iter_mut().for_each(without_times);
}

fn check(golden: &str, show: fn(&ExplainNode) -> String) {
    let engine = engine();
    let queries = [
        ("level=error \"connection refused\" duration_ms>100", false),
        ("status=500 | stats count() by path | sort -count | head 3", true),
        ("/refused/ OR path=/api*", true),
        ("level=error last=10m", true),
    ];
    let mut got = String::new();
    for (query, analyze) in queries {
        let request = QueryRequest { query: query.to_owned(), limit: Some(10), ..QueryRequest::default() };
        let mut plan = engine.explain(&request, analyze, &Cancel::default()).unwrap();
        without_times(&mut plan);
        got += &format!("$ explain{} {query}\n{}\n", if analyze { " --analyze" } else { "" }, show(&plan));
    }
    let path = format!("{}/../../testdata/golden/{golden}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(got, wanted, "{path} differs; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn as_a_tree() {
    check("explain-tree.txt", |plan| plan_tree(plan, false));
}

#[test]
fn as_json() {
    check("explain-json.txt", |plan| format!("{:#}", plan_json(plan)));
}
