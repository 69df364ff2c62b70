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

/// Columns after which facts go on in the next line.
const WIDTH: usize = 110;

/// What was estimated and what came, under which names they stand in a plan.
const PAIRS: [(&str, &str); 7] = [
    ("rows in estimated", "rows in"),
    ("rows out estimated", "rows out"),
    ("rows estimated", "rows out"),
    ("rows estimated", "rows matched"),
    ("bytes estimated", "bytes read"),
    ("time estimated", "time"),
    ("time estimated", "finished in"),
];

fn node(out: &mut String, n: &ExplainNode, first: &str, rest: &str, style: anstyle::Style) {
    let title = escaped(n.title.as_bytes());
    // Writing to a string does not fail.
    let _ = write!(out, "{first}{style}{title}{style:#}");
    let mut column = first.chars().count() + title.chars().count();
    let bar = if n.children.is_empty() { "    " } else { "│   " };
    for (i, text) in facts(n).iter().enumerate() {
        let width = text.chars().count();
        if i > 0 {
            out.push(',');
        }
        if column + width + 3 > WIDTH {
            let _ = write!(out, "\n{rest}{bar}");
            column = rest.chars().count() + 4;
        } else {
            out.push_str(if i == 0 { "  " } else { " " });
            column += 2;
        }
        out.push_str(text);
        column += width;
    }
    out.push('\n');
    let last = n.children.len().saturating_sub(1);
    for (i, child) in n.children.iter().enumerate() {
        let (turn, bar) = if i == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        node(out, child, &format!("{rest}{turn}"), &format!("{rest}{bar}"), style);
    }
}

/// The facts of a node, what was estimated in brackets behind what came.
fn facts(n: &ExplainNode) -> Vec<String> {
    let find = |name: &str| n.facts.iter().find(|(other, _)| other == name);
    let shown = n.facts.iter().filter_map(|(name, fact)| {
        let came = PAIRS.iter().any(|(estimated, came)| estimated == name && find(came).is_some());
        let estimate =
            PAIRS.iter().filter(|(_, came)| came == name).find_map(|(estimated, _)| find(estimated));
        match (came, estimate) {
            (true, _) => None,
            (_, None) => Some(fact_text(name, fact)),
            (_, Some((_, estimate))) => {
                Some(format!("{} (estimated{})", fact_text(name, fact), fact_text("", estimate)))
            }
        }
    });
    shown.collect()
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
