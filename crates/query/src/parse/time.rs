//! Bounds of time: `last=`, `start=`, `end=`, durations and dates.

use std::ops::Range;

use gastrolog_types::Timestamp;
use jiff::civil::DateTime;

use super::field::{Kind, Operator};
use super::{ParseContext, Parser};
use crate::cursor::{Place, Word};
use crate::{ParseError, TimeRange};

pub(super) const SECOND_NS: i64 = 1_000_000_000;
const DAY_NS: i64 = 86_400 * SECOND_NS;

/// The units of durations, largest first.
pub(crate) const UNITS: [(&str, i64); 8] = [
    ("w", 7 * DAY_NS),
    ("d", DAY_NS),
    ("h", 3_600 * SECOND_NS),
    ("m", 60 * SECOND_NS),
    ("s", SECOND_NS),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

pub(super) const DURATION: &str = "a duration such as 15m or 1h30m (units ns us ms s m h d w)";
const TIME: &str = "a time: 2026-01-02, 2026-01-02T03:04:05Z, -2h, now, today, yesterday, or Unix seconds";

/// One bound, and where it stands.
pub(super) struct Bound {
    range: TimeRange,
    pub(super) span: Range<usize>,
}

/// What lies within all bounds.
pub(super) fn intersection(bounds: &[Bound]) -> TimeRange {
    let start = bounds.iter().filter_map(|b| b.range.start).max();
    let end = bounds.iter().filter_map(|b| b.range.end).min();
    TimeRange { start, end }
}

impl Parser<'_> {
    /// Reads the value if the name (which an operator follows) is one of time.
    pub(super) fn time_bound(
        &mut self,
        name: &Word,
        operator: &Operator,
    ) -> Result<Option<Bound>, ParseError> {
        let name_span = name.span.clone();
        let name = self.cursor.slice(name_span.clone());
        let is_column = self.columns.iter().flatten().any(|column| column == name);
        if !matches!(name, "last" | "start" | "end") || is_column {
            return Ok(None);
        }
        if operator.kind != Kind::Equal {
            let message = format!("`{name}` is a bound of time");
            return Err(ParseError::new(operator.span.clone(), message, "`=`")
                .hint(format!("a field of this name goes in quotes: \"{name}\">5")));
        }
        let (text, span) = self.time_text(if name == "last" { DURATION } else { TIME })?;
        let wrong = |expected| {
            ParseError::new(span.clone(), format!("`{text}` cannot be read"), expected)
                .hint(format!("a field of this name goes in quotes: \"{name}\"={text}"))
        };
        let context = self.context;
        let range = match name {
            "last" => {
                let duration = parse_duration(&text).ok_or_else(|| wrong(DURATION))?;
                TimeRange { start: Some(shifted(context.now, -duration)), end: None }
            }
            "start" => {
                TimeRange { start: Some(parse_time(&text, context).ok_or_else(|| wrong(TIME))?), end: None }
            }
            _ => TimeRange { start: None, end: Some(parse_time(&text, context).ok_or_else(|| wrong(TIME))?) },
        };
        Ok(Some(Bound { range, span: name_span.start..span.end }))
    }

    fn time_text(&mut self, expected: &str) -> Result<(String, Range<usize>), ParseError> {
        self.cursor.skip_space();
        let start = self.cursor.at();
        let text = match self.cursor.peek() {
            Some('"') => self.cursor.quoted()?,
            _ => {
                let span = self.cursor.word(Place::Value).span;
                self.cursor.slice(span).to_owned()
            }
        };
        if text.is_empty() {
            return Err(self.cursor.unexpected(expected));
        }
        let span = start..self.cursor.at();
        self.end_of_word(Place::Value)?;
        Ok((text, span))
    }
}

/// Nanoseconds of `15m`, `1.5h`, `1h30m`; positive.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0i64;
    while !rest.is_empty() {
        let number_length = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(number_length)?;
        let unit_length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_length)?;
        let unit_ns = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(scaled(number, unit_ns)?)?;
        rest = after;
    }
    (total > 0).then_some(total)
}

/// `number` (digits, perhaps with a fraction) times `unit_ns`, without the rounding of floats.
fn scaled(number: &str, unit_ns: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole_ns = whole.parse::<i64>().ok()?.checked_mul(unit_ns)?;
    if fraction.len() > 9 {
        return None;
    }
    let ten_to = 10i128.pow(fraction.len() as u32);
    let part_ns = i128::from(fraction.parse::<u32>().ok()?) * i128::from(unit_ns) / ten_to;
    whole_ns.checked_add(i64::try_from(part_ns).ok()?)
}

fn parse_time(text: &str, context: &ParseContext) -> Option<Timestamp> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return unix_time(text);
    }
    match text {
        "today" => return midnight(context, 0),
        "yesterday" => return midnight(context, 1),
        _ => {}
    }
    let relative = text.strip_prefix("now").unwrap_or(text);
    match relative.split_at_checked(1) {
        None if relative.is_empty() => return Some(context.now),
        Some(("-", duration)) => return Some(shifted(context.now, -parse_duration(duration)?)),
        Some(("+", duration)) => return Some(shifted(context.now, parse_duration(duration)?)),
        _ => {}
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return timestamp(time);
    }
    let local: DateTime = text.parse().ok()?;
    // A time that a change of the clocks skips or repeats is taken as most people would.
    timestamp(context.time_zone.to_ambiguous_timestamp(local).compatible().ok()?)
}

fn timestamp(time: jiff::Timestamp) -> Option<Timestamp> {
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp)
}

/// Unix seconds, milliseconds, microseconds or nanoseconds, told apart by size: the bounds are the year 5138 in
/// each. Short numbers are more likely a year or a date than seconds of 1970, and are refused.
fn unix_time(text: &str) -> Option<Timestamp> {
    let number: i64 = text.parse().ok()?;
    let unit_ns = match number {
        0 => 1,
        1..100_000_000 => return None,
        100_000_000..100_000_000_000 => SECOND_NS,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    number.checked_mul(unit_ns).map(Timestamp)
}

/// When the day began that was so many days ago.
fn midnight(context: &ParseContext, days_ago: i32) -> Option<Timestamp> {
    let now = jiff::Timestamp::from_nanosecond(i128::from(context.now.0)).ok()?;
    let date = context.time_zone.to_datetime(now).date();
    let date = (0..days_ago).try_fold(date, |date, _| date.yesterday()).ok()?;
    timestamp(date.to_zoned(context.time_zone.clone()).ok()?.timestamp())
}

/// Never [`Timestamp::NONE`], which does not mean a time.
fn shifted(time: Timestamp, by_ns: i64) -> Timestamp {
    Timestamp(time.0.saturating_add(by_ns).max(i64::MIN + 1))
}
