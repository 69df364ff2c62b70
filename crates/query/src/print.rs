//! Filters as text that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write};

use gastrolog_types::Timestamp;

use crate::literal::LiteralKind;
use crate::{
    FieldMatch, FieldName, Filter, Glob, Literal, Ordering, Predicate, Query, Regex, TextMatch, TimeRange,
};

/// Words that mean something where a name or a word could stand.
const RESERVED: [&str; 14] =
    ["AND", "OR", "NOT", "in", "IN", "not", "last", "start", "end", "by", "as", "asc", "desc", "bin"];

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let timed = self.time != TimeRange::default();
        self.time.fmt(f)?;
        if !timed {
            write_filter(&self.filter, Level::Either, f)?;
        } else if self.filter != Filter::All {
            f.write_char(' ')?;
            write_filter(&self.filter, Level::All, f)?;
        }
        for stage in &self.stages {
            write!(f, " | {stage}")?;
        }
        Ok(())
    }
}

impl Display for TimeRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(start) = self.start {
            write!(f, "start={}", Rfc3339(start))?;
        }
        if let Some(end) = self.end {
            let space = if self.start.is_some() { " " } else { "" };
            write!(f, "{space}end={}", Rfc3339(end))?;
        }
        Ok(())
    }
}

struct Rfc3339(Timestamp);

impl Display for Rfc3339 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0.0)) {
            Ok(time) => time.fmt(f),
            Err(_) => self.0.0.fmt(f),
        }
    }
}

/// What a filter stands in, which decides whether it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Either,
    All,
    One,
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_filter(self, Level::Either, f)
    }
}

fn write_filter(filter: &Filter, level: Level, f: &mut Formatter<'_>) -> fmt::Result {
    match filter {
        Filter::All => f.write_char('*'),
        Filter::Text(text) => text.fmt(f),
        Filter::Field(field) => field.fmt(f),
        Filter::Not(inner) => {
            f.write_str("NOT ")?;
            write_filter(inner, Level::One, f)
        }
        Filter::And(parts) => match parts.as_slice() {
            [] => f.write_char('*'),
            [only] => write_filter(only, level, f),
            parts => write_group(parts, " ", Level::All, level, f),
        },
        Filter::Or(parts) => match parts.as_slice() {
            [] => f.write_str("NOT *"),
            [only] => write_filter(only, level, f),
            parts => write_group(parts, " OR ", Level::Either, level, f),
        },
    }
}

/// Parts nest one level tighter than the group, or as `All` in an OR, which binds less than AND.
fn write_group(
    parts: &[Filter],
    between: &str,
    own: Level,
    level: Level,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    let parenthesised = level > own;
    let inner = if own == Level::Either { Level::All } else { Level::One };
    if parenthesised {
        f.write_char('(')?;
    }
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        write_filter(part, inner, f)?;
    }
    if parenthesised { f.write_char(')') } else { Ok(()) }
}

impl Display for TextMatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            TextMatch::Phrase(phrase) => Name(phrase).fmt(f),
            TextMatch::Glob(glob) => glob.fmt(f),
            TextMatch::Regex(regex) => regex.fmt(f),
        }
    }
}

impl Display for FieldMatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.field, self.predicate)
    }
}

impl Display for FieldName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FieldName::Exact(name) => Name(name).fmt(f),
            FieldName::Glob(glob) => glob.fmt(f),
        }
    }
}

/// The operator and the value: `=500`, ` in (a, b)`.
impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Predicate::Exists => f.write_str("=*"),
            Predicate::Equal(literal) => write!(f, "={literal}"),
            Predicate::NotEqual(literal) => write!(f, "!={literal}"),
            Predicate::Compare(ordering, literal) => write!(f, "{ordering}{literal}"),
            Predicate::Glob(glob) => write!(f, "={}", GlobValue(glob)),
            Predicate::NotGlob(glob) => write!(f, "!={}", GlobValue(glob)),
            Predicate::Regex(regex) => write!(f, "={regex}"),
            Predicate::NotRegex(regex) => write!(f, "!={regex}"),
            Predicate::In(literals) => {
                for (i, literal) in literals.iter().enumerate() {
                    write!(f, "{}{literal}", if i == 0 { " in (" } else { ", " })?;
                }
                f.write_char(')')
            }
        }
    }
}

impl Display for Ordering {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ordering::Less => "<",
            Ordering::LessOrEqual => "<=",
            Ordering::Greater => ">",
            Ordering::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.quoted {
            true => write_quoted(&self.text, f),
            // In quotes these would be text.
            false if !matches!(self.kind(), LiteralKind::Text) => write_escaped(&self.text, f),
            false => Name(&self.text).fmt(f),
        }
    }
}

fn write_escaped(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    for c in text.chars() {
        if !is_plain(c) {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}

impl Display for Regex {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.escaped_source())
    }
}

impl Display for Glob {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, piece) in self.pieces.iter().enumerate() {
            if i > 0 {
                f.write_char('*')?;
            }
            if piece.contains(char::is_whitespace) {
                write_quoted(piece, f)?;
                continue;
            }
            for (j, c) in piece.chars().enumerate() {
                if !is_plain(c) || (i == 0 && j == 0 && !begins_plain(c)) {
                    f.write_char('\\')?;
                }
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// A pattern behind an operator, where a leading `/` with another one before a further character cannot be taken
/// for a regular expression and stays readable.
struct GlobValue<'a>(&'a Glob);

impl Display for GlobValue<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let unquoted = text.strip_prefix("\\/").filter(|rest| !rest.contains('"'));
        let bare = unquoted.filter(|rest| {
            let second = rest.find('/').filter(|&at| at + 1 < rest.len());
            second.is_some_and(|at| rest.get(..at).is_some_and(|head| !head.contains('\\')))
        });
        match bare {
            Some(rest) => write!(f, "/{rest}"),
            None => f.write_str(&text),
        }
    }
}

/// A word or name, in quotes if it needs them.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = self.0.chars().all(is_plain) && self.0.chars().next().is_some_and(begins_plain);
        if plain && !RESERVED.contains(&self.0) { f.write_str(self.0) } else { write_quoted(self.0, f) }
    }
}

pub(crate) fn write_quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

/// Whether a character means itself inside of any bare word.
fn is_plain(c: char) -> bool {
    match c {
        '_' | '.' | ':' | '@' | '/' | '-' | '+' | '%' | '[' | ']' | '{' | '}' | '$' | '&' | ';' | '?'
        | '~' | '^' | '#' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !c.is_whitespace() && !c.is_control(),
    }
}

/// Whether it does so at the start too.
fn begins_plain(c: char) -> bool {
    !matches!(c, '-' | '/' | '#' | '~')
}
