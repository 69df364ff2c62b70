//! The short form of fuzzing, on stable: every input of every corpus, and a fixed sequence of changes of them.
//!
//! `FUZZ_CHANGES=100000` makes so many changes for each target, `FUZZ_TARGET=indexer_json` leaves out the others,
//! `FUZZ_SEED=7` makes other changes.

use std::panic::catch_unwind;
use std::path::Path;
use std::str::FromStr;

use gastrolog_fuzz_targets::mutate::Changes;
use gastrolog_fuzz_targets::{Target, all, corpus, memory};

/// Changes for each target, unless the environment asks for more.
const CHANGES: usize = 300;

/// What a target may hold before the process is ended: more than a target is allowed, far less than the machine has.
const HELD_BYTES_MAX: usize = 1 << 30;

fn setting<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Runs a target; an input that fails is kept in a file, which the message names.
fn check(target: &Target, input: &[u8], what: &str) {
    let Err(panic) = catch_unwind(|| target.check(input)) else { return };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    let kept = std::fs::write(&file, input).is_ok();
    let kept = if kept { file.display().to_string() } else { "nothing".to_owned() };
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned())).unwrap_or_default();
    panic!("{} fails with {what}, kept as {kept}: {text}", target.name);
}

// One test and not several: the memory of all threads is counted together.
#[test]
fn every_corpus_and_changes_of_it() {
    let (changes, only) = (setting("FUZZ_CHANGES", CHANGES), setting("FUZZ_TARGET", String::new()));
    memory::refuse_beyond(HELD_BYTES_MAX);
    for target in all().iter().filter(|t| only.is_empty() || t.name == only) {
        let inputs = corpus::read(target).unwrap();
        assert!(!inputs.is_empty(), "{} has no corpus in {}", target.name, corpus::folder(target).display());
        check(target, b"", "an empty input");
        inputs.iter().for_each(|(name, input)| check(target, input, name));
        let mut random = Changes::new(setting("FUZZ_SEED", 1));
        for i in 0..changes {
            let (_, one) = &inputs[random.below(inputs.len())];
            let (_, other) = &inputs[random.below(inputs.len())];
            check(target, &random.change(one, other), &format!("change {i}"));
        }
    }
}

#[test]
fn every_corpus_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/fuzz");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || all().iter().any(|t| t.name == name), "there is no target {name}");
    }
}
