//! `gastrolog routes`: which records go to which stores, and what each rule has taken.

use std::io::Write;

use gastrolog_engine::Access;
use serde_json::json;

use super::list::color;
use crate::cli::{ListArgs, ListForm, PlaceArgs};
use crate::failure::Outcome;
use crate::output::{self, Cell, Table, escaped};
use crate::place::reach;
use crate::serve::config::Config;

pub(crate) fn run(place: &PlaceArgs, args: &ListArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let routes = reached.service.routes()?;
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => routes.iter().try_for_each(|r| {
            let (name, when, stores) = (&r.name, &r.when, &r.stores);
            let line =
                json!({"name": name, "when": when, "stores": stores, "records": r.records, "bytes": r.bytes});
            writeln!(out, "{line}")
        })?,
        ListForm::Table => {
            let mut table = Table::new(["route", "records", "bytes", "stores", "when"], color());
            for r in &routes {
                let stores = if r.stores.is_empty() { "dropped".to_owned() } else { r.stores.join(" ") };
                table.row(vec![
                    Cell::from(escaped(r.name.as_bytes())),
                    Cell::count(r.records),
                    Cell::count(r.bytes),
                    Cell::from(escaped(stores.as_bytes())),
                    Cell::from(escaped(r.when.as_bytes())),
                ]);
            }
            table.write(&mut out)?;
        }
    }
    out.flush()?;
    Ok(Outcome::of(!routes.is_empty()))
}
