//! Functions of texts. A byte that is not UTF-8 counts as a character and stays as it is.

use gastrolog_types::Value;
use memchr::memmem;

use super::capped::capped;
use super::read::{to_number, to_text, truth};
use crate::ExprFunction;

/// None for what cannot be computed.
pub(super) fn call(function: ExprFunction, first: &Value, more: [Option<&Value>; 2]) -> Option<Value> {
    let text = to_text(first)?;
    let other = || to_text(more[0]?);
    let index = |i: usize| to_number(more.get(i).copied().flatten()?)?.to_i64();
    Some(match function {
        ExprFunction::Lower => capped(mapped(&text, str::to_lowercase)),
        ExprFunction::Upper => capped(mapped(&text, str::to_uppercase)),
        ExprFunction::Trim => capped(trimmed(&text).to_vec()),
        ExprFunction::Length => Value::Int(i64::try_from(char_bytes(&text).count()).ok()?),
        ExprFunction::Substring => {
            let length = if more[1].is_some() { index(1)? } else { i64::MAX };
            capped(substring(&text, index(0)?, length)?.to_vec())
        }
        ExprFunction::Contains => truth(memmem::find(&text, &other()?).is_some()),
        ExprFunction::StartsWith => truth(text.starts_with(&other()?)),
        ExprFunction::EndsWith => truth(text.ends_with(&other()?)),
        ExprFunction::Split => capped(part(&text, &other()?, index(1)?)?.to_vec()),
        ExprFunction::Text => capped(text.into_owned()),
        _ => return None,
    })
}

fn mapped(text: &[u8], map: fn(&str) -> String) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(map(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// How many bytes each character has.
fn char_bytes(text: &[u8]) -> impl Iterator<Item = usize> {
    text.utf8_chunks()
        .flat_map(|chunk| chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1)))
}

fn trimmed(text: &[u8]) -> &[u8] {
    let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut rest = text.get(valid.len() - valid.trim_start().len()..).unwrap_or_default();
    while let Some(before) = without_last_space(rest) {
        rest = before;
    }
    rest
}

fn without_last_space(text: &[u8]) -> Option<&[u8]> {
    let is_space = |tail: &&[u8]| {
        let mut chars = std::str::from_utf8(tail).unwrap_or_default().chars();
        chars.next().is_some_and(char::is_whitespace) && chars.next().is_none()
    };
    let tails = (1..=4).filter_map(|n| text.get(text.len().checked_sub(n)?..));
    let tail = tails.into_iter().find(is_space)?;
    text.get(..text.len() - tail.len())
}

/// None for a length below zero; what lies outside of the text is left out.
fn substring(text: &[u8], start: i64, length: i64) -> Option<&[u8]> {
    let length = usize::try_from(length).ok()?;
    let skipped = match usize::try_from(start) {
        Ok(start) => start,
        Err(_) => char_bytes(text).count().saturating_sub(usize::try_from(start.unsigned_abs()).ok()?),
    };
    let mut sizes = char_bytes(text);
    let from: usize = sizes.by_ref().take(skipped).sum();
    text.get(from..from + sizes.take(length).sum::<usize>())
}

/// None for a part that there is not, and for an empty separator.
fn part<'t>(text: &'t [u8], separator: &[u8], index: i64) -> Option<&'t [u8]> {
    if separator.is_empty() {
        return None;
    }
    let found = || memmem::find_iter(text, separator);
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => (found().count() + 1).checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    let start = match index.checked_sub(1) {
        None => 0,
        Some(before) => found().nth(before)? + separator.len(),
    };
    let rest = text.get(start..)?;
    rest.get(..memmem::find(rest, separator).unwrap_or(rest.len()))
}
