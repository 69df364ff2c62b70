//! For people: the time, then the text, with the level in colour. Tables are aligned.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use gastrolog_engine::{FoundRecord, Value};
use gastrolog_types::words;

use super::table::TablePrinter;
use super::{Out, Printer, Stretches, Style, Times, escaped};

/// A level is looked for among this many words of a record.
const WORDS_SEARCHED: usize = 24;

/// Prints for a terminal.
pub(crate) struct Pretty {
    style: Style,
    table: TablePrinter,
    stretches: Stretches,
}

impl Pretty {
    pub(crate) fn new(out: Out, style: Style) -> Pretty {
        Pretty { table: TablePrinter::new(out, style.clone()), style, stretches: Stretches::default() }
    }
}

impl Printer for Pretty {
    fn columns(&mut self, names: Vec<String>) -> io::Result<()> {
        self.table.columns(names)
    }

    fn row(&mut self, values: Vec<Value>) -> io::Result<()> {
        self.table.row(values)
    }

    fn record(&mut self, found: FoundRecord) -> io::Result<()> {
        let begins = self.stretches.begins(&found);
        let time = self.style.times.readable(found.record.time());
        let text = escaped(&found.record.text);
        let computed = computed(&found, &self.style.times);
        let near = found.context.is_some_and(|c| !c.matched);
        let out = self.table.out();
        if begins {
            writeln!(out, "--")?;
        }
        if !self.style.color {
            return writeln!(out, "{time}  {text}{computed}");
        }
        let dim = Ansi::new().dimmed();
        write!(out, "{dim}{time}{dim:#}  ")?;
        match level(&text) {
            _ if near => write!(out, "{dim}{text}{dim:#}")?,
            Some((start, end, color)) => {
                let (before, rest) = text.split_at(start);
                let (level, after) = rest.split_at(end - start);
                write!(out, "{before}{color}{level}{color:#}{after}")?;
            }
            None => write!(out, "{text}")?,
        }
        match computed.as_str() {
            "" => writeln!(out),
            computed => writeln!(out, "{dim}{computed}{dim:#}"),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.table.flush()
    }
}

/// The computed fields as ` name=value`, in quotes where that is needed to see where a value ends.
fn computed(found: &FoundRecord, times: &Times) -> String {
    let mut out = String::new();
    for (name, value) in &found.computed {
        let shown = match value {
            Value::Null => continue,
            Value::Text(text) => escaped(text),
            Value::Int(n) => n.to_string(),
            Value::Float(x) => x.to_string(),
            Value::Time(t) => times.readable(*t).replace(' ', "T"),
        };
        let plain = !shown.is_empty() && !shown.contains([' ', '\t', '"']);
        let shown = if plain { shown } else { format!("\"{}\"", shown.replace('"', "\\\"")) };
        out.push(' ');
        out.push_str(&escaped(name.as_bytes()));
        out.push('=');
        out.push_str(&shown);
    }
    out
}

/// Where the level of `text` stands, if it has one near its start, and its colour.
fn level(text: &str) -> Option<(usize, usize, Ansi)> {
    words::words(text.as_bytes()).take(WORDS_SEARCHED).find_map(|word| {
        let color = color_of(word)?;
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        Some((start, start + word.len(), color))
    })
}

fn color_of(word: &[u8]) -> Option<Ansi> {
    const LEVELS: [(&[&str], AnsiColor); 4] = [
        (&["error", "err", "fatal", "crit", "critical", "alert", "emerg", "panic"], AnsiColor::Red),
        (&["warn", "warning"], AnsiColor::Yellow),
        (&["info", "notice"], AnsiColor::Green),
        (&["debug", "trace"], AnsiColor::Blue),
    ];
    let is = |names: &[&str]| names.iter().any(|n| word.eq_ignore_ascii_case(n.as_bytes()));
    let (_, color) = LEVELS.iter().find(|(names, _)| is(names))?;
    Some(Ansi::new().bold().fg_color(Some((*color).into())))
}
