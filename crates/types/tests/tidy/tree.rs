//! What every file must be, and which files there may be.

use crate::files::{project_files, root};

/// Longest source file, in lines. Most have less than half of it.
const LINES_MAX: usize = 700;

/// What may stand at the top level.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    ".config",
    ".gitattributes",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "clippy.toml",
    "crates",
    "docs",
    "indexers",
    "receivers",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "testdata",
];

/// Fails with all complaints at once, so that one run shows what there is to do.
#[track_caller]
pub(crate) fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

pub(crate) fn rust_files() -> impl Iterator<Item = (String, String)> {
    project_files().into_iter().filter(|f| f.ends_with(".rs")).map(|f| {
        let text = std::fs::read_to_string(root().join(&f)).unwrap_or_else(|e| panic!("{f}: {e}"));
        (f, text)
    })
}

#[test]
fn the_first_line_says_what_a_file_is() {
    let bad: Vec<String> = rust_files()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(file, _)| format!("{file}: does not begin with `//! ` and what it is"))
        .collect();
    assert_none(&bad);
}

#[test]
fn no_file_is_too_long() {
    let bad: Vec<String> = rust_files()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|&(_, lines)| lines > LINES_MAX)
        .map(|(file, lines)| format!("{file}: {lines} lines, at most {LINES_MAX} are allowed"))
        .collect();
    assert_none(&bad);
}

#[test]
fn nothing_is_left_to_be_done() {
    // Put together here, so that this file does not contain them.
    let marks = ["todo", "unimplemented"].map(|m| format!("{m}!(")).into_iter();
    let marks: Vec<String> =
        marks.chain(["FIX", "TO"].into_iter().zip(["ME", "DO"]).map(|(a, b)| format!("{a}{b}"))).collect();
    let mut bad = Vec::new();
    for (file, text) in rust_files() {
        for (i, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|m| line.contains(m.as_str())) {
                bad.push(format!("{file}:{}: {mark}", i + 1));
            }
        }
    }
    assert_none(&bad);
}

#[test]
fn the_top_level_is_what_it_should_be() {
    let mut bad: Vec<String> = project_files()
        .iter()
        .filter_map(|f| f.split('/').next())
        .filter(|top| !TOP_LEVEL.contains(top))
        .map(|top| format!("{top}: not an entry of the top level"))
        .collect();
    bad.dedup();
    assert_none(&bad);
}

#[test]
fn no_path_of_the_machine_it_was_written_on() {
    let path = ["/wo", "rk/"].concat();
    let finder = memchr::memmem::Finder::new(&path);
    let bad: Vec<String> = project_files()
        .into_iter()
        .filter(|f| std::fs::read(root().join(f)).is_ok_and(|bytes| finder.find(&bytes).is_some()))
        .map(|f| format!("{f}: contains {path}"))
        .collect();
    assert_none(&bad);
}

#[test]
fn tests_with_real_logs_do_not_skip_in_ci() {
    let folder = ["shared", "data"].join("/");
    let variable = ["GASTROLOG_REQUIRE", "SHARED"].join("_");
    let bad: Vec<String> = rust_files()
        .filter(|(_, text)| text.contains(&folder) && !text.contains(&variable))
        .map(|(file, _)| format!("{file}: reads {folder} and may skip: it must fail when {variable} is set"))
        .collect();
    assert_none(&bad);
}
