//! Plans: as a tree for people, as JSON for programs.

use std::fmt::Write;

use gastrolog_engine::{ExplainNode, Fact};
use serde_json::{Value, json};

use super::escaped;
use crate::units;

/// The plan as a tree, a step a line.
pub(crate) fn plan_tree(root: &ExplainNode, color: bool) -> String {
    let mut out = String::new();
    let style = if color { anstyle::Style::new().bold() } else { anstyle::Style::new() };
    node(&mut out, root, "", "", style);
    out
}

fn node(out: &mut String, n: &ExplainNode, first: &str, rest: &str, style: anstyle::Style) {
    // Writing to a string does not fail.
    let _ = write!(out, "{first}{style}{}{style:#}", escaped(n.title.as_bytes()));
    for (i, (name, fact)) in n.facts.iter().enumerate() {
        let before = if i == 0 { "  " } else { ", " };
        let _ = write!(out, "{before}{}", fact_text(name, fact));
    }
    out.push('\n');
    let last = n.children.len().saturating_sub(1);
    for (i, child) in n.children.iter().enumerate() {
        let (turn, bar) = if i == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        node(out, child, &format!("{rest}{turn}"), &format!("{rest}{bar}"), style);
    }
}

fn fact_text(name: &str, fact: &Fact) -> String {
    let name = escaped(name.as_bytes());
    match fact {
        Fact::Text(text) => format!("{name}: {}", escaped(text.as_bytes())),
        Fact::Count(n) => format!("{name} {}", units::count(*n)),
        Fact::Bytes(n) => format!("{name} {}", units::bytes(*n)),
        Fact::Nanos(n) => format!("{name} {}", units::nanos(*n)),
    }
}

/// The plan as JSON: `title`, `facts` (each with `name` and one of `text`, `count`, `bytes`, `nanos`), `children`.
pub(crate) fn plan_json(n: &ExplainNode) -> Value {
    let facts: Vec<Value> = n
        .facts
        .iter()
        .map(|(name, fact)| match fact {
            Fact::Text(text) => json!({"name": name, "text": text}),
            Fact::Count(n) => json!({"name": name, "count": n}),
            Fact::Bytes(n) => json!({"name": name, "bytes": n}),
            Fact::Nanos(n) => json!({"name": name, "nanos": n}),
        })
        .collect();
    let children: Vec<Value> = n.children.iter().map(plan_json).collect();
    json!({"title": n.title, "facts": facts, "children": children})
}
