//! Explain against golden files: the plan that runs, as a tree. `UPDATE_GOLDEN=1` writes them anew.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write;
use std::sync::Arc;

use crate::support::pipeline;
use gastrolog_engine::{
    Access, Cancel, Engine, EngineConfig, ExplainNode, Fact, Location, OpenOptions, QueryRequest, Service,
    StoreConfig,
};
use gastrolog_env::{Env, ManualClock, SeededRandom};
use gastrolog_types::{Attributes, Batch, Timestamp};

const NOW: Timestamp = Timestamp(1_795_000_000_000_000_000);

/// The project's own logs in two sealed chunks and some records in memory; always the same bytes and ids.
fn engine() -> Arc<Engine> {
    let env = Env {
        clock: Arc::new(ManualClock::new(NOW)),
        random: Arc::new(SeededRandom::new(7)),
        ..Env::memory()
    };
    let store = StoreConfig { row_group_bytes: 1 << 20, ..StoreConfig::default() };
    let config = EngineConfig { default_store: store, query_threads: 1, ..EngineConfig::default() };
    let (location, access) = (Location::Memory, Access::ReadWrite);
    let engine = Engine::open(OpenOptions { location, access, config, pipeline: pipeline(), env }).unwrap();
    for (log, seal) in
        [("access.log", true), ("app.jsonl", true), ("app.logfmt", false), ("syslog.log", false)]
    {
        let text =
            std::fs::read(format!("{}/../../testdata/logs/{log}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let batch = Batch::from_lines(text, Attributes::new([("file", log.as_bytes())]), NOW);
        engine.append("", batch).unwrap();
        if seal {
            engine.seal("").unwrap();
        }
    }
    engine
}

fn print(node: &ExplainNode, depth: usize, out: &mut String) {
    writeln!(out, "{}{}", "  ".repeat(depth), node.title).unwrap();
    for (name, fact) in &node.facts {
        let value = match fact {
            Fact::Text(text) => text.clone(),
            Fact::Count(n) | Fact::Bytes(n) => n.to_string(),
            Fact::Nanos(_) => "(time)".to_owned(),
        };
        writeln!(out, "{}- {name}: {value}", "  ".repeat(depth + 1)).unwrap();
    }
    node.children.iter().for_each(|child| print(child, depth + 1, out));
}

fn check(golden: &str, queries: &[(&str, bool)]) {
    let engine = engine();
    let mut got = String::new();
    for &(query, analyze) in queries {
        let request = QueryRequest { query: query.to_owned(), limit: Some(10), ..QueryRequest::default() };
        let tree = engine.explain(&request, analyze, &Cancel::default()).unwrap();
        writeln!(got, "$ explain{} {query}", if analyze { " --analyze" } else { "" }).unwrap();
        print(&tree, 0, &mut got);
        got.push('\n');
    }
    let path = format!("{}/../../testdata/golden/{golden}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(got, wanted, "{path} differs; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn plans() {
    check(
        "explain.txt",
        &[
            ("status=500 method=POST", false),
            ("nosuchword", false),
            ("nowhere=1", false),
            ("status=999", false),
            ("/conn.*refused/", false),
            ("error start=2030-01-01T00:00:00Z", false),
        ],
    );
}

#[test]
fn plans_with_what_happened() {
    check(
        "explain-analyze.txt",
        &[
            ("| stats count()", true),
            ("| stats count() by status", true),
            ("status=500 | stats count() by method", true),
            ("\"connection refused\" OR level=error", true),
        ],
    );
}
