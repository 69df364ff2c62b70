//! Reads an `ExportLogsServiceRequest` in protobuf.

use gastrolog_net::json::JsonLine;
use gastrolog_net::wire::{Field, Fields, WireError};

use crate::draft::Slot;
use crate::gather::{Fault, Gather};

/// Values deeper than this are kept as bytes.
const DEPTH_MAX: u32 = 32;

impl From<WireError> for Fault {
    fn from(error: WireError) -> Fault {
        Fault::Malformed(error.to_string())
    }
}

type Read<T> = Result<T, Fault>;

/// Reads the records of `request` into `gather`.
pub(crate) fn read(request: &[u8], gather: &mut Gather) -> Read<()> {
    each(request, 1, |resource_logs| {
        resource(resource_logs, gather)?;
        each(resource_logs, 2, |scope_logs| {
            scope(scope_logs, gather)?;
            each(scope_logs, 2, |record| log_record(record, gather))
        })
    })
}

/// Calls `then` with each value of the field `number`.
fn each<'a>(message: &'a [u8], number: u32, mut then: impl FnMut(&'a [u8]) -> Read<()>) -> Read<()> {
    for field in Fields::of(message) {
        let (n, value) = field?;
        if n == number {
            then(value.bytes())?;
        }
    }
    Ok(())
}

/// The last value of the field `number`; a sender may have it behind what it belongs to.
fn last(message: &[u8], number: u32) -> Read<&[u8]> {
    let mut found: &[u8] = &[];
    each(message, number, |value| {
        found = value;
        Ok(())
    })?;
    Ok(found)
}

fn resource(resource_logs: &[u8], gather: &mut Gather) -> Read<()> {
    let message = last(resource_logs, 1)?;
    let mut members = JsonLine::default();
    if has_attributes(message, 1)? {
        members.key(b"resource");
        attributes(message, 1, &mut members, 0)?;
    }
    count(message, 2, "resource_dropped_attributes_count", &mut members)?;
    text_member(resource_logs, 3, "resource_schema_url", &mut members)?;
    let mut pairs = Vec::new();
    each(message, 1, |pair| {
        if let Some(pair) = scalar_pair(pair)? {
            pairs.push(pair);
        }
        Ok(())
    })?;
    gather.resource(members, pairs);
    Ok(())
}

fn scope(scope_logs: &[u8], gather: &mut Gather) -> Read<()> {
    let message = last(scope_logs, 1)?;
    let mut members = JsonLine::default();
    if !message.is_empty() {
        members.key(b"scope");
        members.begin_object();
        text_member(message, 1, "name", &mut members)?;
        text_member(message, 2, "version", &mut members)?;
        if has_attributes(message, 3)? {
            members.key(b"attributes");
            attributes(message, 3, &mut members, 0)?;
        }
        count(message, 4, "dropped_attributes_count", &mut members)?;
        members.end_object();
    }
    text_member(scope_logs, 3, "scope_schema_url", &mut members)?;
    gather.scope(members);
    Ok(())
}

fn text_member(message: &[u8], number: u32, name: &str, members: &mut JsonLine) -> Read<()> {
    let text = last(message, number)?;
    if !text.is_empty() {
        members.key(name.as_bytes());
        members.string(text);
    }
    Ok(())
}

fn count(message: &[u8], number: u32, name: &str, members: &mut JsonLine) -> Read<()> {
    for field in Fields::of(message) {
        if let (n, Field::Varint(count)) = field?
            && n == number
            && count > 0
        {
            members.key(name.as_bytes());
            members.uint(count);
        }
    }
    Ok(())
}

fn log_record(record: &[u8], gather: &mut Gather) -> Read<()> {
    let draft = &mut gather.draft;
    draft.clear();
    let mut has_pairs = false;
    for field in Fields::of(record) {
        match field? {
            (1, Field::Fixed64(ns)) => draft.set_time(Slot::Time, ns),
            (11, Field::Fixed64(ns)) => draft.set_time(Slot::Observed, ns),
            (2, Field::Varint(number)) if number != 0 => {
                draft.set(Slot::SeverityNumber, |line| line.int(number as i64));
            }
            (3, Field::Bytes(text)) if !text.is_empty() => {
                draft.set(Slot::SeverityText, |line| line.string(text))
            }
            (5, Field::Bytes(any)) => {
                let mut done = Ok(());
                draft.set(Slot::Body, |line| done = value(any, line, 0));
                done?;
            }
            (6, Field::Bytes(_)) => has_pairs = true,
            (7, Field::Varint(count)) if count > 0 => draft.set(Slot::Dropped, |line| line.uint(count)),
            (8, Field::Fixed32(flags)) if flags > 0 => draft.set(Slot::Flags, |line| line.uint(flags.into())),
            (9, Field::Bytes(id)) if !id.is_empty() => draft.set(Slot::TraceId, |line| line.hex(id)),
            (10, Field::Bytes(id)) if !id.is_empty() => draft.set(Slot::SpanId, |line| line.hex(id)),
            (12, Field::Bytes(name)) if !name.is_empty() => {
                draft.set(Slot::EventName, |line| line.string(name))
            }
            _ => {}
        }
    }
    if has_pairs {
        let mut done = Ok(());
        draft.set(Slot::Attributes, |line| done = attributes(record, 6, line, 0));
        done?;
    }
    gather.record()
}

fn has_attributes(message: &[u8], number: u32) -> Read<bool> {
    let mut any = false;
    each(message, number, |_| {
        any = true;
        Ok(())
    })?;
    Ok(any)
}

/// The pairs in the field `number` as an object; a name that comes twice stands there twice.
fn attributes(message: &[u8], number: u32, line: &mut JsonLine, depth: u32) -> Read<()> {
    line.begin_object();
    each(message, number, |pair| {
        line.key(last(pair, 1)?);
        value(last(pair, 2)?, line, depth)
    })?;
    line.end_object();
    Ok(())
}

/// An `AnyValue` as the JSON value it means.
fn value(any: &[u8], line: &mut JsonLine, depth: u32) -> Read<()> {
    if depth > DEPTH_MAX {
        line.base64(any);
        return Ok(());
    }
    let mut known = None;
    for field in Fields::of(any) {
        let (number, field) = field?;
        if (1..=7).contains(&number) {
            known = Some((number, field));
        }
    }
    match known {
        Some((1, Field::Bytes(text))) => line.string(text),
        Some((2, Field::Varint(truth))) => line.bool(truth != 0),
        Some((3, Field::Varint(int))) => line.int(int as i64),
        Some((4, Field::Fixed64(bits))) => line.float(f64::from_bits(bits)),
        Some((5, Field::Bytes(array))) => {
            line.begin_array();
            each(array, 1, |element| value(element, line, depth + 1))?;
            line.end_array();
        }
        Some((6, Field::Bytes(pairs))) => attributes(pairs, 1, line, depth + 1)?,
        Some((7, Field::Bytes(bytes))) => line.base64(bytes),
        _ => line.null(),
    }
    Ok(())
}

/// A pair whose value is a text, a number or truth.
fn scalar_pair(pair: &[u8]) -> Read<Option<(String, Vec<u8>)>> {
    let Ok(name) = std::str::from_utf8(last(pair, 1)?) else { return Ok(None) };
    let any = last(pair, 2)?;
    let text = match Fields::of(any).last() {
        Some(Ok((1, Field::Bytes(text)))) => text.to_vec(),
        Some(Ok((2..=4, _))) => {
            let mut line = JsonLine::default();
            value(any, &mut line, 0)?;
            line.into_bytes()
        }
        _ => return Ok(None),
    };
    Ok(Some((name.to_owned(), text)))
}
