//! What is wrong with a query, where, and what was expected there.

use std::fmt;
use std::ops::Range;

/// Characters of a long line that are shown around the place.
const SHOWN_CHARS_MAX: usize = 100;

/// A query that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where, in bytes of the query; empty at its end.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was expected there; empty when nothing would do.
    pub expected: String,
    /// How to say what was probably meant.
    pub hint: Option<String>,
}

impl ParseError {
    pub(crate) fn new(
        span: Range<usize>,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> ParseError {
        ParseError { span, message: message.into(), expected: expected.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> ParseError {
        self.hint = Some(hint.into());
        self
    }

    /// Several lines for people: the message, the line of the query, a caret under the place, what was expected.
    /// `text` is the query that was parsed. Control characters are not passed on.
    pub fn render(&self, text: &str) -> String {
        let start = floor(text, self.span.start);
        let end = floor(text, self.span.end).max(start);
        let line_start = text.get(..start).and_then(|t| t.rfind('\n')).map_or(0, |p| p + 1);
        let line_end = text.get(start..).and_then(|t| t.find('\n')).map_or(text.len(), |p| start + p);
        let line_number = text.get(..line_start).unwrap_or_default().matches('\n').count() + 1;
        let before: Vec<char> = text.get(line_start..start).unwrap_or_default().chars().collect();
        let marked = text.get(start..end.min(line_end)).unwrap_or_default().chars().count().max(1);
        let skipped = before.len().saturating_sub(SHOWN_CHARS_MAX / 2);
        let shown = text.get(line_start..line_end).unwrap_or_default().chars().skip(skipped);
        let shown: String =
            shown.take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let column = before.len() - skipped;
        let carets = "^".repeat(marked.min(SHOWN_CHARS_MAX - column));
        let margin = " ".repeat(line_number.to_string().len());
        let mut out = format!("error: {}\n{margin} |\n{line_number} | {}\n", self.message, shown.trim_end());
        out.push_str(&format!("{margin} | {}{carets}", " ".repeat(column)));
        if !self.expected.is_empty() {
            out.push_str(&format!(" expected {}", self.expected));
        }
        if let Some(hint) = &self.hint {
            out.push_str(&format!("\n{margin} = {hint}"));
        }
        out.push('\n');
        out
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.span.start)?;
        if !self.expected.is_empty() {
            write!(f, ": expected {}", self.expected)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseError {}
