//! Regular expressions: of bounded size, and the words that are said to be in every match are.

use gastrolog_query::{Regex, TextMatch, required_words};
use gastrolog_types::words::contains_word;

use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("regex", run, seeds)];

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "^(error|warn) .*timeout[0-9]{2,4}\nerror a timeout123",
        "(?i)[ ,]user( |$)\nthe USER came",
        "\\bfoo\\b|ba[rz]+?\nfoo baz",
        "(a{1,50}){1,50}\naaaa",
        "\\pL+\\x{1F600}(?s:.)\n\u{e9}",
    ];
    texts.map(|t| t.as_bytes().to_vec()).to_vec()
}

/// A line of the expression; the rest is the text.
fn run(data: &[u8]) {
    let mut parts = data.splitn(2, |&b| b == b'\n');
    let Some(Ok(source)) = parts.next().map(std::str::from_utf8) else { return };
    let text = parts.next().unwrap_or(&[]);
    let Ok(regex) = Regex::new(source) else { return };
    let found = regex.compiled.is_match(text);
    for word in required_words(&TextMatch::Regex(regex)) {
        assert!(
            !found || contains_word(text, &word),
            "{source:?} matches without {:?}",
            word.escape_ascii().to_string()
        );
    }
}
