//! `gastrolog fields` and `values`: what there is to ask for.

use std::io::Write;

use gastrolog_engine::{Access, Cancel, FieldInfo, ValuesRequest};
use serde_json::json;

use super::list::color;
use super::{base, limited, whole};
use crate::cli::{FieldsArgs, ListForm, PlaceArgs, ValuesArgs};
use crate::failure::{Outcome, note};
use crate::output::{self, Cell, Table, escaped};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

pub(crate) fn fields(place: &PlaceArgs, args: FieldsArgs) -> anyhow::Result<Outcome> {
    let request = limited(base(place, args.words.text(), &args.with, &args.zone)?, &args.limits);
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let list = reached.service.fields(&request, &Cancel::default())?;
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => list.fields.iter().try_for_each(|f| {
            let field = json!({
                "name": f.name, "values": f.values, "kind": f.kind, "distinct": f.distinct,
                "distinct_at_least": f.distinct_at_least,
            });
            writeln!(out, "{field}")
        })?,
        ListForm::Table => {
            let mut table = Table::new(["field", "values", "distinct", "kind"], color());
            for f in &list.fields {
                table.row(vec![
                    Cell::from(escaped(f.name.as_bytes())),
                    Cell::count(f.values),
                    Cell::right(distinct(f)),
                    Cell::from(escaped(f.kind.as_bytes())),
                ]);
            }
            table.write(&mut out)?;
        }
    }
    out.flush()?;
    list.notes.iter().for_each(|line| note(line));
    whole("the list", &list.damage)?;
    Ok(Outcome::of(!list.fields.is_empty()))
}

/// As many as there are, or at least so many.
fn distinct(field: &FieldInfo) -> String {
    match field.distinct {
        Some(0) | None => String::new(),
        Some(n) if field.distinct_at_least => format!("≥ {}", units::count(n)),
        Some(n) => units::count(n),
    }
}

pub(crate) fn values(place: &PlaceArgs, args: ValuesArgs) -> anyhow::Result<Outcome> {
    let request = ValuesRequest {
        store: place.name.clone().unwrap_or_default(),
        field: args.field,
        prefix: args.prefix,
        limit: Some(args.limit),
    };
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let list = reached.service.values(&request)?;
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => list.values.iter().try_for_each(|(value, count)| {
            let value = String::from_utf8_lossy(value);
            writeln!(out, "{}", json!({"value": value, "count": count, "exact": list.exact}))
        })?,
        ListForm::Table => {
            let mut table = Table::new(["value", "count"], color());
            for (value, count) in &list.values {
                let least = if list.exact { "" } else { "≥ " };
                let count = Cell::right(format!("{least}{}", units::count(*count)));
                table.row(vec![Cell::from(escaped(value)), count]);
            }
            table.write(&mut out)?;
        }
    }
    out.flush()?;
    if !list.exact {
        note(&format!(
            "some chunks have too many values to list them: `| stats count() by {}` counts all",
            request.field
        ));
    }
    whole("the list", &list.damage)?;
    Ok(Outcome::of(!list.values.is_empty()))
}
