//! The help pages, word for word. `UPDATE_GOLDEN=1 cargo test -p gastrolog --test help` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::Path;
use std::process::Command;

fn help(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_gastrolog")).args(args).output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

fn check(name: &str, args: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help").join(format!("{name}.txt"));
    let shown = help(args);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &shown).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(shown, kept, "tests/help/{name}.txt: UPDATE_GOLDEN=1 writes it anew");
    let too_wide = shown.lines().find(|l| l.chars().count() > 100);
    assert_eq!(too_wide, None, "{name}: fits no terminal");
}

#[test]
fn every_page_is_as_it_was_agreed() {
    check("gastrolog", &["--help"]);
    let commands = [
        "serve",
        "ingest",
        "query",
        "explain",
        "follow",
        "fields",
        "values",
        "patterns",
        "stores",
        "chunks",
        "inspect",
        "verify",
        "repair",
        "seal",
        "compact",
        "chatterbox",
        "receivers",
        "routes",
        "completions",
    ];
    let overview = help(&["--help"]);
    for command in commands {
        assert!(overview.contains(&format!("\n  {command} ")), "{command} is not in the overview");
        check(command, &[command, "--help"]);
        assert!(help(&[command, "--help"]).contains("\nExamples:\n"), "{command} teaches nothing");
    }
    check("receivers-test", &["receivers", "test", "--help"]);
}
