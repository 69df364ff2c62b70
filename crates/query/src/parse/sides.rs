//! Stages that look into another table: `lookup` and `join`.

use std::collections::HashSet;
use std::ops::Range;

use super::Parser;
use crate::columns::columns;
use crate::{JoinKind, ParseError, Query, Stage};

/// How deep queries in queries may nest.
pub(crate) const SUBQUERIES_DEEP_MAX: usize = 4;

impl Parser<'_> {
    pub(super) fn lookup(&mut self, stage_start: usize) -> Result<Stage, ParseError> {
        let stage_span = stage_start..self.cursor.at();
        let table = self.name("the name of a table")?;
        if !self.word_is("on") {
            return Err(self.cursor.unexpected("`on` and the column of the table to look in"));
        }
        let (key, key_span) = self.named("the column of the table to look in")?;
        let field = if self.word_is("as") {
            self.known_column("the field whose value is looked up")?
        } else {
            self.known(&key, key_span)
                .map_err(|e| e.hint(format!("say whose value is looked up: on {key} as field")))?;
            key.clone()
        };
        let fields =
            if self.word_is("fields") { self.new_names("a column of the table")? } else { Vec::new() };
        self.end_of_stage("`as`, `fields` or `|`")?;
        if fields.is_empty() && self.columns.is_some() {
            let message = "`lookup` behind a stage that makes a table, whose columns must be known";
            return Err(ParseError::new(stage_span, message, "the columns to add: lookup … fields a, b"));
        }
        Ok(Stage::Lookup { table, key, field, fields })
    }

    pub(super) fn join(&mut self) -> Result<Stage, ParseError> {
        let kind = if self.word_is("left") { JoinKind::Left } else { JoinKind::Inner };
        if kind == JoinKind::Inner {
            self.word_is("inner");
        }
        if !self.word_is("on") {
            return Err(self
                .cursor
                .unexpected("`on` and the names that both sides have, as in join on host (…)"));
        }
        let mut on: Vec<(String, Range<usize>)> = Vec::new();
        let mut taken = HashSet::new();
        loop {
            let (name, span) = self.named("a name that both sides have")?;
            self.known(&name, span.clone())?;
            self.distinct(&mut taken, &name, span.start)?;
            on.push((name, span));
            if !self.comma() {
                break;
            }
        }
        if !self.cursor.eat("(") {
            return Err(self.cursor.unexpected("`,` or `(` and the other query"));
        }
        let open = self.cursor.at() - 1;
        let subquery = self.subquery(open)?;
        self.check_sides(&on, &subquery, open..self.cursor.at())?;
        self.end_of_stage("`|`")?;
        let on = on.into_iter().map(|(name, _)| name).collect();
        Ok(Stage::Join { kind, on, subquery: Box::new(subquery) })
    }

    /// The query in parentheses, the `(` at `open` taken. It takes the bounds of time of the query around it if it
    /// has none.
    fn subquery(&mut self, open: usize) -> Result<Query, ParseError> {
        if self.nesting >= SUBQUERIES_DEEP_MAX {
            let message = format!("queries nested more than {SUBQUERIES_DEEP_MAX} deep");
            return Err(ParseError::new(open..open + 1, message, "a simpler query"));
        }
        let (outer_time, outer_columns) = (self.time, self.columns.take());
        self.nesting += 1;
        let query = self.query();
        self.nesting -= 1;
        (self.time, self.columns) = (outer_time, outer_columns);
        let query = query?;
        if self.cursor.eat(")") {
            return Ok(query);
        }
        let column = self.cursor.slice(0..open).chars().count() + 1;
        Err(self.cursor.unexpected(format!("`)` for the `(` at character {column}")))
    }

    /// Whether the other side has what is joined on, and nothing else that this side has.
    fn check_sides(
        &self,
        on: &[(String, Range<usize>)],
        subquery: &Query,
        span: Range<usize>,
    ) -> Result<(), ParseError> {
        let Some(right) = columns(&subquery.stages, None) else {
            let expected = "a stage at its end that makes a table, such as stats or fields";
            return Err(ParseError::new(span, "a join with a query for records", expected));
        };
        if let Some((name, span)) = on.iter().find(|(name, _)| !right.contains(name)) {
            let message = format!("no column `{name}` comes out of the query in parentheses");
            return Err(ParseError::new(span.clone(), message, format!("one of: {}", right.join(", "))));
        }
        let joined: HashSet<&String> = on.iter().map(|(name, _)| name).collect();
        let left: HashSet<&String> = self.columns.iter().flatten().collect();
        match right.iter().find(|name| left.contains(name) && !joined.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("both sides have a column `{name}`");
                let hint = format!("end the query in parentheses with: | rename {name} as …");
                Err(ParseError::new(span, message, "another name on one side").hint(hint))
            }
        }
    }
}
