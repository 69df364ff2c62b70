//! `gastrolog chunks analyze`: what the bytes of a store are for, and whether queries needed them.

use std::io::{self, Write};

use gastrolog_engine::{Access, FieldUsage, IndexUsage, StoreUsage};
use serde_json::{Value, json};

use super::list::{color, percent};
use crate::cli::{ListArgs, ListForm, PlaceArgs};
use crate::failure::Outcome;
use crate::output::{self, Cell, Out, Table, Times, escaped};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

pub(crate) fn run(place: &PlaceArgs, args: &ListArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let usage = reached.service.usage(place.name.as_deref().unwrap_or_default())?;
    let times = Times::new(&args.zone);
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => writeln!(out, "{:#}", usage_json(&usage, &times))?,
        ListForm::Table => write_usage(&mut out, &usage, &times)?,
    }
    out.flush()?;
    Ok(Outcome::of(usage.chunks > 0))
}

fn write_usage(out: &mut Out, usage: &StoreUsage, times: &Times) -> io::Result<()> {
    writeln!(
        out,
        "{} chunks, {}; {} queries since {}\n",
        units::count(usage.chunks),
        units::bytes(usage.stored_bytes),
        units::count(usage.queries),
        times.readable(usage.since)
    )?;
    if usage.queries == 0 {
        writeln!(out, "Queries are counted by a server, since it was started.\n")?;
    }
    let mut indexes =
        Table::new(["index", "bytes", "share", "chunks pruned", "groups pruned", "chunks answered"], color());
    for i in &usage.indexes {
        indexes.row(index_row(i, usage.stored_bytes));
    }
    indexes.write(out)?;
    writeln!(out)?;
    let head = [
        "field",
        "bytes",
        "share",
        "encodings",
        "distinct",
        "listed",
        "in footers",
        "queries",
        "chunks pruned",
        "groups pruned",
    ];
    let mut fields = Table::new(head, color());
    for f in &usage.fields {
        fields.row(field_row(f, usage.stored_bytes));
    }
    fields.write(out)
}

fn index_row(i: &IndexUsage, all: u64) -> Vec<Cell> {
    vec![
        Cell::from(escaped(i.name.as_bytes())),
        Cell::bytes(i.stored_bytes),
        Cell::right(percent(i.stored_bytes, all)),
        Cell::count(i.chunks_pruned),
        Cell::count(i.row_groups_pruned),
        Cell::count(i.chunks_answered),
    ]
}

fn field_row(f: &FieldUsage, all: u64) -> Vec<Cell> {
    let name = if f.name.is_empty() { "(text)".to_owned() } else { escaped(f.name.as_bytes()) };
    let encodings: Vec<&str> = f.encodings.iter().map(|(e, _)| e.as_str()).collect();
    let listed =
        if f.in_chunks == 0 { "-".to_owned() } else { format!("{}/{}", f.listed_in_chunks, f.in_chunks) };
    vec![
        Cell::from(name),
        Cell::bytes(f.stored_bytes),
        Cell::right(percent(f.stored_bytes, all)),
        Cell::from(encodings.join(", ")),
        f.distinct.map_or_else(|| Cell::right("-".to_owned()), Cell::count),
        Cell::right(listed),
        Cell::bytes(f.footer_bytes),
        Cell::count(f.queries),
        Cell::count(f.chunks_pruned),
        Cell::count(f.row_groups_pruned),
    ]
}

fn usage_json(usage: &StoreUsage, times: &Times) -> Value {
    let field = |f: &FieldUsage| {
        let encodings: Vec<Value> =
            f.encodings.iter().map(|(name, n)| json!({"name": name, "count": n})).collect();
        json!({
            "name": f.name, "values": f.values, "raw_bytes": f.raw_bytes, "stored_bytes": f.stored_bytes,
            "encodings": encodings, "distinct": f.distinct, "listed_in_chunks": f.listed_in_chunks,
            "in_chunks": f.in_chunks, "footer_bytes": f.footer_bytes, "queries": f.queries,
            "chunks_pruned": f.chunks_pruned, "row_groups_pruned": f.row_groups_pruned,
        })
    };
    let index = |i: &IndexUsage| {
        json!({
            "name": i.name, "stored_bytes": i.stored_bytes, "chunks_pruned": i.chunks_pruned,
            "row_groups_pruned": i.row_groups_pruned, "chunks_answered": i.chunks_answered,
        })
    };
    json!({
        "chunks": usage.chunks, "stored_bytes": usage.stored_bytes, "since": times.rfc3339(usage.since),
        "queries": usage.queries, "indexes": usage.indexes.iter().map(index).collect::<Vec<_>>(),
        "fields": usage.fields.iter().map(field).collect::<Vec<_>>(),
    })
}
