//! Stages: what stands behind a `|`. Which there are, and where they may stand.

use super::Parser;
use crate::cursor::Place;
use crate::{ParseError, Stage, nearest};

/// Stages by their names.
const NAMES: [&str; 21] = [
    "stats",
    "timechart",
    "top",
    "rare",
    "where",
    "eval",
    "extract",
    "parse",
    "fields",
    "rename",
    "sort",
    "head",
    "limit",
    "tail",
    "dedup",
    "sample",
    "context",
    "patterns",
    "new",
    "lookup",
    "join",
];

/// What is written otherwise in other languages.
const ELSEWHERE: [(&str, &str); 28] = [
    ("filter", "where"),
    ("search", "where"),
    ("summarize", "stats"),
    ("aggregate", "stats"),
    ("count", "stats count()"),
    ("count_over_time", "stats count() by bin(5m)"),
    ("rate", "stats rate() by bin(5m)"),
    ("chart", "stats"),
    ("table", "fields"),
    ("keep", "fields"),
    ("project", "fields"),
    ("select", "fields"),
    ("columns", "fields"),
    ("extend", "eval"),
    ("math", "eval"),
    ("label_format", "eval"),
    ("rex", "extract"),
    ("regex", "extract"),
    ("regexp", "extract"),
    ("pattern", "extract"),
    ("json", "parse json"),
    ("spath", "parse json"),
    ("unpack_json", "parse json"),
    ("logfmt", "parse logfmt"),
    ("uniq", "dedup"),
    ("order", "sort"),
    ("take", "head"),
    ("mv", "rename"),
];

/// Stages that are about records as they lie in the store.
const FIRST_ONLY: [&str; 3] = ["context", "patterns", "new"];

impl Parser<'_> {
    /// One stage, the `|` before it taken.
    pub(super) fn stage(&mut self, first: bool) -> Result<Stage, ParseError> {
        let start = self.next_start();
        let span = self.cursor.word(Place::List).span;
        let name = self.cursor.slice(span.clone());
        if FIRST_ONLY.contains(&name) && !first {
            let message = format!("`{name}` behind another stage");
            return Err(ParseError::new(
                span,
                message,
                "it right behind the filter: it looks at whole records",
            ));
        }
        match name {
            "stats" => self.stats(),
            "timechart" => self.timechart(start),
            "top" => self.top(false),
            "rare" => self.top(true),
            "where" => self.where_stage(),
            "eval" => self.eval(),
            "extract" => self.extract(start),
            "parse" => self.parse_stage(start),
            "fields" => self.fields(),
            "rename" => self.rename(),
            "sort" => self.sort(),
            "head" | "limit" => self.rows_to_keep(name).map(Stage::Head),
            "tail" => self.rows_to_keep(name).map(Stage::Tail),
            "dedup" => self.dedup(),
            "sample" => self.sample(),
            "context" => self.context(),
            "patterns" => self.patterns(),
            "new" => self.new_patterns(start),
            "lookup" => self.lookup(start),
            "join" => self.join(),
            _ => Err(self.unknown_stage(name, start)),
        }
    }

    fn unknown_stage(&mut self, name: &str, start: usize) -> ParseError {
        let name = name.to_ascii_lowercase();
        self.cursor.move_to(start);
        let error = self.cursor.unexpected(format!("a stage: {}", NAMES.join(", ")));
        if let Some((_, ours)) = ELSEWHERE.iter().find(|(other, _)| *other == name) {
            return error.hint(format!("write `{ours}`"));
        }
        match nearest(&name, NAMES) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error,
        }
    }
}
