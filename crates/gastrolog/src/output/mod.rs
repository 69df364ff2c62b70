//! Answers in the form that was asked for.

mod csv;
mod escape;
mod guard;
mod json;
mod pretty;
mod raw;
mod table;
mod time;
mod tree;

use std::io::{self, BufWriter, IsTerminal, Write};

use gastrolog_engine::{Answer, FoundRecord, Value};

pub(crate) use self::escape::{escaped, escaped_lines};
pub(crate) use self::table::{Cell, Table};
pub(crate) use self::time::Times;
pub(crate) use self::tree::{plan_json, plan_tree};

use crate::cli::Form;

/// Output is handed to the system in pieces of this size.
const BUFFER_BYTES: usize = 256 << 10;

/// Where data goes: standard output, with a large buffer.
pub(crate) type Out = BufWriter<Box<dyn Write>>;

/// Standard output; a terminal is shielded from what would steer it.
pub(crate) fn stdout() -> Out {
    let out = io::stdout().lock();
    let out: Box<dyn Write> =
        if io::stdout().is_terminal() { Box::new(guard::Guard::new(out)) } else { Box::new(out) };
    BufWriter::with_capacity(BUFFER_BYTES, out)
}

/// How answers are shown.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) form: Form,
    /// Whether a terminal shows them: then nothing in a log may steer it.
    pub(crate) terminal: bool,
    pub(crate) color: bool,
    pub(crate) times: Times,
}

impl Style {
    /// The style for standard output; without a `form`, for people on a terminal, else raw.
    pub(crate) fn for_stdout(form: Option<Form>, times: Times) -> Style {
        let terminal = io::stdout().is_terminal();
        let usual = if terminal { Form::Pretty } else { Form::Raw };
        Style {
            form: form.unwrap_or(usual),
            terminal,
            color: anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            times,
        }
    }
}

/// Prints an answer, piece by piece.
pub(crate) trait Printer {
    /// The head of a table.
    fn columns(&mut self, names: Vec<String>) -> io::Result<()>;
    /// A row of it.
    fn row(&mut self, values: Vec<Value>) -> io::Result<()>;
    /// A record.
    fn record(&mut self, found: FoundRecord) -> io::Result<()>;
    /// Shows what was held back.
    fn flush(&mut self) -> io::Result<()>;
}

/// The printer for `style` onto `out`.
pub(crate) fn printer(style: &Style, out: Out) -> Box<dyn Printer> {
    match style.form {
        Form::Raw => Box::new(raw::Raw::new(out, style.terminal)),
        Form::Json => Box::new(json::Json::new(out, style.times.clone())),
        Form::Csv => Box::new(csv::Csv::new(out, style.terminal, style.times.clone())),
        Form::Table => Box::new(table::TablePrinter::new(out, style.clone())),
        Form::Pretty => Box::new(pretty::Pretty::new(out, style.clone())),
    }
}

/// Tells where one stretch of neighbours of a match ends and the next begins.
#[derive(Debug, Default)]
struct Stretches {
    last: Option<u64>,
}

impl Stretches {
    /// Whether `found` is the first of a stretch that is not the first one: a separator goes before it.
    fn begins(&mut self, found: &FoundRecord) -> bool {
        let now = found.context.map(|c| c.stretch);
        let last = std::mem::replace(&mut self.last, now);
        last.is_some() && last != now
    }
}

/// Prints one piece.
pub(crate) fn print(printer: &mut dyn Printer, piece: Answer) -> io::Result<()> {
    match piece {
        Answer::Columns(names) => printer.columns(names),
        Answer::Row(values) => printer.row(values),
        Answer::Record(found) => printer.record(found),
        Answer::Notice(line) => {
            crate::failure::note(&line);
            Ok(())
        }
    }
}

#[cfg(test)]
mod plans;
#[cfg(test)]
mod tests;
