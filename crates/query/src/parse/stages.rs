//! Stages: what stands behind a `|`.

use std::collections::HashSet;

use super::Parser;
use super::time::{DURATION, parse_duration};
use crate::cursor::Place;
use crate::{Aggregate, GroupKey, ParseError, SortKey, Stage};

const STAGES: &str = "a stage: stats, sort, head, limit or fields";

impl Parser<'_> {
    /// One stage, the `|` before it taken.
    pub(super) fn stage(&mut self) -> Result<Stage, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let span = self.cursor.word(Place::List).span;
        match self.cursor.slice(span) {
            "stats" => self.stats(),
            "sort" => self.sort(),
            "head" | "limit" => self.head(),
            "fields" => self.fields(),
            _ => {
                self.cursor = before;
                Err(self.cursor.unexpected(STAGES))
            }
        }
    }

    fn stats(&mut self) -> Result<Stage, ParseError> {
        let mut names = HashSet::new();
        let mut aggregates: Vec<Aggregate> = Vec::new();
        loop {
            let start = self.next_start();
            let aggregate = self.aggregate()?;
            self.distinct(&mut names, &aggregate.alias, start)?;
            aggregates.push(aggregate);
            if !self.comma() {
                break;
            }
        }
        let mut by = Vec::new();
        if self.cursor.eat_keyword("by") {
            loop {
                let start = self.next_start();
                let key = self.group_key()?;
                self.distinct(&mut names, key.column(), start)?;
                by.push(key);
                if !self.comma() {
                    break;
                }
            }
        }
        self.end_of_stage("`,`, `by`, `as` or `|`")?;
        Ok(Stage::Stats { aggregates, by })
    }

    fn group_key(&mut self) -> Result<GroupKey, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        if !self.cursor.eat_keyword("bin") || !self.cursor.eat("(") {
            self.cursor = before;
            return Ok(GroupKey::Field(self.name("the name of a field, or bin(5m)")?));
        }
        let mut argument = self.argument();
        if argument.1 == "_time" {
            self.cursor.skip_space();
            if !self.cursor.eat(",") {
                return Err(self.cursor.unexpected("`,` and a duration, as in bin(_time, 5m)"));
            }
            argument = self.argument();
        }
        let (span, text) = argument;
        let Some(width_ns) = parse_duration(&text) else {
            return Err(ParseError::new(span, format!("`{text}` cannot be read"), DURATION));
        };
        self.cursor.skip_space();
        if !self.cursor.eat(")") {
            return Err(self.cursor.unexpected("`)`"));
        }
        Ok(GroupKey::TimeBin(width_ns))
    }

    fn argument(&mut self) -> (std::ops::Range<usize>, String) {
        self.cursor.skip_space();
        let span = self.cursor.word(Place::List).span;
        (span.clone(), self.cursor.slice(span).to_owned())
    }

    fn sort(&mut self) -> Result<Stage, ParseError> {
        self.cursor.skip_space();
        self.cursor.eat_keyword("by");
        let mut keys = Vec::new();
        loop {
            self.cursor.skip_space();
            let minus = self.cursor.eat("-");
            let field =
                self.column("a field or aggregate to sort by, `-` before it for the largest first")?;
            self.cursor.skip_space();
            if minus && (self.cursor.at_keyword("asc") || self.cursor.at_keyword("desc")) {
                return Err(self.cursor.unexpected("either `-` before the name or a word behind it"));
            }
            let descending = minus || self.cursor.eat_keyword("desc");
            if !descending {
                self.cursor.eat_keyword("asc");
            }
            keys.push(SortKey { field, descending });
            if !self.comma() && self.at_end_of_stage() {
                return Ok(Stage::Sort(keys));
            }
        }
    }

    fn head(&mut self) -> Result<Stage, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let span = self.cursor.word(Place::List).span;
        let Ok(count) = self.cursor.slice(span).parse() else {
            self.cursor = before;
            return Err(self.cursor.unexpected("how many rows to keep, as in head 10"));
        };
        self.end_of_stage("`|`")?;
        Ok(Stage::Head(count))
    }

    fn fields(&mut self) -> Result<Stage, ParseError> {
        let mut names = Vec::new();
        loop {
            names.push(self.column("the name of a field")?);
            if !self.comma() && self.at_end_of_stage() {
                return Ok(Stage::Fields(names));
            }
        }
    }

    /// The name of a column: a field, or an aggregate by the call that made it.
    fn column(&mut self, expected: &str) -> Result<String, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        self.cursor.word(Place::List);
        let is_call = self.cursor.at() > before.at() && self.cursor.peek() == Some('(');
        self.cursor = before;
        if is_call { self.call().map(|(_, _, name)| name) } else { self.name(expected) }
    }

    /// A name, in quotes or not, without patterns.
    pub(super) fn name(&mut self, expected: &str) -> Result<String, ParseError> {
        self.cursor.skip_space();
        if self.cursor.peek() == Some('"') {
            return self.cursor.quoted();
        }
        let before = self.cursor.clone();
        let word = self.cursor.word(Place::List);
        let span = word.span.clone();
        match word.plain() {
            Ok(name) if !name.is_empty() => Ok(name),
            Ok(_) => {
                self.cursor = before;
                Err(self.cursor.unexpected(expected))
            }
            Err(_) => Err(ParseError::new(span, "a pattern in place of a name", expected)),
        }
    }

    fn next_start(&mut self) -> usize {
        self.cursor.skip_space();
        self.cursor.at()
    }

    fn comma(&mut self) -> bool {
        self.cursor.skip_space();
        let found = self.cursor.eat(",");
        self.cursor.skip_space();
        found
    }

    fn at_end_of_stage(&self) -> bool {
        matches!(self.cursor.peek(), None | Some('|'))
    }

    fn end_of_stage(&mut self, expected: &str) -> Result<(), ParseError> {
        self.cursor.skip_space();
        if self.at_end_of_stage() { Ok(()) } else { Err(self.cursor.unexpected(expected)) }
    }

    fn distinct(&self, names: &mut HashSet<String>, name: &str, start: usize) -> Result<(), ParseError> {
        if names.insert(name.to_owned()) {
            return Ok(());
        }
        let message = format!("two columns named `{name}`");
        Err(ParseError::new(start..self.cursor.at(), message, "another name: … as name"))
    }
}
