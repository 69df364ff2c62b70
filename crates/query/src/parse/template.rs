//! What `extract` cuts by: a regular expression with named groups, or a template such as `<method> <path> HTTP`.

use std::collections::HashSet;

use super::Parser;
use crate::{Extraction, ParseError, TemplatePiece};

const PATTERN: &str = "/…(?<name>…)…/ or a template such as \"<method> <path> HTTP\"";

impl Parser<'_> {
    pub(super) fn extraction(&mut self) -> Result<Extraction, ParseError> {
        let start = self.next_start();
        let extraction = match self.cursor.peek() {
            Some('/') => Extraction::Regex(self.slashed_regex()?),
            Some('"') => Extraction::Template(read(&self.cursor.quoted()?)),
            _ => return Err(self.cursor.unexpected(PATTERN)),
        };
        let span = start..self.cursor.at();
        let names = extraction.names();
        if names.is_empty() {
            let expected = "a part with a name: (?<name>…) in a regular expression, <name> in a template";
            return Err(ParseError::new(span, "nothing to extract", expected));
        }
        let mut taken = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !taken.insert(name.as_str())) {
            return Err(ParseError::new(span, format!("two parts named `{twice}`"), "another name"));
        }
        if let Extraction::Template(pieces) = &extraction
            && let Some(name) = touching(pieces)
        {
            let message = format!("nothing between `<{name}>` and the part before it");
            return Err(ParseError::new(span, message, "a character that tells where one ends"));
        }
        Ok(extraction)
    }
}

/// The pieces of a template. `\<` is a `<` and `\\` a backslash; a `<` that begins no name is itself.
fn read(text: &str) -> Vec<TemplatePiece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(name) = name_at(rest) {
            if !literal.is_empty() {
                pieces.push(TemplatePiece::Literal(std::mem::take(&mut literal)));
            }
            rest = rest.get(name.len() + 2..).unwrap_or_default();
            pieces.push(TemplatePiece::Name(if name == "_" { String::new() } else { name.to_owned() }));
            continue;
        }
        let escaped = rest.strip_prefix('\\').filter(|after| after.starts_with(['<', '\\']));
        let taken = escaped.and_then(|after| after.chars().next()).unwrap_or(c);
        literal.push(taken);
        rest = escaped.unwrap_or(rest).get(taken.len_utf8()..).unwrap_or_default();
    }
    if !literal.is_empty() {
        pieces.push(TemplatePiece::Literal(literal));
    }
    pieces
}

/// The name in the `<name>` that `text` begins with.
fn name_at(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('<')?.split_once('>')?;
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@');
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '.' | '-' | '[' | ']');
    (name.starts_with(begins) && name.chars().all(goes_on)).then_some(name)
}

/// A name right behind another one: nothing would tell where one ends and the other begins.
fn touching(pieces: &[TemplatePiece]) -> Option<String> {
    pieces.windows(2).find_map(|pair| match pair {
        [TemplatePiece::Name(_), TemplatePiece::Name(name)] => {
            Some(if name.is_empty() { "_".to_owned() } else { name.clone() })
        }
        _ => None,
    })
}

/// The text of a template, for between quotes.
pub(crate) fn written(pieces: &[TemplatePiece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            TemplatePiece::Name(name) if name.is_empty() => out.push_str("<_>"),
            TemplatePiece::Name(name) => out.extend(["<", name, ">"]),
            TemplatePiece::Literal(text) => {
                for c in text.chars() {
                    if matches!(c, '<' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let literal = |s: &str| TemplatePiece::Literal(s.into());
        let name = |s: &str| TemplatePiece::Name(s.into());
        let request = [name("method"), literal(" "), name("path"), literal(" HTTP")];
        assert_eq!(read("<method> <path> HTTP"), request);
        assert_eq!(read("<34>1 <_> <a.b[]>"), [literal("<34>1 "), name(""), literal(" "), name("a.b[]")]);
        assert_eq!(read(r"C:\dir\\ \<a> < <"), [literal(r"C:\dir\ <a> < <")]);
        for pieces in [request.to_vec(), read(r"\<a><b>\\<_>"), read("<!-- <x> -->"), read("a < b <é> <x>")]
        {
            assert_eq!(read(&written(&pieces)), pieces);
        }
    }

    #[test]
    fn long_texts_of_brackets_are_read_once() {
        assert_eq!(read(&"<a".repeat(10_000)).len(), 1);
    }
}
