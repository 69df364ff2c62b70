//! Stages that make tables of rows: `stats`, `timechart`, `top`, `rare`, `patterns`, `new`, `fields`.

use std::collections::HashSet;

use super::Parser;
use super::widths::time_bin;
use crate::columns::{PATTERN_COLUMNS, TOP_COLUMNS};
use crate::{Aggregate, GroupKey, ParseError, Stage};

/// Rows of `top` and `rare` when it is not said how many.
const TOP_DEFAULT: u64 = 10;

const FIELD: &str = "the name of a field";

impl Parser<'_> {
    pub(super) fn stats(&mut self) -> Result<Stage, ParseError> {
        let mut taken = HashSet::new();
        let (mut aggregates, starts) = self.aggregates(&mut taken)?;
        let mut by = Vec::new();
        if self.cursor.eat_keyword("by") {
            loop {
                let start = self.next_start();
                let key = self.group_key()?;
                self.distinct(&mut taken, key.column(), start)?;
                by.push(key);
                if !self.comma() {
                    break;
                }
            }
        }
        self.end_of_stage("`,`, `by`, `as` or `|`")?;
        self.resolve_rates(&mut aggregates, &starts, time_bin(&by))?;
        Ok(Stage::Stats { aggregates, by })
    }

    /// Aggregates with commas between, and where each begins.
    fn aggregates(
        &mut self,
        taken: &mut HashSet<String>,
    ) -> Result<(Vec<Aggregate>, Vec<usize>), ParseError> {
        let (mut aggregates, mut starts) = (Vec::new(), Vec::new());
        loop {
            let start = self.next_start();
            let aggregate = self.aggregate()?;
            self.distinct(taken, &aggregate.alias, start)?;
            aggregates.push(aggregate);
            starts.push(start);
            if !self.comma() {
                return Ok((aggregates, starts));
            }
        }
    }

    fn group_key(&mut self) -> Result<GroupKey, ParseError> {
        self.cursor.skip_space();
        let before = self.cursor.clone();
        if self.cursor.eat_keyword("bin") && self.cursor.eat("(") {
            return self.bin();
        }
        self.cursor = before;
        self.known_column("the name of a field, or bin(5m)").map(GroupKey::Field)
    }

    pub(super) fn timechart(&mut self, stage_start: usize) -> Result<Stage, ParseError> {
        let stage_span = stage_start..self.cursor.at();
        self.known("_time", stage_span.clone())?;
        let width_ns = self.optional_duration()?.or_else(|| self.usual_width_ns()).ok_or_else(|| {
            let expected = "a width, as in timechart 5m count(), or a query with a start";
            ParseError::new(stage_span, "a timechart of no known span of time", expected)
                .hint("add last=1h to the query, or say how wide a bin is: timechart 5m …")
        })?;
        let mut taken = HashSet::from(["_time".to_owned()]);
        let (mut aggregates, starts) = self.aggregates(&mut taken)?;
        let by = self.by(&mut taken)?;
        self.end_of_stage("`,`, `by`, `as` or `|`")?;
        self.resolve_rates(&mut aggregates, &starts, Some(width_ns))?;
        Ok(Stage::Timechart { width_ns, aggregates, by })
    }

    /// `by` and fields, if it stands here.
    fn by(&mut self, taken: &mut HashSet<String>) -> Result<Vec<String>, ParseError> {
        if self.word_is("by") { self.fresh_columns(taken) } else { Ok(Vec::new()) }
    }

    /// Columns that the rows have and that become columns of a new table.
    fn fresh_columns(&mut self, taken: &mut HashSet<String>) -> Result<Vec<String>, ParseError> {
        let mut names = Vec::new();
        loop {
            let start = self.next_start();
            let name = self.known_column(FIELD)?;
            self.distinct(taken, &name, start)?;
            names.push(name);
            if !self.comma() {
                return Ok(names);
            }
        }
    }

    pub(super) fn top(&mut self, rarest: bool) -> Result<Stage, ParseError> {
        let count = self.optional_count()?.unwrap_or(TOP_DEFAULT);
        let mut taken: HashSet<String> = TOP_COLUMNS.map(str::to_owned).into();
        let fields = self.fresh_columns(&mut taken)?;
        let by = self.by(&mut taken)?;
        self.end_of_stage("`,`, `by` or `|`")?;
        Ok(Stage::Top { count, fields, by, rarest })
    }

    pub(super) fn patterns(&mut self) -> Result<Stage, ParseError> {
        let of = self.of()?;
        let mut taken: HashSet<String> = PATTERN_COLUMNS.map(str::to_owned).into();
        let by = self.by(&mut taken)?;
        self.end_of_stage("`of`, `by` or `|`")?;
        Ok(Stage::Patterns { of, by })
    }

    pub(super) fn new_patterns(&mut self, stage_start: usize) -> Result<Stage, ParseError> {
        if self.time.start.is_none() {
            let span = stage_start..self.cursor.at();
            let expected = "a query with a start, to compare with the time before it";
            return Err(ParseError::new(span, "`new` in a query of all times", expected)
                .hint("add last=1h to the query"));
        }
        let of = self.of()?;
        self.end_of_stage("`of` or `|`")?;
        Ok(Stage::New { of })
    }

    fn of(&mut self) -> Result<Option<String>, ParseError> {
        if self.word_is("of") { self.name(FIELD).map(Some) } else { Ok(None) }
    }

    pub(super) fn fields(&mut self) -> Result<Stage, ParseError> {
        let mut taken = HashSet::new();
        let mut names = Vec::new();
        loop {
            let start = self.next_start();
            let name = self.known_column(FIELD)?;
            self.distinct(&mut taken, &name, start)?;
            names.push(name);
            if !self.comma() && self.at_end_of_stage() {
                return Ok(Stage::Fields(names));
            }
        }
    }
}
