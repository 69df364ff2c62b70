//! A log record while it is read: its fields may come in any order, its line has them in one.

use std::ops::Range;

use gastrolog_net::json::JsonLine;
use gastrolog_types::Timestamp;

/// Fields of a log record, in the order of the line. One order for all makes records of one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Time,
    SeverityText,
    SeverityNumber,
    EventName,
    Body,
    TraceId,
    SpanId,
    Attributes,
    Flags,
    Dropped,
    Observed,
}

/// Their names, those of the protocol.
const NAMES: [&str; 11] = [
    "time_unix_nano",
    "severity_text",
    "severity_number",
    "event_name",
    "body",
    "trace_id",
    "span_id",
    "attributes",
    "flags",
    "dropped_attributes_count",
    "observed_time_unix_nano",
];

/// The fields of one record, as JSON. Used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    json: JsonLine,
    at: [Option<Range<usize>>; NAMES.len()],
    /// Members that the protocol does not know.
    more: Vec<(Range<usize>, Range<usize>)>,
    time: Option<Timestamp>,
    observed: Option<Timestamp>,
}

impl Draft {
    /// Forgets the record.
    pub(crate) fn clear(&mut self) {
        self.json.truncate(0);
        self.at = Default::default();
        self.more.clear();
        (self.time, self.observed) = (None, None);
    }

    /// Sets a field to the one value that `write` writes. Of two the last counts.
    pub(crate) fn set(&mut self, slot: Slot, write: impl FnOnce(&mut JsonLine)) {
        let range = self.part(write);
        if let Some(at) = self.at.get_mut(slot as usize) {
            *at = Some(range);
        }
    }

    /// Adds a member that the protocol does not know.
    pub(crate) fn add(&mut self, name: &str, json: &str) {
        let name = self.part(|line| line.string(name.as_bytes()));
        let value = self.part(|line| line.compact(json.as_bytes()));
        self.more.push((name, value));
    }

    /// Sets one of the two times; 0 is none.
    pub(crate) fn set_time(&mut self, slot: Slot, unix_ns: u64) {
        let Some(at) = i64::try_from(unix_ns).ok().filter(|ns| *ns > 0).map(Timestamp) else {
            // A time that does not fit is kept as a number.
            if unix_ns > 0 {
                self.set(slot, |line| line.uint(unix_ns));
            }
            return;
        };
        match slot {
            Slot::Observed => self.observed = Some(at),
            _ => self.time = Some(at),
        }
        self.set(slot, |line| line.uint(unix_ns));
    }

    /// When it happened, or else when it was seen first.
    pub(crate) fn source(&self) -> Timestamp {
        self.time.or(self.observed).unwrap_or(Timestamp::NONE)
    }

    /// Writes the members, without the braces around them.
    pub(crate) fn members(&self, out: &mut JsonLine) {
        for (name, range) in NAMES.iter().zip(&self.at) {
            if let Some(range) = range {
                out.key(name.as_bytes());
                out.raw(self.bytes(range));
            }
        }
        for (name, value) in &self.more {
            out.raw(self.bytes(name));
            out.raw_after_key(self.bytes(value));
        }
    }

    fn part(&mut self, write: impl FnOnce(&mut JsonLine)) -> Range<usize> {
        self.json.end_line();
        let start = self.json.len();
        write(&mut self.json);
        start..self.json.len()
    }

    fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.json.bytes().get(range.clone()).unwrap_or_default()
    }
}
