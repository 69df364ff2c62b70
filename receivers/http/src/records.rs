//! Takes a body apart into records, without copying it.

use std::fmt;

use axum::http::{HeaderMap, header};
use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::answer::{Problem, Refusals};
use crate::config::HttpConfig;

/// What the content type says of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `text/plain`: every line is a record, empty ones too.
    Text,
    /// `application/x-ndjson` and its like: every line that is not blank is a record.
    JsonLines,
    /// `application/json`: an array of records, or lines, or one object over several lines.
    Json,
    /// Anything else (`curl --data-binary` says it is a form): an array if it is one, or lines.
    Unknown,
}

impl Shape {
    pub(crate) fn of(headers: &HeaderMap) -> Shape {
        let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let media_type = value.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match media_type.as_str() {
            "text/plain" => Shape::Text,
            "application/json" => Shape::Json,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/stream+json" => Shape::JsonLines,
            _ => Shape::Unknown,
        }
    }
}

/// The records of a request.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) batch: Batch,
    pub(crate) refusals: Refusals,
}

impl Records {
    /// What was refused, with the reason, as far as it is named.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&[u8], &str)> {
        let text = |range: std::ops::Range<usize>| self.batch.text.get(range).unwrap_or(&[]);
        self.refusals.named().map(move |(reason, range)| (text(range), reason))
    }
}

/// Takes `body` apart.
pub(crate) fn split(
    body: Vec<u8>,
    shape: Shape,
    attributes: Attributes,
    ingest: Timestamp,
    config: &HttpConfig,
) -> Result<Records, Problem> {
    let first = body.iter().find(|b| !b.is_ascii_whitespace());
    let batch = match (shape, first) {
        (Shape::Json, Some(b'[')) => {
            let records = elements(&body, ingest, config.records_max)?;
            Batch { text: body, records, attributes: vec![attributes] }
        }
        (Shape::Unknown, Some(b'[')) => match elements(&body, ingest, config.records_max) {
            Ok(records) => Batch { text: body, records, attributes: vec![attributes] },
            Err(Problem::BadRequest(_)) => lines(body, attributes, ingest, config.records_max)?,
            Err(other) => return Err(other),
        },
        (Shape::Json, Some(b'{')) if is_one_object(&body) => {
            let record = range(trimmed(&body), &body, ingest);
            Batch { records: vec![record], text: body, attributes: vec![attributes] }
        }
        _ => lines(body, attributes, ingest, config.records_max)?,
    };
    let skip_blank = matches!(shape, Shape::Json | Shape::JsonLines);
    Ok(sift(batch, skip_blank, config.line_bytes_max))
}

fn lines(body: Vec<u8>, attributes: Attributes, ingest: Timestamp, max: usize) -> Result<Batch, Problem> {
    Batch::from_lines_max(body, attributes, ingest, max).ok_or_else(|| too_many(max))
}

fn too_many(max: usize) -> Problem {
    Problem::TooLarge(format!("the body has more than {max} records; send it in parts"))
}

/// Takes out what is too long, and blank lines where they mean nothing. Numbers are those of the body.
fn sift(mut batch: Batch, skip_blank: bool, line_bytes_max: usize) -> Records {
    let Batch { text, records, .. } = &mut batch;
    let mut refusals = Refusals::default();
    let mut line = 0;
    records.retain(|record| {
        line += 1;
        let len = (record.end - record.start) as usize;
        if len > line_bytes_max {
            let range = record.start as usize..record.end as usize;
            refusals.add(line, range, || format!("{len} bytes, the limit is {line_bytes_max}"));
            return false;
        }
        !(skip_blank && len <= 2 && is_blank(text, record))
    });
    Records { batch, refusals }
}

/// Only the shortest lines are looked at: a blank line is empty or holds a CR.
fn is_blank(text: &[u8], record: &NewRecord) -> bool {
    text.get(record.start as usize..record.end as usize)
        .is_some_and(|line| line.iter().all(u8::is_ascii_whitespace))
}

fn trimmed(body: &[u8]) -> &[u8] {
    body.trim_ascii()
}

/// Whether the body is one JSON value that goes over several lines.
fn is_one_object(body: &[u8]) -> bool {
    let body = trimmed(body);
    let first_line = body.split(|&b| b == b'\n').next().unwrap_or(body);
    first_line.len() < body.len()
        && serde_json::from_slice::<IgnoredAny>(first_line).is_err()
        && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// `part`, which lies in `body`, as a record.
fn range(part: &[u8], body: &[u8], ingest: Timestamp) -> NewRecord {
    let start = part.as_ptr().addr().wrapping_sub(body.as_ptr().addr());
    let end = start + part.len();
    NewRecord { start: start as u32, end: end as u32, attributes: 0, ingest, source: Timestamp::NONE }
}

/// The elements of the array that `body` is.
fn elements(body: &[u8], ingest: Timestamp, max: usize) -> Result<Vec<NewRecord>, Problem> {
    let mut records = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let visitor = Elements { body, ingest, max, records: &mut records };
    let whole = json.deserialize_seq(visitor).and_then(|whole| json.end().map(|()| whole));
    match whole {
        Ok(true) => Ok(records),
        Ok(false) => Err(too_many(max)),
        Err(_) if records.len() > max => Err(too_many(max)),
        Err(e) => Err(Problem::BadRequest(format!("the body is not a JSON array: {e}"))),
    }
}

struct Elements<'b> {
    body: &'b [u8],
    ingest: Timestamp,
    max: usize,
    records: &'b mut Vec<NewRecord>,
}

impl<'de> Visitor<'de> for Elements<'_> {
    /// Whether there was room for all.
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while let Some(element) = seq.next_element::<&'de RawValue>()? {
            self.records.push(range(element.get().as_bytes(), self.body, self.ingest));
            if self.records.len() > self.max {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
