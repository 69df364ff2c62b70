//! Reading the cases, and accounting for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gastrolog_query::ParseContext;
use gastrolog_types::Timestamp;
use serde_json::Value;

/// At a fixed time, in UTC.
pub(crate) fn context() -> ParseContext {
    ParseContext::utc(Timestamp(1_772_619_630_000_000_000))
}

/// The folder of this name; none where it is not there, unless the environment asks for it.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// The lines of a file, each of which is JSON.
pub(crate) fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What became of the cases.
#[derive(Default)]
pub(crate) struct Account {
    equal: usize,
    /// What is given here, by case.
    different: BTreeMap<String, String>,
    /// How many, by reason.
    without_counterpart: BTreeMap<&'static str, usize>,
}

impl Account {
    pub(crate) fn is(&mut self, case: &str, ours: &str, theirs: &str) {
        if ours == theirs {
            self.equal += 1;
        } else {
            let before = self.different.insert(case.to_owned(), format!("{ours} for {theirs}"));
            assert!(before.is_none(), "two cases named {case}");
        }
    }

    pub(crate) fn no_counterpart(&mut self, reason: &'static str) {
        *self.without_counterpart.entry(reason).or_default() += 1;
    }

    /// Prints the sums. `differences` holds a case and its reason; those and no others must differ.
    pub(crate) fn settle(
        &self,
        name: &str,
        equal: usize,
        differences: &[(&str, &str)],
        without: &[(&str, usize)],
    ) {
        let skipped: usize = self.without_counterpart.values().sum();
        println!(
            "{name}: {} cases ran, {} equal, {} different",
            self.equal + self.different.len(),
            self.equal,
            self.different.len()
        );
        println!("{name}: {skipped} cases without a counterpart: {:?}", self.without_counterpart);
        for (case, what) in &self.different {
            let reason =
                differences.iter().find(|(known, _)| known == case).map_or("NEW", |(_, reason)| reason);
            println!("{name}: {case}: {what}: {reason}");
        }
        let known: Vec<&str> = differences.iter().map(|(case, _)| *case).collect();
        let new: Vec<_> = self.different.iter().filter(|(case, _)| !known.contains(&case.as_str())).collect();
        assert!(new.is_empty(), "{name}: new differences: {new:#?}");
        let gone: Vec<_> = known.iter().filter(|case| !self.different.contains_key(**case)).collect();
        assert!(gone.is_empty(), "{name}: no longer different: {gone:?}");
        let expected: BTreeMap<&str, usize> = without.iter().copied().collect();
        assert_eq!(self.without_counterpart, expected, "{name}");
        assert_eq!(self.equal, equal, "{name}");
    }
}
