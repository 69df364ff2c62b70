//! From text to a [`Query`]: a parser by recursive descent, of bounded depth, without backtracking.

mod call;
mod context;
mod eval;
mod expr;
mod field;
mod filter;
mod names;
mod rows;
mod sides;
mod stages;
mod tables;
mod template;
mod time;
mod widths;

pub(crate) use call::{VALUES_DEFAULT, call_name, percentile};
pub use context::ParseContext;
pub(crate) use expr::is_reserved;
pub(crate) use rows::TEXT;
pub(crate) use template::written as written_template;
pub(crate) use time::UNITS;

use crate::columns::columns_after;
use crate::cursor::Cursor;
use crate::{Filter, ParseError, Query, TimeRange};

/// Longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;

/// How deep parentheses and `NOT` may nest.
const DEPTH_MAX: usize = 128;

/// Regular expressions in one query: each may take a MiB when compiled.
const REGEXES_MAX: usize = 64;

/// Stages of one query.
const STAGES_MAX: usize = 64;

/// Reads a query.
///
/// # Errors
/// When it cannot be understood: the error says where and what was expected.
pub fn parse(text: &str, context: &ParseContext) -> Result<Query, ParseError> {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!("a query of {} bytes; {QUERY_BYTES_MAX} are the limit", text.len());
        return Err(ParseError::new(0..0, message, ""));
    }
    Parser::new(text, context).query()
}

pub(crate) struct Parser<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) context: &'a ParseContext,
    regexes: usize,
    /// The bounds of the query at hand.
    time: TimeRange,
    /// The columns of the rows that the stage at hand gets; `None`: records.
    columns: Option<Vec<String>>,
    /// How many queries the query at hand is in.
    nesting: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, context: &'a ParseContext) -> Parser<'a> {
        let time = TimeRange { start: context.start, end: None };
        Parser { cursor: Cursor::new(text), context, regexes: 0, time, columns: None, nesting: 0 }
    }
}

impl Parser<'_> {
    /// A query up to its end, which is that of the text or the `)` that closes it.
    fn query(&mut self) -> Result<Query, ParseError> {
        self.cursor.skip_space();
        let (filter, times) = match self.cursor.peek() {
            None | Some('|') => (Filter::All, Vec::new()),
            Some(')') if self.nesting > 0 => (Filter::All, Vec::new()),
            _ => self.either(0)?.into_parts(),
        };
        let own = time::intersection(&times);
        if let (Some(bound), Some(_), 0) = (times.first(), self.context.start, self.nesting) {
            let message = "the query has bounds of time of its own";
            return Err(ParseError::new(
                bound.span.clone(),
                message,
                "either these or the span beside the query",
            ));
        }
        if own != TimeRange::default() {
            self.time = own;
        }
        let mut stages = Vec::new();
        loop {
            self.cursor.skip_space();
            match self.cursor.peek() {
                None => break,
                Some('|') => {
                    self.next_stage(stages.len())?;
                    let stage = self.stage(stages.is_empty())?;
                    self.columns = columns_after(&stage, self.columns.take());
                    stages.push(stage);
                }
                Some(')') if self.nesting > 0 => break,
                Some(')') => return Err(self.cursor.unexpected("no `)` where no `(` is open")),
                Some(_) => return Err(self.cursor.unexpected("`|` or the end of the query")),
            }
        }
        Ok(Query { filter: filter.simplify(), time: self.time, stages })
    }

    fn next_stage(&mut self, before: usize) -> Result<(), ParseError> {
        let start = self.cursor.at();
        self.cursor.skip(1);
        if before < STAGES_MAX {
            return Ok(());
        }
        let message = format!("more than {STAGES_MAX} stages");
        Err(ParseError::new(start..start + 1, message, "the end of the query"))
    }
}
