//! Records as they are. Tables as values with tabs between them and no head, for scripts.

use std::io::{self, Write};

use gastrolog_engine::{FoundRecord, Value};

use super::{Out, Printer, Stretches, Times, escaped};

/// Prints the bytes of each record and an LF.
pub(crate) struct Raw {
    out: Out,
    terminal: bool,
    times: Times,
    stretches: Stretches,
}

impl Raw {
    pub(crate) fn new(out: Out, terminal: bool) -> Raw {
        Raw { out, terminal, times: Times::utc(), stretches: Stretches::default() }
    }
}

impl Printer for Raw {
    fn columns(&mut self, _: Vec<String>) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> io::Result<()> {
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                self.out.write_all(b"\t")?;
            }
            match value {
                Value::Null => {}
                Value::Text(text) if self.terminal => self.out.write_all(escaped(text).as_bytes())?,
                Value::Text(text) => write_cell(&mut self.out, text)?,
                Value::Int(n) => write!(self.out, "{n}")?,
                Value::Float(x) => write!(self.out, "{x}")?,
                Value::Time(t) => write!(self.out, "{}", self.times.rfc3339(*t))?,
            }
        }
        self.out.write_all(b"\n")
    }

    fn record(&mut self, found: FoundRecord) -> io::Result<()> {
        if self.stretches.begins(&found) {
            self.out.write_all(b"--\n")?;
        }
        if self.terminal {
            self.out.write_all(escaped(&found.record.text).as_bytes())?;
        } else {
            self.out.write_all(&found.record.text)?;
        }
        self.out.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Keeps a value within its cell: tab, LF and backslash are escaped, all else is as it is.
fn write_cell(out: &mut Out, text: &[u8]) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr3(b'\t', b'\n', b'\\', rest) {
        let (before, after) = rest.split_at(at);
        out.write_all(before)?;
        out.write_all(match after.first() {
            Some(b'\t') => b"\\t",
            Some(b'\n') => b"\\n",
            _ => b"\\\\",
        })?;
        rest = after.get(1..).unwrap_or_default();
    }
    out.write_all(rest)
}
