//! Arrows between crates point down only. The table is that of `docs/architecture.md`.

use std::collections::BTreeSet;

use crate::files::{project_files, root};
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
    ("crates/index", &["types", "format", "query"]),
    ("crates/chunk", &["types", "env", "format"]),
    // Of `chunk` the planner reads summaries and footers only.
    ("crates/plan", &["types", "query", "index", "format", "chunk"]),
    ("crates/exec", &["types", "query", "plan", "index", "chunk", "format", "env"]),
    ("crates/ingest", &["types", "query"]),
    ("crates/net", &["types", "ingest"]),
    // Fields are what the indexers say they are.
    ("crates/process", &["types", "query", "index", "ingest"]),
    ("crates/follow", &["types", "ingest"]),
    ("receivers/*", &["types", "ingest", "net", "follow"]),
    ("indexers/*", &["types", "index"]),
    ("crates/engine", &["types", "env", "format", "query", "chunk", "index", "plan", "exec", "ingest"]),
    ("crates/server", &["engine", "env", "ingest", "net", "query", "types"]),
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
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_matches(['[', ']']);
            inside = section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
            if let Some((kind, name)) = section.rsplit_once("dependencies.")
                && !kind.ends_with("dev-")
            {
                found.extend(name.strip_prefix(PREFIX).map(str::to_owned));
            }
        } else if inside {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.extend(name.strip_prefix(PREFIX).map(str::to_owned));
        }
    }
    found
}

#[test]
fn manifests_are_read_right() {
    let manifest = "[dependencies]\ngastrolog-a.workspace = true\nserde = \"1\"\n[dependencies.gastrolog-b]\npath = \"x\"\n\
                    [dev-dependencies]\ngastrolog-c.workspace = true\n[dev-dependencies.gastrolog-d]\n\
                    [target.'cfg(unix)'.dependencies]\ngastrolog-e = { path = \"y\" }\n[build-dependencies]\ngastrolog-f={}\n";
    let found: Vec<String> = depends_on(manifest).into_iter().collect();
    assert_eq!(found, ["a", "b", "e", "f"]);
}

#[test]
fn arrows_point_down_only() {
    let mut complaints = Vec::new();
    let mut crates = 0;
    for file in project_files() {
        let Some(folder) = file.strip_suffix("/Cargo.toml") else { continue };
        crates += 1;
        let Some((_, allowed)) = LAYERS.iter().find(|(pattern, _)| matches(pattern, folder)) else {
            complaints.push(format!("{folder}: has no place in the layers"));
            continue;
        };
        let manifest = std::fs::read_to_string(root().join(&file)).expect("a manifest");
        for name in depends_on(&manifest) {
            if !allowed.iter().any(|pattern| matches(pattern, &name)) {
                complaints.push(format!("{folder}: must not use {PREFIX}{name}"));
            }
        }
    }
    assert_none(&complaints);
    assert!(crates >= LAYERS.len(), "only {crates} manifests were found");
}
