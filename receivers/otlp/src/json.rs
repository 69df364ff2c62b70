//! Reads an `ExportLogsServiceRequest` in JSON, as senders really write it: keys in any spelling, numbers as texts,
//! severities by name, ids of any form. What does not fit is kept as it stands.

use gastrolog_net::json::{JsonLine, for_each_element, for_each_member, text};
use serde_json::value::RawValue;

use crate::draft::Slot;
use crate::gather::{Fault, Gather};

/// Values deeper than this are kept as they stand.
const DEPTH_MAX: u32 = 32;
/// Severities by name begin with this; each has four steps.
const SEVERITY_PREFIX: &str = "SEVERITY_NUMBER_";
const SEVERITIES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// Reads the records of `request` into `gather`.
pub(crate) fn read(request: &str, gather: &mut Gather) -> Result<(), Fault> {
    let mut fault = None;
    let walked = for_each_member(request, |key, value| {
        if name(&key) != "resourcelogs" || value.get() == "null" {
            return Ok(());
        }
        elements(value, &mut fault, |element| resource_logs(element, gather))
    });
    settle(walked, fault)
}

/// What a walk ended with: the fault that stopped it, or what is wrong with the JSON.
fn settle(walked: Result<(), serde_json::Error>, fault: Option<Fault>) -> Result<(), Fault> {
    match (walked, fault) {
        (_, Some(fault)) => Err(fault),
        (Err(e), None) => Err(Fault::Malformed(format!("not an export request in JSON: {e}"))),
        (Ok(()), None) => Ok(()),
    }
}

/// Walks an array inside of another walk; a fault of `each` is put aside, for it must not become a text.
fn elements<'a>(
    array: &'a RawValue,
    fault: &mut Option<Fault>,
    mut each: impl FnMut(&'a RawValue) -> Result<(), Fault>,
) -> Result<(), String> {
    for_each_element(array.get(), |element| {
        each(element).map_err(|f| {
            *fault = Some(f);
            String::new()
        })
    })
    .map_err(|e| e.to_string())
}

/// A key without case and underscores: `scopeLogs` and `scope_logs` are one.
fn name(key: &str) -> String {
    key.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// The last member of `object` that is called `wanted`.
fn member<'a>(object: &'a RawValue, wanted: &str) -> Option<&'a RawValue> {
    let mut found = None;
    // What cannot be walked was kept whole by whoever looks here.
    let _ = for_each_member(object.get(), |key, value| {
        if name(&key) == wanted && value.get() != "null" {
            found = Some(value);
        }
        Ok(())
    });
    found
}

fn resource_logs(entry: &RawValue, gather: &mut Gather) -> Result<(), Fault> {
    resource(entry, gather);
    nested(entry, "scopelogs", gather, |entry, gather| {
        scope(entry, gather);
        nested(entry, "logrecords", gather, log_record)
    })
}

/// Reads the array `wanted` of `entry`; what is no such thing is kept as a malformed record.
fn nested(
    entry: &RawValue,
    wanted: &str,
    gather: &mut Gather,
    mut each: impl FnMut(&RawValue, &mut Gather) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if !entry.get().starts_with('{') {
        return gather.malformed(entry.get().as_bytes(), "not an object");
    }
    let Some(array) = member(entry, wanted) else { return Ok(()) };
    if !array.get().starts_with('[') {
        return gather.malformed(entry.get().as_bytes(), &format!("{wanted} is not an array"));
    }
    let mut fault = None;
    let walked = for_each_element(array.get(), |element| {
        each(element, gather).map_err(|f| {
            fault = Some(f);
            String::new()
        })
    });
    settle(walked, fault)
}

fn resource(entry: &RawValue, gather: &mut Gather) {
    let mut members = JsonLine::default();
    let mut pairs = Vec::new();
    if let Some(resource) = member(entry, "resource") {
        if let Some(list) = member(resource, "attributes") {
            members.key(b"resource");
            attributes(list, &mut members, 0);
            each_pair(list, |key, value| pairs.extend(scalar(&key, value)));
        }
        copy(resource, "droppedattributescount", "resource_dropped_attributes_count", &mut members);
    }
    copy(entry, "schemaurl", "resource_schema_url", &mut members);
    gather.resource(members, pairs);
}

fn scope(entry: &RawValue, gather: &mut Gather) {
    let mut members = JsonLine::default();
    if let Some(scope) = member(entry, "scope") {
        members.key(b"scope");
        members.begin_object();
        copy(scope, "name", "name", &mut members);
        copy(scope, "version", "version", &mut members);
        if let Some(list) = member(scope, "attributes") {
            members.key(b"attributes");
            attributes(list, &mut members, 0);
        }
        copy(scope, "droppedattributescount", "dropped_attributes_count", &mut members);
        members.end_object();
    }
    copy(entry, "schemaurl", "scope_schema_url", &mut members);
    gather.scope(members);
}

/// Copies the member `wanted` of `object`, if it says something, under the name `to`.
fn copy(object: &RawValue, wanted: &str, to: &str, line: &mut JsonLine) {
    if let Some(value) = member(object, wanted).filter(|value| !matches!(value.get(), "\"\"" | "0")) {
        line.key(to.as_bytes());
        line.compact(value.get().as_bytes());
    }
}

fn log_record(record: &RawValue, gather: &mut Gather) -> Result<(), Fault> {
    let draft = &mut gather.draft;
    draft.clear();
    let walked = for_each_member(record.get(), |key, value| {
        let is_empty = matches!(value.get(), "null" | "\"\"");
        match name(&key).as_str() {
            _ if is_empty => {}
            "timeunixnano" => time(draft, Slot::Time, value),
            "observedtimeunixnano" => time(draft, Slot::Observed, value),
            "severitynumber" => draft.set(Slot::SeverityNumber, |line| severity(value, line)),
            "severitytext" => draft.set(Slot::SeverityText, |line| line.compact(value.get().as_bytes())),
            "eventname" => draft.set(Slot::EventName, |line| line.compact(value.get().as_bytes())),
            "body" => draft.set(Slot::Body, |line| any(value, line, 0)),
            "attributes" => draft.set(Slot::Attributes, |line| attributes(value, line, 0)),
            "droppedattributescount" => draft.set(Slot::Dropped, |line| number(value, line)),
            "flags" => draft.set(Slot::Flags, |line| number(value, line)),
            "traceid" => draft.set(Slot::TraceId, |line| id(value, line)),
            "spanid" => draft.set(Slot::SpanId, |line| id(value, line)),
            _ => draft.add(&key, value.get()),
        }
        Ok(())
    });
    match walked {
        Ok(()) => gather.record(),
        Err(e) => gather.malformed(record.get().as_bytes(), &format!("not a log record: {e}")),
    }
}

fn time(draft: &mut crate::draft::Draft, slot: Slot, value: &RawValue) {
    match plain(value).parse() {
        Ok(ns) => draft.set_time(slot, ns),
        Err(_) => draft.set(slot, |line| line.compact(value.get().as_bytes())),
    }
}

/// A number, or the text that stands in place of one, without its quotes.
fn plain(value: &RawValue) -> &str {
    value.get().trim_matches('"')
}

/// A whole number that may be written as a text.
fn number(value: &RawValue, line: &mut JsonLine) {
    match (plain(value).parse::<i64>(), plain(value).parse::<u64>()) {
        (Ok(int), _) => line.int(int),
        (_, Ok(uint)) => line.uint(uint),
        _ => line.compact(value.get().as_bytes()),
    }
}

fn severity(value: &RawValue, line: &mut JsonLine) {
    match severity_by_name(plain(value)) {
        Some(number) => line.int(number),
        None => number(value, line),
    }
}

/// `SEVERITY_NUMBER_ERROR2` is 18.
fn severity_by_name(text: &str) -> Option<i64> {
    let text = text.strip_prefix(SEVERITY_PREFIX)?;
    let (base, step) = match text.as_bytes().last()? {
        digit @ b'2'..=b'4' => (text.get(..text.len() - 1)?, i64::from(digit - b'1')),
        _ => (text, 0),
    };
    let at = SEVERITIES.iter().position(|s| *s == base)?;
    Some(1 + 4 * at as i64 + step)
}

/// Hexadecimal in lower case, so that an id is found however its sender wrote it; anything else as it stands.
fn id(value: &RawValue, line: &mut JsonLine) {
    match text(value) {
        Some(id) if id.bytes().all(|b| b.is_ascii_hexdigit()) => {
            line.string(id.to_ascii_lowercase().as_bytes());
        }
        _ => line.compact(value.get().as_bytes()),
    }
}

/// The pairs of a list as an object. What is no list, or no pair, is kept as it stands.
fn attributes(list: &RawValue, line: &mut JsonLine, depth: u32) {
    if !list.get().starts_with('[') {
        line.compact(list.get().as_bytes());
        return;
    }
    line.begin_object();
    each_pair(list, |key, value| {
        line.key(key.as_bytes());
        match value {
            Some(value) => any(value, line, depth),
            None => line.null(),
        }
    });
    line.end_object();
}

fn each_pair<'a>(list: &'a RawValue, mut each: impl FnMut(String, Option<&'a RawValue>)) {
    // An array whose elements were read once already.
    let _ = for_each_element(list.get(), |pair| {
        match member(pair, "key").and_then(text) {
            Some(key) => each(key.into_owned(), member(pair, "value")),
            None => each(String::new(), Some(pair)),
        }
        Ok(())
    });
}

/// An `AnyValue` as the JSON value it means.
fn any(value: &RawValue, line: &mut JsonLine, depth: u32) {
    let mut inner = None;
    let mut members = 0;
    let walked = for_each_member(value.get(), |key, value| {
        members += 1;
        inner = Some((name(&key), value));
        Ok(())
    });
    let as_it_stands = |line: &mut JsonLine| line.compact(value.get().as_bytes());
    match inner {
        None if walked.is_ok() => line.null(),
        Some((kind, inner)) if walked.is_ok() && members == 1 && depth <= DEPTH_MAX => {
            if !of_kind(&kind, inner, line, depth) {
                as_it_stands(line);
            }
        }
        _ => as_it_stands(line),
    }
}

/// Writes the value of an `AnyValue` by the kind that it says; false when there is no such kind.
fn of_kind(kind: &str, inner: &RawValue, line: &mut JsonLine, depth: u32) -> bool {
    match kind {
        "stringvalue" | "boolvalue" | "bytesvalue" => line.compact(inner.get().as_bytes()),
        "intvalue" => number(inner, line),
        "doublevalue" => match plain(inner).parse::<f64>() {
            Ok(float) if inner.get().starts_with('"') => line.float(float),
            _ => line.compact(inner.get().as_bytes()),
        },
        "arrayvalue" => {
            let Some(values) = member(inner, "values").filter(|v| v.get().starts_with('[')) else {
                line.raw(b"[]");
                return true;
            };
            line.begin_array();
            // An array that was read once already.
            let _ = for_each_element(values.get(), |element| {
                any(element, line, depth + 1);
                Ok(())
            });
            line.end_array();
        }
        "kvlistvalue" => match member(inner, "values") {
            Some(values) => attributes(values, line, depth + 1),
            None => line.raw(b"{}"),
        },
        _ => return false,
    }
    true
}

/// An attribute whose value is a text, a number or truth.
fn scalar(key: &str, value: Option<&RawValue>) -> Option<(String, Vec<u8>)> {
    let mut line = JsonLine::default();
    any(value?, &mut line, 0);
    let json = line.into_bytes();
    let value = match json.first()? {
        b'{' | b'[' | b'n' => return None,
        b'"' => serde_json::from_slice::<String>(&json).ok()?.into_bytes(),
        _ => json,
    };
    Some((key.to_owned(), value))
}
