//! A condition on a record, as the filter of a query.

use gastrolog_query::{Filter, ParseContext, TimeRange, matches, parse};
use gastrolog_types::Timestamp;

use crate::ProcessError;
use crate::view::View;

/// A filter of the query language on text, fields and attributes. It knows no time: what is asked of a record on its way
/// in must not depend on when it is asked.
#[derive(Clone, Debug)]
pub struct Condition {
    filter: Filter,
    source: String,
}

impl Condition {
    /// Reads `source`.
    ///
    /// # Errors
    /// When it is no filter: a wrong query, stages, or bounds of time.
    pub fn new(source: &str) -> Result<Condition, ProcessError> {
        let wrong = |why: String| ProcessError::Condition(source.to_owned(), why);
        let query = parse(source, &ParseContext::utc(Timestamp(0))).map_err(|e| wrong(e.to_string()))?;
        if !query.stages.is_empty() {
            return Err(wrong("stages (`|`) make no sense here".into()));
        }
        if query.time != TimeRange::default() {
            return Err(wrong("bounds of time make no sense here".into()));
        }
        Ok(Condition { filter: query.filter, source: source.trim().to_owned() })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds for every record.
    pub(crate) fn is_all(&self) -> bool {
        self.filter == Filter::All
    }

    pub(crate) fn holds(&self, record: &View<'_>) -> bool {
        matches(&self.filter, record)
    }
}
