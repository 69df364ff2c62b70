//! Patterns for people: count, share and trend, the pattern with its placeholders in colour, when and what values.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use gastrolog_engine::Value;

use crate::output::{Style, Times, escaped};
use crate::units;

/// Shows rows of patterns.
pub(super) struct Show<'a> {
    times: &'a Times,
    color: bool,
    /// How many fields they are split by.
    by: usize,
}

/// A row with its cells by name.
struct Row<'a> {
    by: &'a [Value],
    pattern: String,
    count: u64,
    percent: f64,
    between: String,
    samples: String,
    trend: String,
}

impl<'a> Show<'a> {
    pub(super) fn new(style: &'a Style, by: usize) -> Show<'a> {
        Show { times: &style.times, color: style.color, by }
    }

    /// Writes all rows.
    pub(super) fn write(&self, rows: &[Vec<Value>], out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<Row<'_>> = rows.iter().map(|row| self.cells(row)).collect();
        let widest = rows.iter().map(|row| units::count(row.count).len()).max().unwrap_or(0);
        rows.iter().try_for_each(|row| self.row(row, widest, out))?;
        out.flush()
    }

    fn cells<'r>(&self, row: &'r [Value]) -> Row<'r> {
        let (by, own) = row.split_at_checked(self.by).unwrap_or((&[], row));
        let text = |at: usize| match own.get(at) {
            Some(Value::Text(text)) => escaped(text),
            _ => String::new(),
        };
        let time = |at: usize| match own.get(at) {
            Some(Value::Time(t)) => self.times.readable(*t),
            _ => String::new(),
        };
        let (first, last) = (time(3), time(4));
        Row {
            by,
            pattern: text(0),
            count: if let Some(Value::Int(n)) = own.get(1) { n.unsigned_abs() } else { 0 },
            percent: if let Some(Value::Float(share)) = own.get(2) { *share } else { 0.0 },
            between: if first == last { first } else { format!("{first} … {last}") },
            samples: samples(&text(0), own.get(5)),
            trend: text(6),
        }
    }

    fn row(&self, row: &Row<'_>, widest: usize, out: &mut dyn Write) -> io::Result<()> {
        let dim = if self.color { Ansi::new().dimmed() } else { Ansi::new() };
        let count = units::count(row.count);
        write!(out, "{count:>widest$}  {:>5.1} %  {:20}  ", row.percent, row.trend)?;
        for value in row.by {
            let shown = if let Value::Text(text) = value { escaped(text) } else { String::new() };
            write!(out, "{}  ", if shown.is_empty() { "-" } else { &shown })?;
        }
        let pattern = if row.pattern.is_empty() { "(empty)" } else { &row.pattern };
        self.pattern(pattern, out)?;
        let indent = widest + 11;
        let details: Vec<&str> =
            [row.between.as_str(), &row.samples].into_iter().filter(|d| !d.is_empty()).collect();
        if !details.is_empty() {
            write!(out, "\n{:indent$}{dim}{}{dim:#}", "", details.join("  "))?;
        }
        writeln!(out)
    }

    /// The pattern, its placeholders in colour.
    fn pattern(&self, pattern: &str, out: &mut dyn Write) -> io::Result<()> {
        if !self.color {
            return out.write_all(pattern.as_bytes());
        }
        let color = Ansi::new().fg_color(Some(AnsiColor::Cyan.into()));
        let mut rest = pattern;
        while let Some((before, length)) = placeholder(rest) {
            let (literal, tail) = rest.split_at(before);
            let (name, behind) = tail.split_at(length);
            write!(out, "{literal}{color}{name}{color:#}")?;
            rest = behind;
        }
        out.write_all(rest.as_bytes())
    }
}

/// Where the next placeholder stands, and how long it is: `<*>` or `<name>`.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find('<')?;
        let tail = text.get(start + 1..)?;
        let end = tail.find(|c: char| c == '>' || c == '<' || c.is_whitespace())?;
        if end > 0 && tail.get(end..)?.starts_with('>') {
            return Some((start, end + 2));
        }
        from = start + 1;
    }
}

/// Slots that say what stands beside them anyway.
const KNOWN: [&str; 6] = ["time", "timestamp", "@timestamp", "ts", "_time", "TimeCreated"];

/// The values of the slots, slot by slot, with the names of those that have one.
fn samples(pattern: &str, cell: Option<&Value>) -> String {
    let Some(Value::Text(json)) = cell else { return String::new() };
    let slots: Vec<String> = serde_json::from_slice(json).unwrap_or_default();
    let mut names = names(pattern);
    if names.len() != slots.len() {
        // Something in the pattern looks like a placeholder, or it was cut off.
        names = vec!["*"; slots.len()];
    }
    let shown = names.iter().zip(&slots).filter(|(name, values)| !values.is_empty() && !KNOWN.contains(name));
    let shown = shown.map(|(name, values)| {
        let values = escaped(values.as_bytes());
        if *name == "*" { values } else { format!("{name}={values}") }
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// The names of the placeholders, in order.
fn names(mut pattern: &str) -> Vec<&str> {
    let mut names = Vec::new();
    while let Some((start, length)) = placeholder(pattern) {
        names.extend(pattern.get(start + 1..start + length - 1));
        pattern = pattern.get(start + length..).unwrap_or_default();
    }
    names
}

#[cfg(test)]
mod tests {
    use gastrolog_types::Timestamp;

    use super::*;
    use crate::cli::Form;

    fn shown(color: bool) -> String {
        let style = Style { form: Form::Pretty, terminal: color, color, times: Times::utc() };
        let text = |t: &str| Value::Text(t.into());
        let time = |s: i64| Value::Time(Timestamp(s * 1_000_000_000));
        let row = |count, pattern: &str, samples: &str| {
            let share = Value::Float(100.0 * count as f64 / 1300.0);
            vec![text(pattern), Value::Int(count), share, time(0), time(60), text(samples), text("█▁")]
        };
        let rows = [row(1200, "took <*> <b", r#"["7 | 9"]"#), row(100, "a\u{1b}b", "[]")];
        let mut out = Vec::new();
        Show::new(&style, 0).write(&rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_are_aligned_and_safe() {
        let expect = "\
1,200   92.3 %  █▁                    took <*> <b
                1970-01-01 00:00:00.000 … 1970-01-01 00:01:00.000  7 | 9
  100    7.7 %  █▁                    a\\x1bb
                1970-01-01 00:00:00.000 … 1970-01-01 00:01:00.000
";
        assert_eq!(shown(false), expect);
    }

    #[test]
    fn placeholders_are_coloured() {
        assert!(shown(true).contains("took \u{1b}[36m<*>\u{1b}[0m <b"));
        assert_eq!(placeholder("a < b > <x.y> c"), Some((8, 5)));
        assert_eq!(placeholder("<>"), None);
        let cell = Value::Text(br#"["10:00", "7 | 9", "200", ""]"#.to_vec());
        assert_eq!(samples("<time> took <*> s <status> <x>", Some(&cell)), "7 | 9; status=200");
        assert_eq!(samples("<time> took <*> s", Some(&cell)), "10:00; 7 | 9; 200");
    }
}
