//! Aligned columns, for answers and for lists.

use std::io::{self, Write};

use gastrolog_engine::{FoundRecord, Value};

use super::{Out, Printer, Style, escaped};
use crate::units;

/// Rows that decide the widths; later ones are printed as they come.
const ROWS_HELD: usize = 1000;

/// No column is padded to more than this.
const WIDTH_MAX: usize = 120;

/// A cell: its text and whether it is a number.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    right: bool,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell { text: text.to_owned(), right: false }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, right: false }
    }
}

impl Cell {
    /// A cell whose text is lined up at its right.
    pub(crate) fn right(text: String) -> Cell {
        Cell { text, right: true }
    }

    /// A count.
    pub(crate) fn count(n: u64) -> Cell {
        Cell::right(units::count(n))
    }

    /// A number of bytes.
    pub(crate) fn bytes(n: u64) -> Cell {
        Cell::right(units::bytes(n))
    }
}

/// Rows under a head.
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<Cell>>,
    widths: Vec<usize>,
    color: bool,
}

impl Table {
    pub(crate) fn new(head: impl IntoIterator<Item = impl Into<String>>, color: bool) -> Table {
        let head: Vec<String> = head.into_iter().map(Into::into).collect();
        Table { widths: head.iter().map(|h| width(h)).collect(), head, rows: Vec::new(), color }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        for (w, cell) in self.widths.iter_mut().zip(&cells) {
            *w = (*w).max(width(&cell.text)).min(WIDTH_MAX);
        }
        self.rows.push(cells);
    }

    /// Writes the head and all rows.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_head(out)?;
        self.rows.iter().try_for_each(|row| self.write_row(out, row))
    }

    fn write_head(&self, out: &mut dyn Write) -> io::Result<()> {
        let right = |i: usize| {
            let mut cells = self.rows.iter().filter_map(|r| r.get(i)).filter(|c| !c.text.is_empty());
            cells.next().is_some_and(|c| c.right)
        };
        let cells: Vec<Cell> =
            self.head.iter().enumerate().map(|(i, h)| Cell { text: h.clone(), right: right(i) }).collect();
        if !self.color {
            return self.write_row(out, &cells);
        }
        let bold = anstyle::Style::new().bold();
        write!(out, "{bold}")?;
        self.write_cells(out, &cells)?;
        writeln!(out, "{bold:#}")
    }

    fn write_row(&self, out: &mut dyn Write, cells: &[Cell]) -> io::Result<()> {
        self.write_cells(out, cells)?;
        writeln!(out)
    }

    fn write_cells(&self, out: &mut dyn Write, cells: &[Cell]) -> io::Result<()> {
        let last = cells.len().saturating_sub(1);
        for (i, cell) in cells.iter().enumerate() {
            let pad = self.widths.get(i).copied().unwrap_or(0).saturating_sub(width(&cell.text));
            if i > 0 {
                write!(out, "  ")?;
            }
            match cell.right {
                true => write!(out, "{:pad$}{}", "", cell.text)?,
                false if i == last => write!(out, "{}", cell.text)?,
                false => write!(out, "{}{:pad$}", cell.text, "")?,
            }
        }
        Ok(())
    }
}

/// Text for a cell: a tab would break the columns.
fn in_cell(text: &[u8]) -> String {
    escaped(text).replace('\t', "\\t")
}

/// How wide `text` is on a terminal, near enough: a column a character.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// Prints answers as a table.
pub(crate) struct TablePrinter {
    out: Out,
    style: Style,
    table: Option<Table>,
    head_written: bool,
}

impl TablePrinter {
    pub(crate) fn new(out: Out, style: Style) -> TablePrinter {
        TablePrinter { out, style, table: None, head_written: false }
    }

    /// What is written to, for what is no table.
    pub(super) fn out(&mut self) -> &mut Out {
        &mut self.out
    }

    fn cell(&self, value: Value) -> Cell {
        match value {
            Value::Null => Cell::from(""),
            Value::Text(text) => Cell::from(in_cell(&text)),
            Value::Int(n) => Cell::right(n.to_string()),
            Value::Float(x) => Cell::right(x.to_string()),
            Value::Time(t) => Cell::from(self.style.times.readable(t)),
        }
    }

    fn add(&mut self, cells: Vec<Cell>) -> io::Result<()> {
        let Some(table) = &mut self.table else { return Ok(()) };
        if self.head_written {
            return table.write_row(&mut self.out, &cells);
        }
        table.row(cells);
        if table.rows.len() >= ROWS_HELD {
            self.release()?;
        }
        Ok(())
    }

    /// Prints what was held back to learn the widths.
    fn release(&mut self) -> io::Result<()> {
        if let Some(table) = &mut self.table
            && !self.head_written
        {
            self.head_written = true;
            table.write(&mut self.out)?;
            table.rows.clear();
        }
        Ok(())
    }
}

impl Printer for TablePrinter {
    fn columns(&mut self, names: Vec<String>) -> io::Result<()> {
        self.table = Some(Table::new(names.iter().map(|n| escaped(n.as_bytes())), self.style.color));
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> io::Result<()> {
        let cells = values.into_iter().map(|v| self.cell(v)).collect();
        self.add(cells)
    }

    fn record(&mut self, found: FoundRecord) -> io::Result<()> {
        if self.table.is_none() {
            self.table = Some(Table::new(["_time", "_seq", "_text"], self.style.color));
        }
        let r = found.record;
        let time = Cell::from(self.style.times.readable(r.time()));
        self.add(vec![time, Cell::right(r.seq.to_string()), Cell::from(in_cell(&r.text))])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.release()?;
        self.out.flush()
    }
}
