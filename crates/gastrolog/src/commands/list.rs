//! `gastrolog stores`, `chunks` and `inspect`: what is there.

use std::io::{self, Write};

use gastrolog_engine::{Access, ChunkDetail, ChunkInfo, ColumnDetail, StoreInfo};
use serde_json::{Value, json};

use crate::cli::{InspectArgs, ListArgs, ListForm, PlaceArgs};
use crate::failure::{Outcome, note};
use crate::output::{self, Cell, Out, Table, Times, escaped};
use crate::place::reach;
use crate::serve::config::Config;

pub(crate) fn stores(place: &PlaceArgs, args: ListArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let stores = reached.service.stores()?;
    let times = Times::new(&args.zone);
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => stores.iter().try_for_each(|s| writeln!(out, "{}", store_json(s, &times)))?,
        ListForm::Table => {
            let head = ["store", "records", "raw", "stored", "ratio", "chunks", "oldest", "newest"];
            let mut table = Table::new(head, color());
            for s in &stores {
                table.row(vec![
                    Cell::from(escaped(s.name.as_bytes())),
                    Cell::count(s.records),
                    Cell::bytes(s.raw_bytes),
                    Cell::bytes(s.stored_bytes),
                    Cell::right(percent(s.stored_bytes, s.raw_bytes)),
                    Cell::count(s.sealed_chunks),
                    Cell::from(times.readable(s.oldest)),
                    Cell::from(times.readable(s.newest)),
                ]);
            }
            table.write(&mut out)?;
        }
    }
    for s in stores.iter().filter(|s| !s.trouble.is_empty()) {
        note(&format!("{} takes no records now: {}", s.name, s.trouble));
    }
    out.flush()?;
    Ok(Outcome::of(!stores.is_empty()))
}

pub(crate) fn chunks(place: &PlaceArgs, args: ListArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let chunks = reached.service.chunks(place.name.as_deref().unwrap_or_default())?;
    let times = Times::new(&args.zone);
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => chunks.iter().try_for_each(|c| writeln!(out, "{}", chunk_json(c, &times)))?,
        ListForm::Table => chunk_table(&chunks, &times).write(&mut out)?,
    }
    out.flush()?;
    Ok(Outcome::of(!chunks.is_empty()))
}

pub(crate) fn inspect(place: &PlaceArgs, args: InspectArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let detail = reached.service.inspect(place.name.as_deref().unwrap_or_default(), &args.chunk)?;
    let times = Times::new(&args.list.zone);
    let mut out = output::stdout();
    match args.list.output {
        ListForm::Json => writeln!(out, "{:#}", detail_json(&detail, &times))?,
        ListForm::Table => write_detail(&mut out, &detail, &times)?,
    }
    out.flush()?;
    Ok(Outcome::Found)
}

fn write_detail(out: &mut Out, detail: &ChunkDetail, times: &Times) -> io::Result<()> {
    chunk_table(std::slice::from_ref(&detail.info), times).write(out)?;
    writeln!(out)?;
    let stored_in_all = detail.sections.iter().map(|(_, n)| n).sum();
    let mut sections = Table::new(["section", "bytes", "share"], color());
    for (name, bytes) in &detail.sections {
        let share = Cell::right(percent(*bytes, stored_in_all));
        sections.row(vec![Cell::from(escaped(name.as_bytes())), Cell::bytes(*bytes), share]);
    }
    sections.write(out)?;
    writeln!(out)?;
    let head = ["column", "values", "distinct", "raw", "stored", "ratio", "encodings"];
    let mut columns = Table::new(head, color());
    for c in &detail.columns {
        columns.row(column_row(c));
    }
    columns.write(out)
}

fn column_row(c: &ColumnDetail) -> Vec<Cell> {
    let name = if c.name.is_empty() { "(text)".to_owned() } else { escaped(c.name.as_bytes()) };
    let encodings: Vec<String> = c.encodings.iter().map(|(e, n)| format!("{e} ×{n}")).collect();
    vec![
        Cell::from(name),
        Cell::count(c.values),
        c.distinct.map_or_else(|| Cell::right("-".to_owned()), Cell::count),
        Cell::bytes(c.raw_bytes),
        Cell::bytes(c.stored_bytes),
        Cell::right(percent(c.stored_bytes, c.raw_bytes)),
        Cell::from(encodings.join(", ")),
    ]
}

fn chunk_table(chunks: &[ChunkInfo], times: &Times) -> Table {
    let head =
        ["chunk", "state", "records", "groups", "raw", "stored", "ratio", "first seq", "oldest", "newest"];
    let mut table = Table::new(head, color());
    for c in chunks {
        table.row(vec![
            Cell::from(escaped(c.id.as_bytes())),
            Cell::from(if c.sealed { "sealed" } else { "active" }),
            Cell::count(c.records),
            Cell::count(c.row_groups),
            Cell::bytes(c.raw_bytes),
            Cell::bytes(c.stored_bytes),
            Cell::right(percent(c.stored_bytes, c.raw_bytes)),
            Cell::right(c.first_seq.to_string()),
            Cell::from(times.readable(c.oldest)),
            Cell::from(times.readable(c.newest)),
        ]);
    }
    table
}

fn store_json(s: &StoreInfo, times: &Times) -> Value {
    json!({
        "name": s.name, "records": s.records, "raw_bytes": s.raw_bytes, "stored_bytes": s.stored_bytes,
        "sealed_chunks": s.sealed_chunks, "oldest": times.rfc3339(s.oldest), "newest": times.rfc3339(s.newest),
        "trouble": s.trouble,
    })
}

fn chunk_json(c: &ChunkInfo, times: &Times) -> Value {
    json!({
        "id": c.id, "sealed": c.sealed, "records": c.records, "row_groups": c.row_groups,
        "raw_bytes": c.raw_bytes, "stored_bytes": c.stored_bytes, "first_seq": c.first_seq,
        "oldest": times.rfc3339(c.oldest), "newest": times.rfc3339(c.newest),
    })
}

fn detail_json(d: &ChunkDetail, times: &Times) -> Value {
    let named = |pairs: &[(String, u64)]| -> Vec<Value> {
        pairs.iter().map(|(name, n)| json!({"name": name, "count": n})).collect()
    };
    let columns: Vec<Value> = d
        .columns
        .iter()
        .map(|c| {
            json!({
                "name": c.name, "values": c.values, "distinct": c.distinct, "raw_bytes": c.raw_bytes,
                "stored_bytes": c.stored_bytes, "encodings": named(&c.encodings),
            })
        })
        .collect();
    let sections: Vec<Value> = d.sections.iter().map(|(name, n)| json!({"name": name, "bytes": n})).collect();
    json!({"chunk": chunk_json(&d.info, times), "sections": sections, "columns": columns})
}

/// `part` of `whole`, in percent.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { String::new() } else { format!("{:.1}%", part as f64 * 100.0 / whole as f64) }
}

pub(super) fn color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}
