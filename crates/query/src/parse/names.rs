//! What the stages share: names and lists of names, counts, commas, the end of a stage.

use std::collections::HashSet;
use std::ops::Range;

use super::Parser;
use crate::cursor::Place;
use crate::{ParseError, nearest};

/// How many of the columns of a table an error repeats.
const SHOWN_COLUMNS_MAX: usize = 12;

impl Parser<'_> {
    /// The name of a column: a field, or an aggregate by the call that made it.
    pub(super) fn column(&mut self, expected: &str) -> Result<(String, Range<usize>), ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        self.cursor.word(Place::List);
        let is_call = self.cursor.at() > before.at() && self.cursor.peek() == Some('(');
        self.cursor = before;
        let start = self.cursor.at();
        let name = if is_call { self.call()?.name } else { self.name(expected)? };
        Ok((name, start..self.cursor.at()))
    }

    /// As [`Parser::column`], of one that the rows have.
    pub(super) fn known_column(&mut self, expected: &str) -> Result<String, ParseError> {
        let (name, span) = self.column(expected)?;
        self.known(&name, span)?;
        Ok(name)
    }

    /// Names of columns that the rows have, with commas between.
    pub(super) fn known_columns(&mut self, expected: &str) -> Result<Vec<String>, ParseError> {
        let mut names = Vec::new();
        loop {
            let name = self.known_column(expected)?;
            names.push(name);
            if !self.comma() {
                return Ok(names);
            }
        }
    }

    /// Different names that need not be there already, with commas between.
    pub(super) fn new_names(&mut self, expected: &str) -> Result<Vec<String>, ParseError> {
        let mut taken = HashSet::new();
        let mut names = Vec::new();
        loop {
            let start = self.next_start();
            let name = self.name(expected)?;
            self.distinct(&mut taken, &name, start)?;
            names.push(name);
            if !self.comma() {
                return Ok(names);
            }
        }
    }

    /// An error if rows are known not to have a column of this name.
    pub(crate) fn known(&self, name: &str, span: Range<usize>) -> Result<(), ParseError> {
        let Some(columns) = &self.columns else { return Ok(()) };
        if columns.iter().any(|column| column == name) {
            return Ok(());
        }
        let mut shown: Vec<&str> = columns.iter().take(SHOWN_COLUMNS_MAX).map(String::as_str).collect();
        if columns.len() > SHOWN_COLUMNS_MAX {
            shown.push("…");
        }
        let message = format!("no column `{name}` comes out of the stages before");
        let error = ParseError::new(span, message, format!("one of: {}", shown.join(", ")));
        Err(match nearest(name, columns.iter().map(String::as_str)) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error,
        })
    }

    /// As [`Parser::name`], and where it stands.
    pub(super) fn named(&mut self, expected: &str) -> Result<(String, Range<usize>), ParseError> {
        let start = self.next_start();
        let name = self.name(expected)?;
        Ok((name, start..self.cursor.at()))
    }

    /// The column of a table that is the result of a call of this function.
    pub(super) fn column_called(&self, function: &str) -> Option<&str> {
        let is_call =
            |column: &&String| column.strip_prefix(function).is_some_and(|rest| rest.starts_with('('));
        self.columns.iter().flatten().find(is_call).map(String::as_str)
    }

    /// A name, in quotes or not, without patterns.
    pub(crate) fn name(&mut self, expected: &str) -> Result<String, ParseError> {
        self.name_in(Place::List, expected)
    }

    pub(super) fn name_in(&mut self, place: Place, expected: &str) -> Result<String, ParseError> {
        self.cursor.skip_space();
        if self.cursor.peek() == Some('"') {
            return self.cursor.quoted();
        }
        let before = self.cursor.clone();
        let word = self.cursor.word(place);
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

    /// A whole number.
    pub(super) fn count(&mut self, expected: &str) -> Result<u64, ParseError> {
        self.optional_count()?.map_or_else(|| Err(self.cursor.unexpected(expected)), Ok)
    }

    /// A whole number, if one stands here.
    pub(super) fn optional_count(&mut self) -> Result<Option<u64>, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let span = self.cursor.word(Place::List).span;
        let digits = self.cursor.slice(span.clone());
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            self.cursor = before;
            return Ok(None);
        }
        match digits.parse() {
            Ok(count) => Ok(Some(count)),
            Err(_) => Err(ParseError::new(span, "a number larger than 64 bits", "a smaller one")),
        }
    }

    pub(super) fn next_start(&mut self) -> usize {
        self.cursor.skip_space();
        self.cursor.at()
    }

    /// Takes a keyword behind white space.
    pub(super) fn word_is(&mut self, keyword: &str) -> bool {
        self.cursor.skip_space();
        self.cursor.eat_keyword(keyword)
    }

    pub(super) fn comma(&mut self) -> bool {
        self.cursor.skip_space();
        let found = self.cursor.eat(",");
        self.cursor.skip_space();
        found
    }

    pub(super) fn at_end_of_stage(&self) -> bool {
        match self.cursor.peek() {
            Some(')') => self.nesting > 0,
            next => matches!(next, None | Some('|')),
        }
    }

    pub(super) fn end_of_stage(&mut self, expected: &str) -> Result<(), ParseError> {
        self.cursor.skip_space();
        if self.at_end_of_stage() { Ok(()) } else { Err(self.cursor.unexpected(expected)) }
    }

    pub(super) fn distinct(
        &self,
        names: &mut HashSet<String>,
        name: &str,
        start: usize,
    ) -> Result<(), ParseError> {
        if names.insert(name.to_owned()) {
            return Ok(());
        }
        let message = format!("two columns named `{name}`");
        Err(ParseError::new(start..self.cursor.at(), message, "another name: … as name"))
    }
}
