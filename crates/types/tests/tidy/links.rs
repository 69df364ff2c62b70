//! Links between documents lead somewhere.

use crate::files::{project_files, root};
use crate::tree::assert_none;

/// Targets of the links of a Markdown text, code left out.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code || line.starts_with("    ") {
            continue;
        }
        let targets = line.match_indices("](").filter_map(|(at, _)| line.get(at + 2..)?.split(')').next());
        found.extend(targets);
    }
    found
}

#[test]
fn links_are_found() {
    assert_eq!(
        links("see [a](b.md) and [c](d.md#e)\n```\n[x](y)\n```\n    [x](y)\n[f](g)"),
        ["b.md", "d.md#e", "g"]
    );
}

#[test]
fn every_link_leads_somewhere() {
    let mut complaints = Vec::new();
    for file in project_files().into_iter().filter(|f| f.ends_with(".md")) {
        let text = std::fs::read_to_string(root().join(&file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&text) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !root().join(folder).join(target).exists() {
                complaints.push(format!("{file}: {link} leads nowhere"));
            }
        }
    }
    assert_none(&complaints);
}
