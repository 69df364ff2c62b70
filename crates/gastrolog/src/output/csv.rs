//! Comma-separated values (RFC 4180, but LF ends a line) with a head line.

use std::io::{self, Write};

use gastrolog_engine::{FoundRecord, Value};

use super::{Out, Printer, Times, escaped};

/// Prints CSV. Records have four columns; a query with `| fields` chooses others.
pub(crate) struct Csv {
    out: Out,
    terminal: bool,
    times: Times,
    started: bool,
}

impl Csv {
    /// With `terminal`, what would steer one is escaped.
    pub(crate) fn new(out: Out, terminal: bool, times: Times) -> Csv {
        Csv { out, terminal, times, started: false }
    }

    fn line<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        for (i, cell) in cells.enumerate() {
            if i > 0 {
                self.out.write_all(b",")?;
            }
            match self.terminal {
                true => write_cell(&mut self.out, escaped(cell).as_bytes())?,
                false => write_cell(&mut self.out, cell)?,
            }
        }
        self.out.write_all(b"\n")
    }
}

impl Printer for Csv {
    fn columns(&mut self, names: Vec<String>) -> io::Result<()> {
        self.started = true;
        self.line(names.iter().map(String::as_bytes))
    }

    fn row(&mut self, values: Vec<Value>) -> io::Result<()> {
        let cells: Vec<Vec<u8>> = values
            .into_iter()
            .map(|v| match v {
                Value::Null => Vec::new(),
                Value::Text(text) => text,
                Value::Int(n) => n.to_string().into_bytes(),
                Value::Float(x) => x.to_string().into_bytes(),
                Value::Time(t) => self.times.rfc3339(t).into_bytes(),
            })
            .collect();
        self.line(cells.iter().map(Vec::as_slice))
    }

    fn record(&mut self, found: FoundRecord) -> io::Result<()> {
        if !self.started {
            self.started = true;
            self.out.write_all(b"_time,_ingest,_seq,_text\n")?;
        }
        let r = &found.record;
        let (time, ingest) = (self.times.rfc3339(r.time()), self.times.rfc3339(r.ingest));
        let seq = r.seq.to_string();
        self.line([time.as_bytes(), ingest.as_bytes(), seq.as_bytes(), &r.text].into_iter())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write_cell(out: &mut Out, cell: &[u8]) -> io::Result<()> {
    if !cell.iter().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        return out.write_all(cell);
    }
    out.write_all(b"\"")?;
    for part in cell.split_inclusive(|b| *b == b'"') {
        out.write_all(part)?;
        if part.ends_with(b"\"") {
            out.write_all(b"\"")?;
        }
    }
    out.write_all(b"\"")
}
