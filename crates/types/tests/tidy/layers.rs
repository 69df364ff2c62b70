//! Arrows between crates point down only. The table is that of `docs/architecture.md`.

use std::collections::BTreeSet;

use crate::manifests::{crates, dependencies};
use crate::tree::assert_none;

/// Every crate that others may use.
const EVERYTHING: &[&str] = &[
    "types",
    "env",
    "format",
    "query",
    "chunk",
    "index",
    "plan",
    "exec",
    "ingest",
    "net",
    "process",
    "follow",
    "engine",
    "server",
    "receiver-*",
    "indexer-*",
];

const PREFIX: &str = "gastrolog-";

/// Crates by folder, lowest first, and what each may use. `*` is a group of crates or every crate above it.
const LAYERS: &[(&str, &[&str])] = &[
    ("crates/types", &[]),
    ("crates/env", &["types"]),
    ("crates/format", &["types"]),
    ("crates/query", &["types"]),
    ("crates/index", &["types", "format"]),
    ("crates/chunk", &["types", "env", "format"]),
    ("crates/plan", &["types", "query", "format"]),
    ("crates/exec", &["types", "query", "plan", "index", "chunk", "format", "env"]),
    ("crates/ingest", &["types"]),
    ("crates/net", &["types", "ingest"]),
    // Fields are what the indexers say they are.
    ("crates/process", &["types", "query", "index", "ingest"]),
    ("crates/follow", &["types", "ingest"]),
    ("receivers/*", &["types", "ingest", "net", "follow"]),
    ("indexers/*", &["types", "index"]),
    ("crates/engine", &["types", "env", "format", "query", "chunk", "index", "plan", "exec", "ingest"]),
    ("crates/server", &["engine", "env", "ingest", "net", "types"]),
    ("crates/gastrolog", EVERYTHING),
    ("benches", EVERYTHING),
    ("benches/fuzz-targets", EVERYTHING),
    ("benches/fuzz", &["fuzz-targets"]),
];

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.strip_prefix(start).is_some_and(|rest| !rest.contains('/')),
        None => pattern == name,
    }
}

/// The crates of this project that a manifest depends on, tests excepted.
fn depends_on(manifest: &str) -> BTreeSet<String> {
    let all = dependencies(manifest).into_iter().filter(|(kind, _)| kind != "dev-dependencies");
    all.filter_map(|(_, name)| Some(name.strip_prefix(PREFIX)?.to_owned())).collect()
}

#[test]
fn arrows_point_down_only() {
    let mut complaints = Vec::new();
    let crates = crates();
    for (folder, manifest) in &crates {
        let Some((_, allowed)) = LAYERS.iter().find(|(pattern, _)| matches(pattern, folder)) else {
            complaints.push(format!("{folder}: has no place in the layers"));
            continue;
        };
        for name in depends_on(manifest) {
            if !allowed.iter().any(|pattern| matches(pattern, &name)) {
                complaints.push(format!("{folder}: must not use {PREFIX}{name}"));
            }
        }
    }
    assert_none(&complaints);
    assert!(crates.len() >= LAYERS.len(), "only {} manifests were found", crates.len());
}
