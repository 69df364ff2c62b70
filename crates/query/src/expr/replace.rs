//! `replace` and `matches`.

use gastrolog_types::Value;
use memchr::{memchr, memmem};
use regex::bytes::Captures;

use super::capped::{Capped, capped};
use super::read::{to_text, truth};
use crate::Regex;

pub(super) fn matches(text: &Value, regex: &Regex) -> Value {
    to_text(text).map_or(Value::Null, |text| truth(regex.compiled.is_match(&text)))
}

/// Every `from` in `text` becomes `to`; an empty one is found nowhere.
pub(super) fn replace_text(text: &Value, from: &Value, to: &Value) -> Option<Value> {
    let (text, from, to) = (to_text(text)?, to_text(from)?, to_text(to)?);
    if from.is_empty() {
        return Some(capped(text.into_owned()));
    }
    let (mut out, mut end) = (Capped::default(), 0);
    for at in memmem::find_iter(&text, &from) {
        if !out.push(text.get(end..at)?) || !out.push(&to) {
            return Some(out.finish());
        }
        end = at + from.len();
    }
    out.push(text.get(end..)?);
    Some(out.finish())
}

/// Every match in `text` becomes `to`, in which `$1` and `${name}` stand for groups.
pub(super) fn replace_regex(text: &Value, regex: &Regex, to: &Value) -> Option<Value> {
    let (text, to) = (to_text(text)?, to_text(to)?);
    let (mut out, mut end) = (Capped::default(), 0);
    for captures in regex.compiled.captures_iter(&text) {
        let found = captures.get(0)?;
        if !out.push(text.get(end..found.start())?) || !expand(&to, &captures, &mut out) {
            return Some(out.finish());
        }
        end = found.end();
    }
    out.push(text.get(end..)?);
    Some(out.finish())
}

/// Whether there is still room. A group that there is not is empty.
fn expand(template: &[u8], captures: &Captures<'_>, out: &mut Capped) -> bool {
    let mut rest = template;
    while let Some(at) = memchr(b'$', rest) {
        let (before, dollar) = rest.split_at(at);
        let (piece, after) = match group(dollar) {
            Some((name, after)) => (value(name, captures), after),
            None if dollar.starts_with(b"$$") => (&b"$"[..], dollar.get(2..).unwrap_or_default()),
            None => dollar.split_at(1),
        };
        if !out.push(before) || !out.push(piece) {
            return false;
        }
        rest = after;
    }
    out.push(rest)
}

/// Name or number behind the `$` that `text` begins with, and what follows.
fn group(text: &[u8]) -> Option<(&str, &[u8])> {
    let text = text.get(1..)?;
    let (name, rest) = match text.strip_prefix(b"{") {
        Some(braced) => {
            let end = memchr(b'}', braced)?;
            (braced.get(..end)?, braced.get(end + 1..)?)
        }
        None => {
            let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            text.split_at(text.iter().position(|b| !is_name(b)).unwrap_or(text.len()))
        }
    };
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
    Some((name, rest))
}

fn value<'t>(name: &str, captures: &Captures<'t>) -> &'t [u8] {
    let found = match name.parse::<usize>() {
        Ok(number) => captures.get(number),
        Err(_) => captures.name(name),
    };
    found.map(|group| group.as_bytes()).unwrap_or_default()
}
