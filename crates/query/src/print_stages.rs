//! Stages as text that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write};

use crate::parse::{TEXT, written_template};
use crate::print::{Name, write_quoted};
use crate::print_calls::{Column, Duration};
use crate::{Assignment, Extraction, JoinKind, ParseFormat, SortKey, Stage};

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Stats { aggregates, by } => {
                write!(f, "stats {}", Listed(aggregates))?;
                if by.is_empty() { Ok(()) } else { write!(f, " by {}", Listed(by)) }
            }
            Stage::Timechart { width_ns, aggregates, by } => {
                write!(f, "timechart {} {}", Duration(*width_ns), Listed(aggregates))?;
                write_by(by, f)
            }
            Stage::Top { count, fields, by, rarest } => {
                let name = if *rarest { "rare" } else { "top" };
                write!(f, "{name} {count} {}", Columns(fields))?;
                write_by(by, f)
            }
            Stage::Where(filter) => write!(f, "where {filter}"),
            Stage::Eval(assignments) => write!(f, "eval {}", Listed(assignments)),
            Stage::Extract { pattern, from } => {
                write!(f, "extract {pattern}")?;
                write_from(from, f)
            }
            Stage::Parse { format, from, prefix } => {
                write!(f, "parse {format}")?;
                write_from(from, f)?;
                if prefix.is_empty() { Ok(()) } else { write!(f, " as {}", Name(prefix)) }
            }
            Stage::Fields(names) => write!(f, "fields {}", Columns(names)),
            Stage::Rename(pairs) => {
                f.write_str("rename ")?;
                write_list(pairs, f, |(old, new), f| write!(f, "{} as {}", Column(old), Name(new)))
            }
            Stage::Sort(keys) => write!(f, "sort {}", Listed(keys)),
            Stage::Head(count) => write!(f, "head {count}"),
            Stage::Tail(count) => write!(f, "tail {count}"),
            Stage::Dedup { count, fields } => write!(f, "dedup {count} {}", Columns(fields)),
            Stage::Sample(one_in) => write!(f, "sample 1/{one_in}"),
            Stage::Context { before, after } if before == after => write!(f, "context {before}"),
            Stage::Context { before, after } => write!(f, "context before={before} after={after}"),
            Stage::Patterns { of, by } => {
                f.write_str("patterns")?;
                write_of(of.as_deref(), f)?;
                write_by(by, f)
            }
            Stage::New { of } => {
                f.write_str("new")?;
                write_of(of.as_deref(), f)
            }
            Stage::Lookup { table, key, field, fields } => write_lookup((table, key, field), fields, f),
            Stage::Join { kind, on, subquery } => {
                f.write_str(if *kind == JoinKind::Left { "join left on " } else { "join on " })?;
                write_list(on, f, |name, f| Name(name).fmt(f))?;
                write!(f, " ({subquery})")
            }
        }
    }
}

fn write_lookup(
    (table, key, field): (&str, &str, &str),
    fields: &[String],
    f: &mut Formatter<'_>,
) -> fmt::Result {
    write!(f, "lookup {} on {}", Name(table), Name(key))?;
    if key != field {
        write!(f, " as {}", Column(field))?;
    }
    if fields.is_empty() {
        return Ok(());
    }
    f.write_str(" fields ")?;
    write_list(fields, f, |name, f| Name(name).fmt(f))
}

fn write_by(by: &[String], f: &mut Formatter<'_>) -> fmt::Result {
    if by.is_empty() { Ok(()) } else { write!(f, " by {}", Columns(by)) }
}

fn write_of(of: Option<&str>, f: &mut Formatter<'_>) -> fmt::Result {
    of.map_or(Ok(()), |field| write!(f, " of {}", Name(field)))
}

fn write_from(from: &str, f: &mut Formatter<'_>) -> fmt::Result {
    if from == TEXT { Ok(()) } else { write!(f, " from {}", Column(from)) }
}

/// Items with commas between them.
fn write_list<T>(
    items: &[T],
    f: &mut Formatter<'_>,
    write: impl Fn(&T, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        write(item, f)?;
    }
    Ok(())
}

struct Listed<'a, T>(&'a [T]);

impl<T: Display> Display for Listed<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_list(self.0, f, T::fmt)
    }
}

struct Columns<'a>(&'a [String]);

impl Display for Columns<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_list(self.0, f, |name, f| Column(name).fmt(f))
    }
}

impl Display for Assignment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", Name(&self.name), self.expr)
    }
}

impl Display for Extraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Extraction::Regex(regex) => regex.fmt(f),
            Extraction::Template(pieces) => write_quoted(&written_template(pieces), f),
        }
    }
}

impl Display for ParseFormat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ParseFormat::Json => f.write_str("json"),
            ParseFormat::Logfmt => f.write_str("logfmt"),
            ParseFormat::Kv => f.write_str("kv"),
            ParseFormat::Csv(names) => {
                f.write_str("csv(")?;
                write_list(names, f, |name, f| Name(name).fmt(f))?;
                f.write_char(')')
            }
        }
    }
}

impl Display for SortKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, Column(&self.field))
    }
}
