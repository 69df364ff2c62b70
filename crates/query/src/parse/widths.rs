//! Widths of bins, and the span of time that a rate is of.

use super::Parser;
use super::time::{DURATION, SECOND_NS, parse_duration};
use crate::cursor::Place;
use crate::{Aggregate, Function, GroupKey, ParseError, parse_number};

/// How many bins `timechart` makes when its width is left out, about.
const BINS: i64 = 60;

const MINUTE_NS: i64 = 60 * SECOND_NS;
const HOUR_NS: i64 = 60 * MINUTE_NS;

/// Widths that people think in.
const WIDTHS_NS: [i64; 19] = [
    SECOND_NS,
    2 * SECOND_NS,
    5 * SECOND_NS,
    10 * SECOND_NS,
    15 * SECOND_NS,
    30 * SECOND_NS,
    MINUTE_NS,
    2 * MINUTE_NS,
    5 * MINUTE_NS,
    10 * MINUTE_NS,
    15 * MINUTE_NS,
    30 * MINUTE_NS,
    HOUR_NS,
    2 * HOUR_NS,
    3 * HOUR_NS,
    6 * HOUR_NS,
    12 * HOUR_NS,
    24 * HOUR_NS,
    7 * 24 * HOUR_NS,
];

/// The width of the time bins among some keys.
pub(super) fn time_bin(by: &[GroupKey]) -> Option<i64> {
    by.iter().find_map(|key| if let GroupKey::TimeBin(width_ns) = key { Some(*width_ns) } else { None })
}

impl Parser<'_> {
    /// How long the time is that the query is about; `None` if it has no start.
    pub(super) fn window_ns(&self) -> Option<i64> {
        let end = self.time.end.unwrap_or(self.context.now);
        self.time.start.map(|start| end.0.saturating_sub(start.0).max(1))
    }

    /// The width that `timechart` takes when none is given.
    pub(super) fn usual_width_ns(&self) -> Option<i64> {
        let window_ns = self.window_ns()?;
        let fits = |width: &&i64| width.saturating_mul(BINS) >= window_ns;
        WIDTHS_NS.iter().find(fits).or(WIDTHS_NS.last()).copied()
    }

    /// Gives each `rate` of a stage the time that it is of. `starts` are the places of the aggregates.
    pub(super) fn resolve_rates(
        &self,
        aggregates: &mut [Aggregate],
        starts: &[usize],
        bin_ns: Option<i64>,
    ) -> Result<(), ParseError> {
        for (aggregate, &start) in aggregates.iter_mut().zip(starts) {
            let Function::Rate(span_ns) = &mut aggregate.function else { continue };
            *span_ns = bin_ns.or_else(|| self.window_ns()).ok_or_else(|| {
                let expected = "a query with a start, or groups by time";
                ParseError::new(start..start + "rate".len(), "a rate of no known span of time", expected)
                    .hint("add last=1h to the query or by bin(5m) to the stage")
            })?;
        }
        Ok(())
    }

    /// The arguments of `bin(5m)`, `bin(_time, 5m)` or `bin(bytes, 100)`, the `(` taken.
    pub(super) fn bin(&mut self) -> Result<GroupKey, ParseError> {
        let start = self.next_start();
        let first = self.name("a duration, as in bin(5m), or a field and a width, as in bin(bytes, 100)")?;
        let first_span = start..self.cursor.at();
        let key = if !self.comma() {
            let width_ns = parse_duration(&first).ok_or_else(|| {
                ParseError::new(first_span.clone(), format!("`{first}` cannot be read"), DURATION)
            })?;
            self.known("_time", first_span)?;
            GroupKey::TimeBin(width_ns)
        } else if first == "_time" {
            self.known("_time", first_span)?;
            GroupKey::TimeBin(self.duration()?)
        } else {
            self.known(&first, first_span)?;
            GroupKey::NumberBin { field: first, width: self.width()? }
        };
        self.close()?;
        Ok(key)
    }

    fn duration(&mut self) -> Result<i64, ParseError> {
        self.cursor.skip_space();
        let span = self.cursor.word(Place::List).span;
        let text = self.cursor.slice(span.clone());
        let wrong = || ParseError::new(span, format!("`{text}` cannot be read"), DURATION);
        parse_duration(text).ok_or_else(wrong)
    }

    fn width(&mut self) -> Result<f64, ParseError> {
        self.cursor.skip_space();
        let span = self.cursor.word(Place::List).span;
        let text = self.cursor.slice(span.clone());
        let number = parse_number(text.as_bytes()).map(|n| n.to_f64()).filter(|n| *n > 0.0);
        number.ok_or_else(|| {
            ParseError::new(
                span,
                format!("`{text}` cannot be read"),
                "a width larger than 0, as in bin(bytes, 100)",
            )
        })
    }

    /// A duration, if what stands here begins with a digit.
    pub(super) fn optional_duration(&mut self) -> Result<Option<i64>, ParseError> {
        self.cursor.skip_space();
        if self.cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.duration().map(Some)
        } else {
            Ok(None)
        }
    }
}
