//! From text to a [`Query`]: a parser by recursive descent, of bounded depth, without backtracking.

mod call;
mod expr;
mod field;
mod filter;
mod stages;
mod time;

use gastrolog_types::Timestamp;

pub(crate) use call::{call_name, percentile};
pub(crate) use expr::is_reserved;
pub(crate) use time::UNITS;

use crate::cursor::Cursor;
use crate::{Filter, ParseError, Query};

/// Longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;

/// How deep parentheses and `NOT` may nest.
const DEPTH_MAX: usize = 128;

/// Regular expressions in one query: each may take a MiB when compiled.
const REGEXES_MAX: usize = 64;

/// What the meaning of times in a query depends on.
#[derive(Clone, Copy, Debug)]
pub struct ParseContext {
    /// The time it is.
    pub now: Timestamp,
    /// How far local time is ahead of UTC: for dates and times that do not say.
    pub utc_offset_seconds: i32,
}

/// Reads a query.
///
/// # Errors
/// When it cannot be understood: the error says where and what was expected.
pub fn parse(text: &str, context: &ParseContext) -> Result<Query, ParseError> {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!("a query of {} bytes; {QUERY_BYTES_MAX} are the limit", text.len());
        return Err(ParseError::new(0..0, message, ""));
    }
    let mut parser = Parser { cursor: Cursor::new(text), context: *context, regexes: 0 };
    parser.query()
}

pub(crate) struct Parser<'a> {
    cursor: Cursor<'a>,
    context: ParseContext,
    regexes: usize,
}

impl Parser<'_> {
    fn query(&mut self) -> Result<Query, ParseError> {
        self.cursor.skip_space();
        let (filter, times) = match self.cursor.peek() {
            None | Some('|') => (Filter::All, Vec::new()),
            _ => self.either(0)?.into_parts(),
        };
        let mut stages = Vec::new();
        loop {
            self.cursor.skip_space();
            match self.cursor.peek() {
                None => break,
                Some('|') => {
                    self.cursor.skip(1);
                    stages.push(self.stage()?);
                }
                Some(')') => return Err(self.cursor.unexpected("no `)` where no `(` is open")),
                Some(_) => return Err(self.cursor.unexpected("`|` or the end of the query")),
            }
        }
        Ok(Query { filter: filter.simplify(), time: time::intersection(&times), stages })
    }
}
