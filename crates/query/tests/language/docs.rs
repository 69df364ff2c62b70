//! Every example of the manual is understood.

use crate::common::CONTEXT;
use gastrolog_query::{Expr, Query, parse};

fn manual() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/query.md");
    std::fs::read_to_string(path).expect("the manual is part of the project")
}

fn understood(text: &str) -> Query {
    let query = parse(text, &CONTEXT).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let printed = query.to_string();
    assert_eq!(parse(&printed, &CONTEXT).as_ref(), Ok(&query), "{text} printed {printed}");
    query
}

/// The pieces of code in a cell of a table. A `|` in there is written `\|`.
fn code(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|")).collect::<Vec<_>>().into_iter()
}

/// Tries every piece of code; how many there are.
fn all(code: impl Iterator<Item = String>, try_one: impl Fn(&str)) -> usize {
    let mut count = 0;
    for text in code {
        try_one(&text);
        count += 1;
    }
    count
}

/// Cells of a line of a table.
fn cells(line: &str) -> Vec<String> {
    let marked = line.replace("\\|", "\u{0}");
    marked.trim().trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "\\|")).collect()
}

#[test]
fn indented_lines_are_queries() {
    let manual = manual();
    let mut fenced = false;
    let lines = manual.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced
    });
    let queries: Vec<Query> = lines.filter_map(|line| line.strip_prefix("    ")).map(understood).collect();
    assert!(queries.len() > 40, "{} examples", queries.len());
    let stages: std::collections::HashSet<String> = queries
        .iter()
        .flat_map(|q| &q.stages)
        .map(|s| s.to_string().split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(stages.len(), 20, "not every stage has an example: {stages:?}");
}

#[test]
fn tables_of_what_to_write_hold_queries_and_expressions() {
    let manual = manual();
    let mut head: Vec<String> = Vec::new();
    let (mut queries, mut expressions) = (0, 0);
    for line in manual.lines() {
        if !line.starts_with('|') {
            head.clear();
            continue;
        }
        let cells = cells(line);
        if head.is_empty() {
            head = cells;
        } else if head[0] == "write" {
            queries += all(code(&cells[0]), |text| drop(understood(text)));
        } else if head.get(1).is_some_and(|name| name == "here") {
            let is_option = |text: &String| text.starts_with("--");
            queries += all(code(&cells[1]).filter(|text| !is_option(text)), |text| drop(understood(text)));
        } else if head[0] == "expression" {
            expressions += all(code(&cells[0]), |text| {
                Expr::parse(text, &CONTEXT).unwrap_or_else(|e| panic!("{}", e.render(text)));
            });
        } else if head[0] == "function" {
            queries += all(code(&cells[0]), |call| drop(understood(&format!("last=1h | stats {call}"))));
        } else if head[0] == "form" && cells[0] != "---" && cells[0] != "text" {
            for text in code(&cells[1]) {
                let kind = gastrolog_query::Literal::bare(&*text).kind_name();
                assert!(cells[0].starts_with(kind), "{text} is a {kind}");
                queries += 1;
            }
        }
    }
    assert!(queries > 100 && expressions > 50, "{queries} queries, {expressions} expressions");
}

#[test]
fn the_error_shown_is_the_error_given() {
    let text = "level=error | stat count() by host";
    let error = parse(text, &CONTEXT).unwrap_err().render(text);
    assert!(manual().contains(&error), "{error}");
}
