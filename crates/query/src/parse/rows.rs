//! Stages that keep rows what they are: they choose, order or change them.

use std::collections::HashSet;

use super::Parser;
use crate::cursor::Place;
use crate::{ParseError, ParseFormat, SortKey, Stage, parse_number};

/// Records that `context` adds on one side of each match, at most.
pub(crate) const CONTEXT_MAX: u64 = 1_000;

/// The field that holds the text of a record.
pub(crate) const TEXT: &str = "_text";

const FORMATS: &str = "a format: json, logfmt, kv or csv(a, b, c)";
const CONTEXT: &str = "how many records around each match: context 5, or context before=2 after=3";
const SAMPLE: &str = "how many rows to keep, as in sample 1/100 or sample 5%";

impl Parser<'_> {
    pub(super) fn where_stage(&mut self) -> Result<Stage, ParseError> {
        let condition = self.either(0)?;
        let filter = condition.without_times("`where`")?.simplify();
        self.end_of_stage("`|`")?;
        Ok(Stage::Where(filter))
    }

    pub(super) fn extract(&mut self, stage_start: usize) -> Result<Stage, ParseError> {
        let stage_span = stage_start..self.cursor.at();
        let pattern = self.extraction()?;
        let from = if self.word_is("from") {
            self.known_column("the field to cut")?
        } else {
            self.known(TEXT, stage_span).map_err(|e| e.hint("say what to cut: extract … from field"))?;
            TEXT.to_owned()
        };
        self.end_of_stage("`from` or `|`")?;
        Ok(Stage::Extract { pattern, from })
    }

    pub(super) fn parse_stage(&mut self, stage_start: usize) -> Result<Stage, ParseError> {
        if self.columns.is_some() {
            let span = stage_start..self.cursor.at();
            let message = "`parse` behind a stage that makes a table, whose columns must be known";
            return Err(ParseError::new(span, message, "`parse` before that stage, or `extract`"));
        }
        let format = self.format()?;
        let from = if self.word_is("from") { self.name("the field to read")? } else { TEXT.to_owned() };
        let prefix =
            if self.word_is("as") { self.name("what goes before the names")? } else { String::new() };
        self.end_of_stage("`from`, `as` or `|`")?;
        Ok(Stage::Parse { format, from, prefix })
    }

    fn format(&mut self) -> Result<ParseFormat, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let span = self.cursor.word(Place::List).span;
        match self.cursor.slice(span) {
            "json" => Ok(ParseFormat::Json),
            "logfmt" => Ok(ParseFormat::Logfmt),
            "kv" => Ok(ParseFormat::Kv),
            "csv" => {
                self.cursor.skip_space();
                if !self.cursor.eat("(") {
                    return Err(self
                        .cursor
                        .unexpected("the names of its values, as in csv(time, host, msg)"));
                }
                let names = self.new_names("a name for the value")?;
                self.close()?;
                Ok(ParseFormat::Csv(names))
            }
            _ => {
                self.cursor = before;
                Err(self.cursor.unexpected(FORMATS))
            }
        }
    }

    pub(super) fn rename(&mut self) -> Result<Stage, ParseError> {
        let (mut olds, mut news) = (HashSet::new(), HashSet::new());
        let mut pairs: Vec<(String, String)> = Vec::new();
        loop {
            let start = self.next_start();
            let old = self.known_column("the name of a field")?;
            self.distinct(&mut olds, &old, start)?;
            if !self.word_is("as") {
                return Err(self.cursor.unexpected("`as` and the new name"));
            }
            let (new, span) = self.named("the new name")?;
            self.distinct(&mut news, &new, span.start)?;
            let stays = |column: &String| *column == new && !olds.contains(column);
            if self.columns.iter().flatten().any(stays) || pairs.iter().any(|(old, _)| *old == new) {
                let message = format!("a column named `{new}` is there already");
                return Err(ParseError::new(span, message, "another name, or a `rename` before this one"));
            }
            pairs.push((old, new));
            if !self.comma() {
                break;
            }
        }
        self.end_of_stage("`,` or `|`")?;
        Ok(Stage::Rename(pairs))
    }

    pub(super) fn sort(&mut self) -> Result<Stage, ParseError> {
        self.word_is("by");
        let mut keys = Vec::new();
        loop {
            self.cursor.skip_space();
            let minus = self.cursor.eat("-");
            let field =
                self.known_column("a field or aggregate to sort by, `-` before it for the largest first")?;
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

    /// The number of `head` and `tail`.
    pub(super) fn rows_to_keep(&mut self, stage: &str) -> Result<u64, ParseError> {
        let count = self.count(&format!("how many rows to keep, as in {stage} 10"))?;
        self.end_of_stage("`|`")?;
        Ok(count)
    }

    pub(super) fn dedup(&mut self) -> Result<Stage, ParseError> {
        let count = self.optional_count()?.unwrap_or(1);
        let fields = self.known_columns("the name of a field")?;
        self.end_of_stage("`,` or `|`")?;
        Ok(Stage::Dedup { count, fields })
    }

    pub(super) fn sample(&mut self) -> Result<Stage, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        let span = self.cursor.word(Place::List).span;
        let text = self.cursor.slice(span.clone());
        let one_in = match text.split_once('/') {
            Some(("1", n)) => n.parse().ok().filter(|n| *n > 0),
            Some(_) => None,
            None => match text.strip_suffix('%').and_then(|percent| parse_number(percent.as_bytes())) {
                Some(percent) => Some(self.one_in(percent.to_f64(), text, span)?),
                None => None,
            },
        };
        let Some(one_in) = one_in else {
            self.cursor = before;
            return Err(self.cursor.unexpected(SAMPLE));
        };
        self.end_of_stage("`|`")?;
        Ok(Stage::Sample(one_in))
    }

    /// A share in percent as one row in so many.
    fn one_in(&self, percent: f64, text: &str, span: std::ops::Range<usize>) -> Result<u64, ParseError> {
        let exact = 100.0 / percent;
        let whole = exact.round();
        if !(percent > 0.0 && percent <= 100.0 && exact < 1e15) {
            return Err(ParseError::new(
                span,
                format!("`{text}` of the rows"),
                "more than 0 and at most 100 %",
            ));
        }
        // Percentages such as 0.3 have no exact float; a share that is off by less is the same share.
        if (exact - whole).abs() > 1e-9 * whole {
            let message = format!("`{text}` is not one row in a whole number of rows");
            return Err(ParseError::new(span, message, format!("such a share: 1/{whole}")));
        }
        Ok(whole as u64)
    }

    pub(super) fn context(&mut self) -> Result<Stage, ParseError> {
        let start = self.next_start();
        if let Some(around) = self.optional_count()? {
            let both = self.bounded_context(around, start)?;
            self.end_of_stage("`|`")?;
            return Ok(Stage::Context { before: both, after: both });
        }
        let (mut before, mut after) = (None, None);
        loop {
            let start = self.next_start();
            let span = self.cursor.word(Place::Text).span;
            let side = match self.cursor.slice(span) {
                "before" => &mut before,
                "after" => &mut after,
                _ => {
                    self.cursor.move_to(start);
                    return Err(self.cursor.unexpected(CONTEXT));
                }
            };
            let twice = side.is_some();
            self.cursor.skip_space();
            if twice || !self.cursor.eat("=") {
                return Err(self.cursor.unexpected(CONTEXT));
            }
            let start = self.next_start();
            let count = self.count("how many records")?;
            *side = Some(self.bounded_context(count, start)?);
            self.cursor.skip_space();
            if self.at_end_of_stage() {
                return Ok(Stage::Context { before: before.unwrap_or(0), after: after.unwrap_or(0) });
            }
        }
    }

    fn bounded_context(&self, count: u64, start: usize) -> Result<u64, ParseError> {
        if count <= CONTEXT_MAX {
            return Ok(count);
        }
        let message = format!("{count} records around each match");
        Err(ParseError::new(start..self.cursor.at(), message, format!("at most {CONTEXT_MAX}")))
    }
}
